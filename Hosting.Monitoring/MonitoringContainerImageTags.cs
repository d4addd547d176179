namespace OsMEN.Hosting.Monitoring;

/// <summary>The container image of each server. Raising a version is a change of this file.</summary>
internal static class MonitoringContainerImageTags
{
    /// <summary><c>docker.io</c></summary>
    public const string PrometheusRegistry = "docker.io";

    /// <summary><c>prom/prometheus</c></summary>
    public const string PrometheusImage = "prom/prometheus";

    /// <summary><c>v3.5.0</c></summary>
    public const string PrometheusTag = "v3.5.0";

    /// <summary><c>docker.io</c></summary>
    public const string AlertmanagerRegistry = "docker.io";

    /// <summary><c>prom/alertmanager</c></summary>
    public const string AlertmanagerImage = "prom/alertmanager";

    /// <summary><c>v0.28.1</c></summary>
    public const string AlertmanagerTag = "v0.28.1";

    /// <summary><c>docker.io</c></summary>
    public const string GrafanaRegistry = "docker.io";

    /// <summary><c>grafana/grafana</c></summary>
    public const string GrafanaImage = "grafana/grafana";

    /// <summary><c>12.1.1</c></summary>
    public const string GrafanaTag = "12.1.1";

    /// <summary><c>docker.io</c></summary>
    public const string LokiRegistry = "docker.io";

    /// <summary><c>grafana/loki</c></summary>
    public const string LokiImage = "grafana/loki";

    /// <summary><c>3.5.3</c></summary>
    public const string LokiTag = "3.5.3";

    /// <summary><c>docker.io</c></summary>
    public const string JaegerRegistry = "docker.io";

    /// <summary><c>jaegertracing/jaeger</c></summary>
    public const string JaegerImage = "jaegertracing/jaeger";

    /// <summary><c>2.9.0</c></summary>
    public const string JaegerTag = "2.9.0";
}
