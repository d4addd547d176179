using System.Diagnostics.Metrics;
using OsMEN.ServiceDefaults.Metrics;

namespace OsMEN.Executions.Retention;

/// <summary>What retention removed and how long it took, and what the database holds as the last look found it.</summary>
internal sealed class RetentionMetrics
{
    private readonly Counter<long> _removed;
    private readonly Histogram<double> _duration;
    private readonly TimeProvider _time;
    private volatile IReadOnlyList<StoredData> _stored = [];

    public RetentionMetrics(MetricFactory metrics, TimeProvider time)
    {
        ArgumentNullException.ThrowIfNull(metrics);
        _time = time;
        _removed = metrics.Counter(MetricCatalog.RetentionRemoved);
        _duration = metrics.Histogram(MetricCatalog.RetentionDuration);
        metrics.ObservableGauge(MetricCatalog.StorageBytes, () => _stored.Where(s => s.Bytes is not null).Select(s => new Measurement<double>(s.Bytes!.Value, What(s.What))));
        metrics.ObservableGauge(MetricCatalog.StorageOldest, () => _stored
            .Select(s => new Measurement<double>(s.Oldest is { } oldest ? Math.Max(0, (_time.GetUtcNow() - oldest).TotalSeconds) : 0, What(s.What))));
        foreach (var kind in RetentionLimit.All(new RetentionOptions()))
            _removed.Add(0, What(kind.What));
    }

    public void Removed(string what, long rows) => _removed.Add(rows, What(what));

    public void Passed(TimeSpan duration) => _duration.Record(duration.TotalSeconds);

    public void Found(IReadOnlyList<StoredData> stored) => _stored = stored;

    private static KeyValuePair<string, object?> What(string kind) => new("what", kind);
}
