using System.Collections.Frozen;
using System.Diagnostics.Metrics;
using OsMEN.ServiceDefaults.Metrics;

namespace OsMEN.Executions.Metrics;

/// <summary>Messages by type: signals that came over Redis, and frames from and to WebSocket clients. What is none of the protocol's types is <c>invalid</c>.</summary>
public sealed class MessageMetrics
{
    private const string Invalid = "invalid";

    private static readonly FrozenSet<string>.AlternateLookup<ReadOnlySpan<char>> Types =
        new[] { "wake", "cancel", "keys", "live", "subscribe", "unsubscribe", "ping", "log", "status", "metrics", "output", "gap", "error", "subscribed", "unsubscribed", "pong" }
            .ToFrozenSet(StringComparer.Ordinal).GetAlternateLookup<ReadOnlySpan<char>>();

    private readonly Counter<long> _count;
    private readonly Histogram<double> _size;
    private readonly Histogram<double> _duration;

    public MessageMetrics(MetricFactory metrics)
    {
        ArgumentNullException.ThrowIfNull(metrics);
        _count = metrics.Counter(MetricCatalog.Messages);
        _size = metrics.Histogram(MetricCatalog.MessageSize);
        _duration = metrics.Histogram(MetricCatalog.MessageProcessing);
    }

    /// <summary>Counts one message that was handled or sent.</summary>
    /// <param name="refused">It was an error, or was answered by one.</param>
    public void Count(ReadOnlySpan<char> type, bool refused, long bytes, TimeSpan duration)
    {
        KeyValuePair<string, object?> ofType = new("type", Types.TryGetValue(type, out var known) ? known : Invalid), status = new("status", refused ? "error" : "ok");
        _count.Add(1, ofType, status);
        _size.Record(bytes, ofType, status);
        _duration.Record(duration.TotalSeconds, ofType, status);
    }
}
