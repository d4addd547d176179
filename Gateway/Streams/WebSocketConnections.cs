using OsMEN.ServiceDefaults.Configuration;
using OsMEN.ServiceDefaults.Metrics;

namespace OsMEN.Gateway.Streams;

/// <summary>Counts the open WebSockets, and bounds them for each key and in all.</summary>
internal sealed class WebSocketConnections
{
    /// <summary>The most that one key may have open on this gateway, 1 to 20,000, default 1,000.</summary>
    public const string Setting = "WEBSOCKETS_PER_KEY";

    private const int Max = 20_000;

    private readonly Dictionary<string, int> _byKey = new(StringComparer.Ordinal);
    private readonly Lock _lock = new();
    private int _open;
    private long _slow;

    public WebSocketConnections(IConfiguration configuration, MetricFactory metrics, ConnectionMetrics connections)
    {
        PerKey = ReadPerKey(configuration);
        metrics.ObservableGauge(MetricCatalog.WebSockets, () => [new(Open)]);
        connections.Add("websocket", () => Open);
    }

    public int PerKey { get; }

    public int Open => Volatile.Read(ref _open);

    /// <summary>How many were closed because they were read too slowly.</summary>
    public long ClosedAsSlow => Volatile.Read(ref _slow);

    /// <exception cref="ConfigurationException">It is not a number of 1 to 20,000.</exception>
    public static int ReadPerKey(IConfiguration configuration) => (int)configuration.ReadInteger(Setting, 1000, 1, Max);

    public void CountSlow() => Interlocked.Increment(ref _slow);

    /// <summary>Null when there is no room; dispose to leave.</summary>
    /// <param name="isKeysLimit">Whether it is the key that has no room.</param>
    public IDisposable? TryEnter(string keyId, out bool isKeysLimit)
    {
        lock (_lock)
        {
            var ofKey = _byKey.GetValueOrDefault(keyId);
            isKeysLimit = ofKey >= PerKey;
            if (isKeysLimit || _open >= Max)
                return null;
            _open++;
            _byKey[keyId] = ofKey + 1;
            return new Place(this, keyId);
        }
    }

    private void Leave(string keyId)
    {
        lock (_lock)
        {
            _open--;
            if (--_byKey[keyId] == 0)
                _byKey.Remove(keyId);
        }
    }

    private sealed class Place(WebSocketConnections connections, string keyId) : IDisposable
    {
        public void Dispose() => connections.Leave(keyId);
    }
}
