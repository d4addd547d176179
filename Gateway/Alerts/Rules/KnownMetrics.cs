using OsMEN.ServiceDefaults.Metrics;

namespace OsMEN.Gateway.Alerts.Rules;

/// <summary>A metric that rules may use.</summary>
/// <param name="Name">Without prefix where it is ours.</param>
/// <param name="Labels">Its own; whoever collects it adds <c>job</c> and <c>instance</c>.</param>
/// <param name="IsOurs">Whether it has the prefix.</param>
internal sealed record KnownMetric(string Name, MetricKind Kind, IReadOnlyList<string> Labels, bool IsOurs)
{
    /// <summary>Which process of which service a series is from: what every collector adds.</summary>
    public static readonly IReadOnlyList<string> OriginLabels = ["job", "instance"];

    public bool HasLabel(string label) => Labels.Contains(label, StringComparer.Ordinal) || OriginLabels.Contains(label, StringComparer.Ordinal);
}

/// <summary>The catalogue's metrics, and those of others that the file declares.</summary>
internal sealed class KnownMetrics
{
    private readonly Dictionary<string, KnownMetric> _metrics =
        MetricCatalog.All.ToDictionary(m => m.Family, m => new KnownMetric(m.Family, m.Kind, m.Labels, IsOurs: true), StringComparer.Ordinal);

    public bool TryAdd(KnownMetric metric) => _metrics.TryAdd(metric.Name, metric);

    public KnownMetric? Find(string name) => _metrics.GetValueOrDefault(name);
}
