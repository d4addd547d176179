namespace OsMEN.Hosting.Monitoring;

/// <summary>A Jaeger server: traces, in memory unless it is configured otherwise.</summary>
public sealed class JaegerResource(string name) : ContainerResource(name)
{
    /// <summary>Its pages, and where Grafana asks.</summary>
    public EndpointReference PrimaryEndpoint => new(this, "http");

    /// <summary>Where traces go as OTLP over HTTP.</summary>
    public ReferenceExpression OtlpEndpoint => ReferenceExpression.Create($"{OtlpHttp.Property(EndpointProperty.Url)}/v1/traces");

    internal EndpointReference OtlpHttp => new(this, "otlp");
}

/// <summary>Jaeger as a resource.</summary>
public static class JaegerBuilderExtensions
{
    /// <param name="builder">The application.</param>
    /// <param name="name">The name.</param>
    /// <param name="port">The port of its pages to have on this machine.</param>
    public static IResourceBuilder<JaegerResource> AddJaeger(this IDistributedApplicationBuilder builder, string name, int? port = null) =>
        builder.AddResource(new JaegerResource(name))
            .WithImage("jaegertracing/jaeger", "2.9.0")
            .WithImageRegistry("docker.io")
            .WithHttpEndpoint(port, targetPort: 16686)
            .WithHttpEndpoint(targetPort: 4318, name: "otlp")
            .WithHttpHealthCheck("/");
}
