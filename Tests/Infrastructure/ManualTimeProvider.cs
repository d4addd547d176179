using Microsoft.Extensions.Time.Testing;

namespace OsMEN.Tests.Infrastructure;

/// <summary>
/// A <see cref="FakeTimeProvider"/> that shows each timer the time at which it is due, and on which a test can wait until somebody waits for a
/// timer. Starts at the beginning of 2026.
/// </summary>
internal sealed class ManualTimeProvider() : FakeTimeProvider(new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero))
{
    private readonly Lock _lock = new();
    private readonly Dictionary<ITimer, DateTimeOffset> _due = [];
    private TaskCompletionSource _changed = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        var timer = new WatchedTimer(this, callback, state);
        timer.Change(dueTime, period);
        return timer;
    }

    /// <summary>Moves the clock on, from timer to timer: each fires at the time for which it was set.</summary>
    public new void Advance(TimeSpan by)
    {
        var until = GetUtcNow() + by;
        while (Next() is { } next && next <= until)
            SetUtcNow(next);
        SetUtcNow(until);
    }

    /// <summary>Returns once somebody waits for a timer that fires in exactly that time: then advancing has an effect.</summary>
    public Task WaitForTimerOfAsync(TimeSpan due, CancellationToken cancellationToken) => WaitAsync(d => d == due, cancellationToken);

    /// <summary>Waits for a timer that fires within that time, and advances exactly to it, so that the timers which it starts can be waited for.</summary>
    public async Task AdvanceToTimerWithinAsync(TimeSpan within, CancellationToken cancellationToken)
    {
        await WaitAsync(d => d <= within, cancellationToken);
        if (Next() is { } next)
            SetUtcNow(next);
    }

    private async Task WaitAsync(Func<TimeSpan, bool> wanted, CancellationToken cancellationToken)
    {
        while (true)
        {
            Task changed;
            lock (_lock)
            {
                var now = GetUtcNow();
                if (_due.Values.Any(d => d > now && wanted(d - now)))
                    return;
                changed = _changed.Task;
            }

            await changed.WaitAsync(TimeSpan.FromMinutes(1), cancellationToken);
        }
    }

    // A timer that is due now is being fired, by whoever moved the clock.
    private DateTimeOffset? Next()
    {
        lock (_lock)
            return _due.Values.Where(d => d > GetUtcNow()).Select(d => (DateTimeOffset?)d).Min();
    }

    private void Set(ITimer timer, TimeSpan dueTime)
    {
        lock (_lock)
        {
            if (dueTime < TimeSpan.Zero)
            {
                _due.Remove(timer);
                return;
            }

            _due[timer] = GetUtcNow() + dueTime;
            _changed.TrySetResult();
            _changed = new(TaskCreationOptions.RunContinuationsAsynchronously);
        }
    }

    private sealed class WatchedTimer : ITimer
    {
        private readonly ManualTimeProvider _clock;
        private readonly ITimer _timer;
        private TimeSpan _period;

        public WatchedTimer(ManualTimeProvider clock, TimerCallback callback, object? state)
        {
            _clock = clock;
            _timer = clock.CreateBaseTimer(_ =>
            {
                _clock.Set(this, _period > TimeSpan.Zero ? _period : Timeout.InfiniteTimeSpan);
                callback(state);
            });
        }

        public bool Change(TimeSpan dueTime, TimeSpan period)
        {
            _period = period;
            if (!_timer.Change(dueTime, period))
                return false;

            // One that is due at once has fired in Change.
            if (dueTime != TimeSpan.Zero)
                _clock.Set(this, dueTime);
            return true;
        }

        public void Dispose()
        {
            _timer.Dispose();
            _clock.Set(this, Timeout.InfiniteTimeSpan);
        }

        public ValueTask DisposeAsync()
        {
            Dispose();
            return default;
        }
    }

    private ITimer CreateBaseTimer(TimerCallback callback) => base.CreateTimer(callback, null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
}
