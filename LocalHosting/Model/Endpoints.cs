using System.Globalization;

namespace OsMEN.LocalHosting;

/// <summary>Something that a resource listens on.</summary>
public sealed class EndpointAnnotation(string name, string uriScheme, int? port, int? targetPort) : IResourceAnnotation
{
    public string Name => name;

    public string UriScheme => uriScheme;

    /// <summary>The port to have if it is free. Each replica has one of its own; the first has this one.</summary>
    public int? Port => port;

    /// <summary>The port inside a container.</summary>
    public int? TargetPort => targetPort;

    /// <summary>The variable that tells the program its port, if it wants to be told that way.</summary>
    public string? EnvironmentVariable { get; init; }

    /// <summary>Whether it is reached from outside of where the application is deployed.</summary>
    public bool IsExternal { get; set; }

    /// <summary>The ports in use while the application runs, one a replica.</summary>
    public IReadOnlyList<int> AllocatedPorts { get; internal set; } = [];
}

/// <summary>An endpoint of a resource, for others to refer to.</summary>
public sealed class EndpointReference(IResourceWithEndpoints owner, string endpointName) : IValueProvider, IManifestExpressionProvider, ISeenFrom
{
    public IResourceWithEndpoints Resource => owner;

    public string EndpointName => endpointName;

    /// <summary>Which replica of the resource is meant, from 0.</summary>
    internal int Replica { get; init; }

    public EndpointAnnotation EndpointAnnotation =>
        owner.Annotations.OfType<EndpointAnnotation>().FirstOrDefault(e => e.Name == endpointName)
        ?? throw new DistributedApplicationException($"The resource \"{owner.Name}\" has no endpoint \"{endpointName}\".");

    /// <summary>Whether the application runs, so that the port is known.</summary>
    public bool IsAllocated => EndpointAnnotation.AllocatedPorts.Count > 0;

    public string Scheme => EndpointAnnotation.UriScheme;

    public string Host => "127.0.0.1";

    public int Port => EndpointAnnotation.AllocatedPorts is var ports && Replica < ports.Count
        ? ports[Replica]
        : throw new DistributedApplicationException($"The endpoint \"{endpointName}\" of \"{owner.Name}\" has no port yet.");

    public string Url => string.Create(CultureInfo.InvariantCulture, $"{Scheme}://{Host}:{Port}");

    public string ValueExpression => $"{{{owner.Name}.bindings.{endpointName}.url}}";

    public EndpointReferenceExpression Property(EndpointProperty property) => new(this, property);

    public ValueTask<string?> GetValueAsync(CancellationToken cancellationToken = default) => new(Url);

    ValueTask<string?> ISeenFrom.GetValueAsync(Viewpoint from, CancellationToken cancellationToken) =>
        ((ISeenFrom)Property(EndpointProperty.Url)).GetValueAsync(from, cancellationToken);
}

/// <summary>A part of an endpoint's address.</summary>
public enum EndpointProperty
{
    Url,
    Host,
    Port,
    Scheme,
    HostAndPort,

    /// <summary>The port that the program itself listens on.</summary>
    TargetPort,
}

/// <summary>A part of an endpoint's address, for others to refer to.</summary>
public sealed class EndpointReferenceExpression(EndpointReference endpoint, EndpointProperty property) : IValueProvider, IManifestExpressionProvider, ISeenFrom
{
    public string ValueExpression => property == EndpointProperty.HostAndPort
        ? $"{Binding("host")}:{Binding("port")}"
        : Binding(property == EndpointProperty.TargetPort ? "targetPort" : property.ToString().ToLowerInvariant());

    internal EndpointReference Endpoint => endpoint;

    internal EndpointProperty Property => property;

    public ValueTask<string?> GetValueAsync(CancellationToken cancellationToken = default) => ((ISeenFrom)this).GetValueAsync(Viewpoint.Host, cancellationToken);

    ValueTask<string?> ISeenFrom.GetValueAsync(Viewpoint from, CancellationToken cancellationToken)
    {
        var (host, port) = from.AddressOf(endpoint);
        return new(property switch
        {
            EndpointProperty.TargetPort => (endpoint.EndpointAnnotation.TargetPort ?? endpoint.Port).ToString(CultureInfo.InvariantCulture),
            EndpointProperty.Url => string.Create(CultureInfo.InvariantCulture, $"{endpoint.Scheme}://{host}:{port}"),
            EndpointProperty.Host => host,
            EndpointProperty.Port => port.ToString(CultureInfo.InvariantCulture),
            EndpointProperty.Scheme => endpoint.Scheme,
            _ => string.Create(CultureInfo.InvariantCulture, $"{host}:{port}"),
        });
    }

    private string Binding(string part) => $"{{{endpoint.Resource.Name}.bindings.{endpoint.EndpointName}.{part}}}";
}
