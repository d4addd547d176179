namespace OsMEN.LocalHosting.Testing;

/// <summary>How a test reaches what runs.</summary>
public static class DistributedApplicationHostingTestingExtensions
{
    /// <summary>A client whose base address is the resource's endpoint: the named one, else <c>https</c>, else <c>http</c>.</summary>
    /// <exception cref="ArgumentException">There is no such resource.</exception>
    public static HttpClient CreateHttpClient(this DistributedApplication app, string resourceName, string? endpointName = null) =>
        new(new SocketsHttpHandler { UseProxy = false }) { BaseAddress = app.GetEndpoint(resourceName, endpointName) };

    /// <summary>The address of a resource's endpoint: the named one, else <c>https</c>, else <c>http</c>.</summary>
    /// <exception cref="ArgumentException">There is no such resource.</exception>
    public static Uri GetEndpoint(this DistributedApplication app, string resourceName, string? endpointName = null)
    {
        var resource = Find(app, resourceName) as IResourceWithEndpoints
            ?? throw new ArgumentException($"The resource \"{resourceName}\" has no endpoints.", nameof(resourceName));
        var name = endpointName ?? resource.Annotations.OfType<EndpointAnnotation>().Select(e => e.Name).Where(n => n is "https" or "http").OrderDescending(StringComparer.Ordinal).FirstOrDefault("http");
        return new(new EndpointReference(resource, name).Url);
    }

    /// <summary>The connection string that services get for the resource.</summary>
    /// <exception cref="ArgumentException">There is no such resource.</exception>
    public static ValueTask<string?> GetConnectionStringAsync(this DistributedApplication app, string resourceName, CancellationToken cancellationToken = default)
    {
        var resource = Find(app, resourceName);
        resource = resource.Annotations.OfType<ConnectionStringRedirectAnnotation>().LastOrDefault()?.Resource ?? resource;
        return resource is IResourceWithConnectionString server
            ? server.ConnectionStringExpression.GetValueAsync(cancellationToken)
            : throw new ArgumentException($"The resource \"{resourceName}\" has no connection string.", nameof(resourceName));
    }

    private static IResource Find(DistributedApplication app, string name)
    {
        ArgumentNullException.ThrowIfNull(app);
        return app.Resources.FirstOrDefault(r => r.Name == name) ?? throw new ArgumentException($"There is no resource \"{name}\".", nameof(name));
    }
}
