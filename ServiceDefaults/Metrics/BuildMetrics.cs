using System.Diagnostics.Metrics;
using OsMEN.ServiceDefaults.Health;

namespace OsMEN.ServiceDefaults.Metrics;

/// <summary>What runs, as a metric to join with, and the memory that it may have.</summary>
internal sealed class BuildMetrics
{
    public BuildMetrics(MetricFactory metrics, ServiceIdentity service)
    {
        Measurement<double>[] one = [new(1, new("version", service.Version), new("commit", service.Commit), new("service", service.Name))];
        metrics.ObservableGauge(MetricCatalog.BuildInfo, () => one);
        metrics.ObservableGauge(MetricCatalog.MemoryLimit, () => [new(MemoryLimit.Bytes())]);
    }
}
