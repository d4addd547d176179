namespace OsMEN.Hosting.Monitoring;

/// <summary>A Grafana server.</summary>
public sealed class GrafanaResource(string name) : ContainerResource(name)
{
    public EndpointReference PrimaryEndpoint => new(this, "http");
}

/// <summary>Grafana as a resource.</summary>
public static class GrafanaBuilderExtensions
{
    /// <param name="builder">The application.</param>
    /// <param name="name">The name.</param>
    /// <param name="adminPassword">What its user <c>admin</c> signs in with.</param>
    /// <param name="port">The port to have on this machine.</param>
    public static IResourceBuilder<GrafanaResource> AddGrafana(
        this IDistributedApplicationBuilder builder, string name, IResourceBuilder<ParameterResource> adminPassword, int? port = null) =>
        builder.AddResource(new GrafanaResource(name))
            .WithImage("grafana/grafana", "12.1.1")
            .WithImageRegistry("docker.io")
            .WithEnvironment("GF_SECURITY_ADMIN_PASSWORD", adminPassword)
            .WithEnvironment("GF_ANALYTICS_REPORTING_ENABLED", "false")
            .WithEnvironment("GF_ANALYTICS_CHECK_FOR_UPDATES", "false")
            .WithEnvironment("GF_USERS_ALLOW_SIGN_UP", "false")
            .WithHttpEndpoint(port, targetPort: 3000)
            .WithHttpHealthCheck("/api/health");

    /// <summary>A folder with <c>datasources/</c> and <c>dashboards/</c>, which Grafana reads at its start. Variables in its files are expanded.</summary>
    public static IResourceBuilder<GrafanaResource> WithProvisioning(this IResourceBuilder<GrafanaResource> builder, string folder) =>
        builder.WithBindMount(folder, "/etc/grafana/provisioning", isReadOnly: true);

    /// <summary>A folder of dashboards, where the provisioning looks for them.</summary>
    public static IResourceBuilder<GrafanaResource> WithDashboards(this IResourceBuilder<GrafanaResource> builder, string folder) =>
        builder.WithBindMount(folder, "/var/lib/grafana/dashboards", isReadOnly: true);

    /// <summary>The address of a source of data, in the variable that the provisioning's files use.</summary>
    public static IResourceBuilder<GrafanaResource> WithDatasource(this IResourceBuilder<GrafanaResource> builder, string variable, EndpointReference endpoint) =>
        builder.WithEnvironment(variable, endpoint);

    /// <summary>Keeps users, preferences and what was changed by hand in a volume.</summary>
    public static IResourceBuilder<GrafanaResource> WithDataVolume(this IResourceBuilder<GrafanaResource> builder, string? name = null) =>
        builder.WithVolume(name ?? $"{builder.Resource.Name}-data", "/var/lib/grafana");
}
