using Aspire.Hosting.ApplicationModel;
using OsMEN.Hosting.Monitoring;
using OsMEN.Hosting.Monitoring.Servers;

namespace Aspire.Hosting;

/// <summary>Provides extension methods for adding Prometheus Alertmanager to the application model.</summary>
public static class AlertmanagerBuilderExtensions
{
    private const string ConfigurationFolder = "/etc/alertmanager";
    private const string DataFolder = "/alertmanager";

    /// <summary>Adds a container that runs Alertmanager.</summary>
    /// <remarks>
    /// This version defaults to the <inheritdoc cref="MonitoringContainerImageTags.AlertmanagerTag"/> tag of the
    /// <inheritdoc cref="MonitoringContainerImageTags.AlertmanagerImage"/> container image.
    /// </remarks>
    /// <param name="builder">The <see cref="IDistributedApplicationBuilder"/>.</param>
    /// <param name="name">The name of the resource.</param>
    /// <param name="port">The host port of the web pages and the API. A free one by default.</param>
    /// <returns>The <see cref="IResourceBuilder{T}"/>.</returns>
    public static IResourceBuilder<AlertmanagerResource> AddAlertmanager(
        this IDistributedApplicationBuilder builder, [ResourceName] string name, int? port = null)
    {
        ArgumentNullException.ThrowIfNull(builder);
        ArgumentException.ThrowIfNullOrEmpty(name);

        return builder.AddResource(new AlertmanagerResource(name))
            .WithImage(MonitoringContainerImageTags.AlertmanagerImage, MonitoringContainerImageTags.AlertmanagerTag)
            .WithImageRegistry(MonitoringContainerImageTags.AlertmanagerRegistry)
            .WithArgs($"--config.file={ConfigurationFolder}/alertmanager.yml", $"--storage.path={DataFolder}")
            .WithServerArgs()
            .WithHttpEndpoint(port, targetPort: AlertmanagerResource.Port, name: AlertmanagerResource.PrimaryEndpointName)
            .WithPages();
    }

    /// <summary>
    /// Adds Alertmanager as a program that is installed on this machine, for machines without a container runtime. Run mode only.
    /// </summary>
    /// <param name="builder">The <see cref="IDistributedApplicationBuilder"/>.</param>
    /// <param name="name">The name of the resource.</param>
    /// <param name="command">The program: a path, or a name to find on <c>PATH</c>. Alertmanager 0.25 and later work.</param>
    /// <param name="folder">The folder for its configuration and its data.</param>
    /// <param name="configuration">
    /// The folder with <c>alertmanager.yml</c>, relative to the AppHost's folder. Its YAML files and templates are copied each time
    /// Alertmanager starts.
    /// </param>
    /// <param name="port">The port of the web pages and the API. A free one by default.</param>
    /// <returns>The <see cref="IResourceBuilder{T}"/>.</returns>
    public static IResourceBuilder<AlertmanagerExecutableResource> AddAlertmanagerExecutable(
        this IDistributedApplicationBuilder builder,
        [ResourceName] string name,
        string command,
        string folder,
        string configuration,
        int? port = null)
    {
        ArgumentNullException.ThrowIfNull(builder);
        ArgumentException.ThrowIfNullOrEmpty(name);
        ArgumentException.ThrowIfNullOrEmpty(command);
        ArgumentException.ThrowIfNullOrEmpty(folder);
        ArgumentException.ThrowIfNullOrEmpty(configuration);

        folder = Path.GetFullPath(folder, builder.AppHostDirectory);
        ServerFiles.CreateFolder(folder);
        var source = Path.GetFullPath(configuration, builder.AppHostDirectory);
        var alertmanager = builder.AddResource(new AlertmanagerExecutableResource(name, command, folder))
            .WithHttpEndpoint(port, name: AlertmanagerResource.PrimaryEndpointName)
            .ExcludeFromManifest();
        var endpoint = alertmanager.Resource.PrimaryEndpoint;
        return alertmanager
            .WithArgs(
                $"--config.file={Path.Combine(folder, "configuration", "alertmanager.yml")}",
                $"--storage.path={Path.Combine(folder, "data")}")
            .WithArgs(ReferenceExpression.Create($"--web.listen-address=127.0.0.1:{endpoint.Property(EndpointProperty.TargetPort)}"))
            .WithArgs(ReferenceExpression.Create($"--web.external-url={endpoint.Property(EndpointProperty.Url)}"))
            .WithServerArgs()
            .WithPages()
            .OnBeforeResourceStarted(async (resource, _, cancellationToken) =>
            {
                var target = Path.Combine(folder, "configuration");
                await ServerFiles.CopyAsync(source, target, ["*.yml", "*.yaml", "*.tmpl"], cancellationToken);
                FolderOwnerAnnotation.Apply(resource, folder);
            });
    }

    /// <summary>Mounts the folder of the configuration.</summary>
    /// <param name="builder">The resource builder.</param>
    /// <param name="folder">The folder with <c>alertmanager.yml</c> and the files that it names, relative to the AppHost's folder.</param>
    /// <returns>The <see cref="IResourceBuilder{T}"/>.</returns>
    public static IResourceBuilder<AlertmanagerResource> WithConfiguration(
        this IResourceBuilder<AlertmanagerResource> builder, string folder)
    {
        ArgumentNullException.ThrowIfNull(builder);
        ArgumentException.ThrowIfNullOrEmpty(folder);
        return builder.WithBindMount(folder, ConfigurationFolder, isReadOnly: true);
    }

    /// <summary>Keeps silences and the notification log in a named volume.</summary>
    /// <param name="builder">The resource builder.</param>
    /// <param name="name">The name of the volume. By default it is made from the application's and the resource's names.</param>
    /// <returns>The <see cref="IResourceBuilder{T}"/>.</returns>
    public static IResourceBuilder<AlertmanagerResource> WithDataVolume(
        this IResourceBuilder<AlertmanagerResource> builder, string? name = null)
    {
        ArgumentNullException.ThrowIfNull(builder);
        return builder.WithVolume(name ?? VolumeNameGenerator.Generate(builder, "data"), DataFolder);
    }

    // A single instance: with an address it would look for peers.
    private static IResourceBuilder<T> WithServerArgs<T>(this IResourceBuilder<T> builder) where T : IAlertmanagerResource =>
        builder.WithArgs("--cluster.listen-address=");

    private static IResourceBuilder<T> WithPages<T>(this IResourceBuilder<T> builder) where T : IAlertmanagerResource =>
        builder
            .WithHttpHealthCheck("/-/ready")
            .WithIconName("AlertUrgent")
            .WithUrlForEndpoint(AlertmanagerResource.PrimaryEndpointName, url => url.DisplayText = "Alerts")
            .WithUrlForEndpoint(AlertmanagerResource.PrimaryEndpointName, _ => new() { Url = "/#/silences", DisplayText = "Silences" });
}
