namespace OsMEN.ServiceDefaults.Metrics;

/// <summary>Every metric of ours, declared once: instruments, documentation and tests derive from it. This part: what every service has.</summary>
public static partial class MetricCatalog
{
    private static readonly double[] RequestSeconds = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60];
    private static readonly double[] CheckSeconds = [0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 2.5, 5, 10];

    public static MetricDefinition BuildInfo { get; } = new("build_info", MetricKind.Gauge, "", "1, labelled with what runs.", "version", "commit", "service");

    public static MetricDefinition ComponentHealthStatus { get; } = new("component_health_status", MetricKind.Gauge, "", "A component's health: 0 unhealthy, 1 degraded, 2 healthy.", "component");

    public static MetricDefinition Errors { get; } = new("errors_total", MetricKind.Counter, "{error}", "Errors by type and by the component that met them.", "error_type", "component");

    public static MetricDefinition HealthCheckDuration { get; } = new("health_check_duration_seconds", MetricKind.Histogram, "s", "Duration of health checks.", "component") { Buckets = CheckSeconds };

    public static MetricDefinition RequestDuration { get; } = new("request_duration_seconds", MetricKind.Histogram, "s", "Duration of HTTP requests.", "method", "endpoint", "status_code") { Buckets = RequestSeconds };

    public static MetricDefinition Requests { get; } = new("requests_total", MetricKind.Counter, "{request}", "HTTP requests answered.", "method", "endpoint", "status_code");

    public static MetricDefinition RequestsInProgress { get; } = new("requests_in_progress", MetricKind.Gauge, "{request}", "HTTP requests being answered.", "method", "endpoint");

    public static MetricDefinition SystemHealthStatus { get; } = new("system_health_status", MetricKind.Gauge, "", "The service's health: 0 unhealthy, 1 degraded, 2 healthy.");

    /// <summary>All of them, by name.</summary>
    public static IReadOnlyList<MetricDefinition> All =>
    [
        .. typeof(MetricCatalog).GetProperties().Where(p => p.PropertyType == typeof(MetricDefinition))
            .Select(p => (MetricDefinition)p.GetValue(null)!).OrderBy(m => m.Family, StringComparer.Ordinal),
    ];
}
