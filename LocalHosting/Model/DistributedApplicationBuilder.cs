using System.Reflection;
using OsMEN.LocalHosting.Publishing;

namespace OsMEN.LocalHosting;

internal sealed class DistributedApplicationBuilder : IDistributedApplicationBuilder
{
    private readonly List<IResource> _resources = [];
    private readonly DistributedApplicationOptions _options;

    public DistributedApplicationBuilder(DistributedApplicationOptions options)
    {
        _options = options;
        ExecutionContext = new(PublishArguments.Asked(options.Args ?? []) ? DistributedApplicationOperation.Publish : DistributedApplicationOperation.Run);
        AppHostDirectory = Path.GetFullPath(options.ProjectDirectory ?? BuiltFrom() ?? Directory.GetCurrentDirectory());
    }

    public string AppHostDirectory { get; }

    public DistributedApplicationExecutionContext ExecutionContext { get; }

    public IReadOnlyList<IResource> Resources => _resources;

    public IResourceBuilder<T> AddResource<T>(T resource)
        where T : IResource
    {
        ArgumentNullException.ThrowIfNull(resource);
        if (_resources.Exists(r => r.Name == resource.Name))
            throw new DistributedApplicationException($"There are two resources named \"{resource.Name}\".");
        _resources.Add(resource);
        return new ResourceBuilder<T>(this, resource);
    }

    public DistributedApplication Build() => new(_options, AppHostDirectory, [.. _resources]);

    // The build writes the project's folder into the assembly: an AppHost runs in the folder of whoever starts it.
    private static string? BuiltFrom() => Assembly.GetEntryAssembly()?
        .GetCustomAttributes<AssemblyMetadataAttribute>()
        .FirstOrDefault(a => a.Key == "apphostprojectpath")?.Value;
}
