namespace OsMEN.Hosting.Monitoring;

/// <summary>A Prometheus server.</summary>
public sealed class PrometheusResource(string name) : ContainerResource(name)
{
    /// <summary>Its API, its pages, and where Grafana asks.</summary>
    public EndpointReference PrimaryEndpoint => new(this, "http");
}

/// <summary>Prometheus as a resource.</summary>
public static class PrometheusBuilderExtensions
{
    // Prometheus expands no variables in its configuration, and where the services are is known when they run. So what
    // starts it writes each address, given as services__name__http__0 and so on, into a file that the configuration names.
    // The image has a shell, and /tmp is all it may write.
    private const string Start =
        "mkdir -p /tmp/targets; rm -f /tmp/targets/*; printf %s \"$METRICS_SCRAPE_TOKEN\" > /tmp/scrape-token; "
        + "env | sed -n 's|^services__\\(.*\\)__http__\\([0-9]*\\)=http://\\(.*\\)$|\\1-\\2 \\3|p' | while read -r name address; do echo \"- targets: [$address]\" > \"/tmp/targets/$name.yaml\"; done; "
        + "exec /bin/prometheus --config.file=/etc/prometheus/prometheus.yml --storage.tsdb.path=/prometheus "
        + "--storage.tsdb.retention.time=15d --enable-feature=exemplar-storage";

    /// <param name="builder">The application.</param>
    /// <param name="name">The name.</param>
    /// <param name="port">The port to have on this machine.</param>
    public static IResourceBuilder<PrometheusResource> AddPrometheus(this IDistributedApplicationBuilder builder, string name, int? port = null) =>
        builder.AddResource(new PrometheusResource(name))
            .WithImage("prom/prometheus", "v3.5.0")
            .WithImageRegistry("docker.io")
            .WithEntrypoint("/bin/sh")
            .WithArgs("-c", Start)
            .WithHttpEndpoint(port, targetPort: 9090)
            .WithHttpHealthCheck("/-/ready");

    /// <summary>The configuration: a folder with <c>prometheus.yml</c> and what it names.</summary>
    public static IResourceBuilder<PrometheusResource> WithConfiguration(this IResourceBuilder<PrometheusResource> builder, string folder) =>
        builder.WithBindMount(folder, "/etc/prometheus", isReadOnly: true);

    /// <summary>Keeps the series in a volume.</summary>
    public static IResourceBuilder<PrometheusResource> WithDataVolume(this IResourceBuilder<PrometheusResource> builder, string? name = null) =>
        builder.WithVolume(name ?? $"{builder.Resource.Name}-data", "/prometheus");

    /// <summary>
    /// Scrapes a project that runs on this machine: the address of each replica becomes a file <c>/tmp/targets/name-0.yaml</c>, for a
    /// <c>file_sd_configs</c> of the configuration. Where the application is published, a project is found by its name in DNS
    /// instead, which gives every replica.
    /// </summary>
    public static IResourceBuilder<PrometheusResource> WithScrapeTarget(this IResourceBuilder<PrometheusResource> builder, IResourceBuilder<ProjectResource> project) =>
        builder.ApplicationBuilder.ExecutionContext.IsRunMode ? builder.WithReference(project) : builder;

    /// <summary>What Prometheus shows to be let in, in the file <c>/tmp/scrape-token</c> for the configuration's <c>credentials_file</c>.</summary>
    public static IResourceBuilder<PrometheusResource> WithScrapeToken(this IResourceBuilder<PrometheusResource> builder, IResourceBuilder<ParameterResource> token) =>
        builder.WithEnvironment("METRICS_SCRAPE_TOKEN", token);
}
