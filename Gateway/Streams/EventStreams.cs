using OsMEN.ServiceDefaults.Metrics;

namespace OsMEN.Gateway.Streams;

/// <summary>Counts the open streams of server-sent events.</summary>
internal sealed class EventStreams
{
    private int _open;

    public EventStreams(ConnectionMetrics connections) => connections.Add("sse", () => Volatile.Read(ref _open));

    /// <summary>Dispose to leave.</summary>
    public IDisposable Enter()
    {
        Interlocked.Increment(ref _open);
        return new Place(this);
    }

    private sealed class Place(EventStreams streams) : IDisposable
    {
        public void Dispose() => Interlocked.Decrement(ref streams._open);
    }
}
