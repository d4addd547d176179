using Aspire.Hosting.ApplicationModel;
using OsMEN.Hosting.Monitoring;

namespace Aspire.Hosting;

/// <summary>Provides extension methods for adding Grafana to the application model.</summary>
public static class GrafanaBuilderExtensions
{
    private const string ProvisioningFolder = "/etc/grafana/provisioning";
    private const string DashboardsFolder = "/var/lib/grafana/dashboards";
    private const string DataFolder = "/var/lib/grafana";

    private static readonly string[] s_databaseProperties = ["Host", "Port", "Username", "Password", "DatabaseName"];

    /// <summary>Adds a container that runs Grafana.</summary>
    /// <remarks>
    /// This version defaults to the <inheritdoc cref="MonitoringContainerImageTags.GrafanaTag"/> tag of the
    /// <inheritdoc cref="MonitoringContainerImageTags.GrafanaImage"/> container image. Usage reports, update checks and sign-up are off.
    /// </remarks>
    /// <param name="builder">The <see cref="IDistributedApplicationBuilder"/>.</param>
    /// <param name="name">The name of the resource.</param>
    /// <param name="adminPassword">The password of the user <c>admin</c>. Grafana keeps the one that it was first started with.</param>
    /// <param name="port">The host port of the web pages and the API. A free one by default.</param>
    /// <returns>The <see cref="IResourceBuilder{T}"/>.</returns>
    public static IResourceBuilder<GrafanaResource> AddGrafana(
        this IDistributedApplicationBuilder builder,
        [ResourceName] string name,
        IResourceBuilder<ParameterResource> adminPassword,
        int? port = null)
    {
        ArgumentNullException.ThrowIfNull(builder);
        ArgumentException.ThrowIfNullOrEmpty(name);
        ArgumentNullException.ThrowIfNull(adminPassword);

        return builder.AddResource(new GrafanaResource(name, adminPassword.Resource))
            .WithImage(MonitoringContainerImageTags.GrafanaImage, MonitoringContainerImageTags.GrafanaTag)
            .WithImageRegistry(MonitoringContainerImageTags.GrafanaRegistry)
            .WithEnvironment("GF_SECURITY_ADMIN_PASSWORD", adminPassword)
            .WithEnvironment("GF_ANALYTICS_REPORTING_ENABLED", "false")
            .WithEnvironment("GF_ANALYTICS_CHECK_FOR_UPDATES", "false")
            .WithEnvironment("GF_USERS_ALLOW_SIGN_UP", "false")
            .WithHttpEndpoint(port, targetPort: 3000, name: GrafanaResource.PrimaryEndpointName)
            .WithHttpHealthCheck("/api/health")
            .WithIconName("ChartMultiple")
            .WithUrlForEndpoint(GrafanaResource.PrimaryEndpointName, url => url.DisplayText = "Grafana")
            .WithUrlForEndpoint(GrafanaResource.PrimaryEndpointName, _ => new() { Url = "/dashboards", DisplayText = "Boards" });
    }

    /// <summary>
    /// Mounts a folder with <c>datasources/</c> and <c>dashboards/</c>, which Grafana reads at its start. It expands variables in these files.
    /// </summary>
    /// <param name="builder">The resource builder.</param>
    /// <param name="folder">The folder, relative to the AppHost's folder.</param>
    /// <returns>The <see cref="IResourceBuilder{T}"/>.</returns>
    public static IResourceBuilder<GrafanaResource> WithProvisioning(this IResourceBuilder<GrafanaResource> builder, string folder)
    {
        ArgumentNullException.ThrowIfNull(builder);
        ArgumentException.ThrowIfNullOrEmpty(folder);
        return builder.WithBindMount(folder, ProvisioningFolder, isReadOnly: true);
    }

