namespace OsMEN.LocalHosting;

/// <summary>A resource whose program comes in an image.</summary>
public class ContainerResource(string name, string? entrypoint = null)
    : Resource(name), IResourceWithArgs, IResourceWithEndpoints, IResourceWithEnvironment, IResourceWithWaitSupport
{
    /// <summary>What is run instead of the image's own entry point.</summary>
    public string? Entrypoint { get; set; } = entrypoint;
}
