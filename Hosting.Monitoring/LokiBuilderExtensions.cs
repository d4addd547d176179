using Aspire.Hosting.ApplicationModel;
using OsMEN.Hosting.Monitoring;

namespace Aspire.Hosting;

/// <summary>Provides extension methods for adding Grafana Loki to the application model.</summary>
public static class LokiBuilderExtensions
{
    private const string ConfigurationFolder = "/etc/loki";
    private const string DataFolder = "/loki";

    /// <summary>Adds a container that runs Loki. It needs a configuration: <see cref="WithConfiguration"/>.</summary>
    /// <remarks>
    /// This version defaults to the <inheritdoc cref="MonitoringContainerImageTags.LokiTag"/> tag of the
    /// <inheritdoc cref="MonitoringContainerImageTags.LokiImage"/> container image.
    /// </remarks>
    /// <param name="builder">The <see cref="IDistributedApplicationBuilder"/>.</param>
    /// <param name="name">The name of the resource.</param>
    /// <param name="port">The host port of the API. A free one by default.</param>
    /// <returns>The <see cref="IResourceBuilder{T}"/>.</returns>
    public static IResourceBuilder<LokiResource> AddLoki(
        this IDistributedApplicationBuilder builder, [ResourceName] string name, int? port = null)
    {
        ArgumentNullException.ThrowIfNull(builder);
        ArgumentException.ThrowIfNullOrEmpty(name);

        return builder.AddResource(new LokiResource(name))
            .WithImage(MonitoringContainerImageTags.LokiImage, MonitoringContainerImageTags.LokiTag)
            .WithImageRegistry(MonitoringContainerImageTags.LokiRegistry)
            .WithArgs($"-config.file={ConfigurationFolder}/loki.yaml")
            .WithHttpEndpoint(port, targetPort: 3100, name: LokiResource.PrimaryEndpointName)
            .WithHttpHealthCheck("/ready")
            .WithIconName("DocumentMultiple")
            .WithUrlForEndpoint(LokiResource.PrimaryEndpointName, url => url.DisplayText = "API");
    }

    /// <summary>Mounts the folder of the configuration.</summary>
    /// <param name="builder">The resource builder.</param>
    /// <param name="folder">The folder with <c>loki.yaml</c>, relative to the AppHost's folder.</param>
    /// <returns>The <see cref="IResourceBuilder{T}"/>.</returns>
    public static IResourceBuilder<LokiResource> WithConfiguration(this IResourceBuilder<LokiResource> builder, string folder)
    {
        ArgumentNullException.ThrowIfNull(builder);
        ArgumentException.ThrowIfNullOrEmpty(folder);
        return builder.WithBindMount(folder, ConfigurationFolder, isReadOnly: true);
    }

    /// <summary>Keeps the logs in a named volume.</summary>
    /// <param name="builder">The resource builder.</param>
    /// <param name="name">The name of the volume. By default it is made from the application's and the resource's names.</param>
    /// <returns>The <see cref="IResourceBuilder{T}"/>.</returns>
    public static IResourceBuilder<LokiResource> WithDataVolume(this IResourceBuilder<LokiResource> builder, string? name = null)
    {
        ArgumentNullException.ThrowIfNull(builder);
        return builder.WithVolume(name ?? VolumeNameGenerator.Generate(builder, "data"), DataFolder);
    }
}
