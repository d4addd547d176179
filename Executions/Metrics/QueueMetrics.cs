using System.Diagnostics.Metrics;
using System.Globalization;
using OsMEN.ServiceDefaults.Metrics;

namespace OsMEN.Executions.Metrics;

/// <summary>The queue as the last look of its health check found it: a scrape asks no database.</summary>
public sealed class QueueMetrics
{
    private static readonly KeyValuePair<string, object?>[] Priorities =
        [.. Enumerable.Range(0, 10).Select(p => new KeyValuePair<string, object?>("priority", p.ToString(CultureInfo.InvariantCulture)))];

    private static readonly KeyValuePair<string, object?>[] Kinds = [.. Enum.GetValues<ExecutionKind>().Select(k => new KeyValuePair<string, object?>("kind", k.ToWire()))];

    private volatile QueueDepth? _latest;

    public QueueMetrics(MetricFactory metrics)
    {
        ArgumentNullException.ThrowIfNull(metrics);
        metrics.ObservableGauge(MetricCatalog.QueueSize, () => _latest is { } depth ? depth.DueByPriority.Select((due, i) => new Measurement<double>(due, Priorities[i])) : []);
        metrics.ObservableGauge(MetricCatalog.QueueOldest, () => _latest is { } depth ? [new(depth.OldestDue.TotalSeconds)] : []);
        metrics.ObservableGauge(MetricCatalog.Scheduled, () => _latest is { } depth ? depth.ScheduledByKind.Select((count, kind) => new Measurement<double>(count, Kinds[kind])) : []);
    }

    /// <summary>Null before the first look.</summary>
    public QueueDepth? Latest => _latest;

    /// <summary>Takes what a look found.</summary>
    public void Found(QueueDepth depth) => _latest = depth;
}
