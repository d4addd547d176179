namespace OsMEN.LocalHosting;

/// <summary>
/// From where an address is looked at. A program of this machine finds everything on 127.0.0.1; a container finds other containers
/// by their names, at the ports inside, and this machine under a name that the runtime has for it.
/// </summary>
internal sealed class Viewpoint
{
    public static readonly Viewpoint Host = new(false);

    public static readonly Viewpoint Container = new(true);

    /// <summary>This machine's name inside containers.</summary>
    public const string HostInContainers = "host.docker.internal";

    private readonly bool _isContainer;

    private Viewpoint(bool isContainer) => _isContainer = isContainer;

    public (string Host, int Port) AddressOf(EndpointReference endpoint) => !_isContainer
        ? (endpoint.Host, endpoint.Port)
        : endpoint.Resource.Annotations.OfType<RunsInContainerAnnotation>().Any()
            ? (endpoint.Resource.Name, endpoint.EndpointAnnotation.TargetPort ?? endpoint.Port)
            : (HostInContainers, endpoint.Port);

    /// <summary>A value of the model as text.</summary>
    public async ValueTask<string> ReadAsync(object value, CancellationToken cancellationToken) => value switch
    {
        ISeenFrom seen => await seen.GetValueAsync(this, cancellationToken),
        IValueProvider provider => await provider.GetValueAsync(cancellationToken),
        _ => value.ToString(),
    } ?? "";
}

/// <summary>A value with an address in it.</summary>
internal interface ISeenFrom
{
    ValueTask<string?> GetValueAsync(Viewpoint from, CancellationToken cancellationToken);
}

/// <summary>The backing runs the resource in a container.</summary>
internal sealed class RunsInContainerAnnotation : IResourceAnnotation;
