using System.Diagnostics.Metrics;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using OsMEN.ServiceDefaults.Metrics;

namespace OsMEN.ServiceDefaults.Health;

/// <summary>Health as metrics.</summary>
internal sealed class HealthMetrics(MetricFactory metrics)
{
    private readonly Histogram<double> _duration = metrics.Histogram(MetricCatalog.HealthCheckDuration);

    public void Observe(HealthMonitor monitor)
    {
        metrics.ObservableGauge(MetricCatalog.SystemHealthStatus, () => [new(ValueOf(monitor.Overall))]);
        metrics.ObservableGauge(MetricCatalog.ComponentHealthStatus,
            () => monitor.Components.Values.Select(c => new Measurement<double>(ValueOf(c.Status), new KeyValuePair<string, object?>("component", c.Name))));
    }

    public void Checked(string component, TimeSpan duration) => _duration.Record(duration.TotalSeconds, new KeyValuePair<string, object?>("component", component));

    private static double ValueOf(HealthStatus status) => (double)status;
}
