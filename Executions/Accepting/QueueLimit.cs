using Microsoft.Extensions.Options;

namespace OsMEN.Executions;

/// <summary>
/// Bounds the queue without counting it at every accept: the depth is read again after five seconds, or sooner when enough
/// was accepted since to matter.
/// </summary>
public sealed class QueueLimit(IExecutionStore store, IOptions<ExecutionOptions> options, TimeProvider time)
{
    private static readonly TimeSpan ReadAgain = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan ReadAgainWhenFull = TimeSpan.FromMilliseconds(250);

    private readonly SemaphoreSlim _reading = new(1);
    private long _readAt = long.MinValue;
    private long _room;

    internal async ValueTask<bool> AllowsAsync(CancellationToken cancellationToken)
    {
        if (IsFresh() && Interlocked.Decrement(ref _room) >= 0)
            return true;
        await _reading.WaitAsync(cancellationToken);
        try
        {
            if (!IsFresh() || (Volatile.Read(ref _room) <= 0 && Age() > ReadAgainWhenFull))
            {
                var depth = await store.GetDepthAsync(cancellationToken);
                Interlocked.Exchange(ref _room, options.Value.MaxQueued - depth.Due - depth.Scheduled - depth.Parked);
                Volatile.Write(ref _readAt, time.GetTimestamp());
            }

            return Interlocked.Decrement(ref _room) >= 0;
        }
        finally
        {
            _reading.Release();
        }
    }

    private bool IsFresh() => Age() < ReadAgain;

    private TimeSpan Age() =>
        Volatile.Read(ref _readAt) is var at and not long.MinValue ? time.GetElapsedTime(at) : TimeSpan.MaxValue;
}