    /// <summary>
    /// Mounts a folder of dashboards at <c>/var/lib/grafana/dashboards</c>, for a provider in the provisioning's <c>dashboards/</c> to load.
    /// </summary>
    /// <param name="builder">The resource builder.</param>
    /// <param name="folder">The folder of JSON files, relative to the AppHost's folder.</param>
    /// <returns>The <see cref="IResourceBuilder{T}"/>.</returns>
    public static IResourceBuilder<GrafanaResource> WithDashboards(this IResourceBuilder<GrafanaResource> builder, string folder)
    {
        ArgumentNullException.ThrowIfNull(builder);
        ArgumentException.ThrowIfNullOrEmpty(folder);
        return builder.WithBindMount(folder, DashboardsFolder, isReadOnly: true);
    }

    /// <summary>Sets the variable by which the provisioning's <c>datasources/</c> name the URL of a data source.</summary>
    /// <param name="builder">The resource builder.</param>
    /// <param name="variable">The name of the variable, such as <c>PROMETHEUS_URL</c>.</param>
    /// <param name="endpoint">The endpoint of the data source.</param>
    /// <returns>The <see cref="IResourceBuilder{T}"/>.</returns>
    public static IResourceBuilder<GrafanaResource> WithDatasource(
        this IResourceBuilder<GrafanaResource> builder, string variable, EndpointReference endpoint)
    {
        ArgumentNullException.ThrowIfNull(builder);
        ArgumentException.ThrowIfNullOrEmpty(variable);
        ArgumentNullException.ThrowIfNull(endpoint);
        return builder.WithEnvironment(variable, endpoint);
    }

    /// <summary>
    /// Sets the variables by which the provisioning's <c>datasources/</c> name a PostgreSQL database: <c>POSTGRES_HOST</c>,
    /// <c>POSTGRES_PORT</c>, <c>POSTGRES_USERNAME</c>, <c>POSTGRES_PASSWORD</c> and <c>POSTGRES_DATABASENAME</c>.
    /// </summary>
    /// <param name="builder">The resource builder.</param>
    /// <param name="database">
    /// The database, such as one of <c>AddPostgres(…).AddDatabase(…)</c>, with the connection properties <c>Host</c>, <c>Port</c>,
    /// <c>Username</c>, <c>Password</c> and <c>DatabaseName</c>.
    /// </param>
    /// <returns>The <see cref="IResourceBuilder{T}"/>.</returns>
    /// <exception cref="DistributedApplicationException">The database lacks one of the properties.</exception>
    public static IResourceBuilder<GrafanaResource> WithPostgresDatasource(
        this IResourceBuilder<GrafanaResource> builder, IResourceBuilder<IResourceWithConnectionString> database)
    {
        ArgumentNullException.ThrowIfNull(builder);
        ArgumentNullException.ThrowIfNull(database);

        var properties = database.Resource.GetConnectionProperties().ToDictionary(StringComparer.Ordinal);
        foreach (var name in s_databaseProperties)
        {
            if (!properties.TryGetValue(name, out var value))
            {
                throw new DistributedApplicationException(
                    $"Grafana cannot use '{database.Resource.Name}' as a PostgreSQL data source: it has no connection property {name}. "
                    + "Pass a PostgreSQL database.");
            }

            builder.WithEnvironment($"POSTGRES_{name.ToUpperInvariant()}", value);
        }

        return builder;
    }

    /// <summary>Keeps users, preferences and what was changed in the web pages in a named volume.</summary>
    /// <param name="builder">The resource builder.</param>
    /// <param name="name">The name of the volume. By default it is made from the application's and the resource's names.</param>
    /// <returns>The <see cref="IResourceBuilder{T}"/>.</returns>
    public static IResourceBuilder<GrafanaResource> WithDataVolume(this IResourceBuilder<GrafanaResource> builder, string? name = null)
    {
        ArgumentNullException.ThrowIfNull(builder);
        return builder.WithVolume(name ?? VolumeNameGenerator.Generate(builder, "data"), DataFolder);
    }
}
