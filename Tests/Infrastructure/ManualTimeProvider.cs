namespace OsMEN.Tests.Infrastructure;

/// <summary>A clock that moves when told to. Its timers fire inside <see cref="Advance"/>, in their order.</summary>
internal sealed class ManualTimeProvider : TimeProvider
{
    private readonly Lock _lock = new();
    private readonly List<ManualTimer> _timers = [];
    private DateTimeOffset _now = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);
    private TaskCompletionSource _changed = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public override long TimestampFrequency => TimeSpan.TicksPerSecond;

    public override DateTimeOffset GetUtcNow()
    {
        lock (_lock)
            return _now;
    }

    public override long GetTimestamp() => GetUtcNow().UtcTicks;

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        var timer = new ManualTimer(this, () => callback(state));
        timer.Change(dueTime, period);
        return timer;
    }

    public void Advance(TimeSpan by)
    {
        var until = GetUtcNow() + by;
        while (Next(until) is { } due)
            due.Fire();
        lock (_lock)
            _now = until;
    }

    /// <summary>Returns once somebody waits for a timer that fires in exactly that time: then advancing has an effect.</summary>
    public Task WaitForTimerOfAsync(TimeSpan due, CancellationToken cancellationToken) => WaitAsync(d => d == due, cancellationToken);

    /// <summary>
    /// Waits for a timer that fires within that time, and moves on to it and no further: what begins by its firing waits anew.
    /// </summary>
    public async Task AdvanceToTimerWithinAsync(TimeSpan within, CancellationToken cancellationToken)
    {
        await WaitAsync(d => d <= within, cancellationToken);
        TimeSpan due;
        lock (_lock)
            due = _timers.Min(t => t.Due) - _now;
        Advance(due);
    }

    private async Task WaitAsync(Func<TimeSpan, bool> wanted, CancellationToken cancellationToken)
    {
        while (true)
        {
            Task changed;
            lock (_lock)
            {
                if (_timers.Exists(t => wanted(t.Due - _now)))
                    return;
                changed = _changed.Task;
            }

            await changed.WaitAsync(TimeSpan.FromMinutes(1), cancellationToken);
        }
    }

    private ManualTimer? Next(DateTimeOffset until)
    {
        lock (_lock)
        {
            var next = _timers.Where(t => t.Due <= until).MinBy(t => t.Due);
            if (next is not null && next.Due > _now)
                _now = next.Due;
            return next;
        }
    }

    private sealed class ManualTimer(ManualTimeProvider clock, Action callback) : ITimer
    {
        private TimeSpan _period;
        private bool _disposed;

        public DateTimeOffset Due { get; private set; }

        public void Fire()
        {
            Change(_period, _period);
            callback();
        }

        public bool Change(TimeSpan dueTime, TimeSpan period)
        {
            lock (clock._lock)
            {
                clock._timers.Remove(this);
                _period = period > TimeSpan.Zero ? period : Timeout.InfiniteTimeSpan;
                // One that is disposed of while it fires must not come back.
                if (_disposed || dueTime == Timeout.InfiniteTimeSpan)
                    return !_disposed;
                Due = clock._now + dueTime;
                clock._timers.Add(this);
                clock._changed.TrySetResult();
                clock._changed = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            }

            return true;
        }

        public void Dispose()
        {
            lock (clock._lock)
            {
                _disposed = true;
                clock._timers.Remove(this);
            }
        }

        public ValueTask DisposeAsync()
        {
            Dispose();
            return default;
        }
    }
}
