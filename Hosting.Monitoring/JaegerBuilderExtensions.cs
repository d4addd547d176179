using Aspire.Hosting.ApplicationModel;
using OsMEN.Hosting.Monitoring;

namespace Aspire.Hosting;

/// <summary>Provides extension methods for adding Jaeger to the application model.</summary>
public static class JaegerBuilderExtensions
{
    private const string ConfigurationFolder = "/etc/jaeger";

    /// <summary>Adds a container that runs Jaeger, which keeps traces in memory unless it is configured otherwise.</summary>
    /// <remarks>
    /// This version defaults to the <inheritdoc cref="MonitoringContainerImageTags.JaegerTag"/> tag of the
    /// <inheritdoc cref="MonitoringContainerImageTags.JaegerImage"/> container image.
    /// </remarks>
    /// <param name="builder">The <see cref="IDistributedApplicationBuilder"/>.</param>
    /// <param name="name">The name of the resource.</param>
    /// <param name="port">The host port of the web pages and the query API. A free one by default.</param>
    /// <returns>The <see cref="IResourceBuilder{T}"/>.</returns>
    public static IResourceBuilder<JaegerResource> AddJaeger(
        this IDistributedApplicationBuilder builder, [ResourceName] string name, int? port = null)
    {
        ArgumentNullException.ThrowIfNull(builder);
        ArgumentException.ThrowIfNullOrEmpty(name);

        return builder.AddResource(new JaegerResource(name))
            .WithImage(MonitoringContainerImageTags.JaegerImage, MonitoringContainerImageTags.JaegerTag)
            .WithImageRegistry(MonitoringContainerImageTags.JaegerRegistry)
            .WithHttpEndpoint(port, targetPort: 16686, name: JaegerResource.PrimaryEndpointName)
            .WithHttpEndpoint(targetPort: 4318, name: JaegerResource.OtlpEndpointName)
            .WithHttpHealthCheck("/")
            .WithIconName("Timeline")
            .WithUrlForEndpoint(JaegerResource.PrimaryEndpointName, url => url.DisplayText = "Jaeger")
            .WithUrlForEndpoint(JaegerResource.PrimaryEndpointName, _ => new() { Url = "/search", DisplayText = "Search traces" })
            .WithUrlForEndpoint(JaegerResource.OtlpEndpointName, url => url.DisplayLocation = UrlDisplayLocation.DetailsOnly);
    }

    /// <summary>Mounts the folder of the configuration.</summary>
    /// <param name="builder">The resource builder.</param>
    /// <param name="folder">The folder with <c>config.yaml</c>, relative to the AppHost's folder.</param>
    /// <returns>The <see cref="IResourceBuilder{T}"/>.</returns>
    public static IResourceBuilder<JaegerResource> WithConfiguration(this IResourceBuilder<JaegerResource> builder, string folder)
    {
        ArgumentNullException.ThrowIfNull(builder);
        ArgumentException.ThrowIfNullOrEmpty(folder);
        return builder.WithBindMount(folder, ConfigurationFolder, isReadOnly: true).WithArgs($"--config={ConfigurationFolder}/config.yaml");
    }
}
