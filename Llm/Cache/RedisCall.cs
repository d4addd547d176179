using StackExchange.Redis;

namespace OsMEN.Llm.Cache;

/// <summary>
/// Bounds calls to Redis, which only makes things faster: a server that hangs keeps its connections open, so without a bound its callers would
/// hang with it.
/// </summary>
public static class RedisCall
{
    /// <summary>How long any call may take. The client's own time limits, which a connection string may raise, are checked once a second only.</summary>
    public static readonly TimeSpan Limit = TimeSpan.FromSeconds(1);

    /// <summary>Waits for the call, at most <see cref="Limit"/>.</summary>
    /// <exception cref="TimeoutException">Redis did not answer in time; it may do what was asked later.</exception>
    public static Task WithinLimitAsync(this Task call)
    {
        ArgumentNullException.ThrowIfNull(call);
        return call.WaitAsync(Limit);
    }

    /// <inheritdoc cref="WithinLimitAsync(Task)"/>
    public static Task<T> WithinLimitAsync<T>(this Task<T> call)
    {
        ArgumentNullException.ThrowIfNull(call);
        return call.WaitAsync(Limit);
    }

    /// <summary>Whether the error means that Redis is down, hangs, refuses the command, or that the client has been closed.</summary>
    public static bool Failed(Exception error) => error is RedisException or RedisCommandException or TimeoutException or ObjectDisposedException;
}
