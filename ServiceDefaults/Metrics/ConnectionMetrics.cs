using System.Collections.Immutable;
using System.Diagnostics.Metrics;

namespace OsMEN.ServiceDefaults.Metrics;

/// <summary>Open connections of each kind, in <c>active_connections</c>.</summary>
public sealed class ConnectionMetrics
{
    private ImmutableArray<(KeyValuePair<string, object?> Type, Func<int> Count)> _kinds = [];

    public ConnectionMetrics(MetricFactory metrics)
    {
        ArgumentNullException.ThrowIfNull(metrics);
        metrics.ObservableGauge(MetricCatalog.Connections, () => _kinds.Select(k => new Measurement<double>(k.Count(), k.Type)));
    }

    /// <summary>Adds a kind; <paramref name="count"/> must not block.</summary>
    public void Add(string type, Func<int> count) => ImmutableInterlocked.Update(ref _kinds, kinds => kinds.Add((new("type", type), count)));
}
