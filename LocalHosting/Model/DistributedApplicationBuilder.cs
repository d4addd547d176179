using System.Reflection;
using OsMEN.LocalHosting.Publishing;
using OsMEN.LocalHosting.Running;
using OsMEN.LocalHosting.Testing;

namespace OsMEN.LocalHosting;

internal sealed class DistributedApplicationBuilder : IDistributedApplicationTestingBuilder
{
    private readonly List<IResource> _resources = [];
    private readonly DistributedApplicationOptions _options;
    private readonly TestRun? _test = TestRun.Current;

    public DistributedApplicationBuilder(DistributedApplicationOptions options)
    {
        _options = options;
        ExecutionContext = new(PublishArguments.Asked(options.Args ?? []) ? DistributedApplicationOperation.Publish : DistributedApplicationOperation.Run);
        AppHostDirectory = Path.GetFullPath(options.ProjectDirectory ?? BuiltFrom() ?? Directory.GetCurrentDirectory());
        Folder = LocalFolder.Of(AppHostDirectory, _test?.Root);
    }

    public string AppHostDirectory { get; }

    /// <summary>Where the application keeps what is its own.</summary>
    public LocalFolder Folder { get; }

    public DistributedApplicationExecutionContext ExecutionContext { get; }

    public IReadOnlyList<IResource> Resources => _resources;

    public IResourceBuilder<T> AddResource<T>(T resource)
        where T : IResource
    {
        ArgumentNullException.ThrowIfNull(resource);
        if (_resources.Exists(r => r.Name == resource.Name))
            throw new DistributedApplicationException($"There are two resources named \"{resource.Name}\".");
        _resources.Add(resource);
        return CreateResourceBuilder(resource);
    }

    public IResourceBuilder<T> CreateResourceBuilder<T>(T resource)
        where T : IResource => new ResourceBuilder<T>(this, resource);

    public DistributedApplication Build()
    {
        if (_test is not null && TestRun.Current != _test)
            return _test.BuildAsync(CancellationToken.None).GetAwaiter().GetResult();
        _test?.AwaitBuild(this);
        var options = new RunOptions(_options.Args ?? [], Folder);
        var application = new DistributedApplication(_test is null ? options : options.ForTests(), AppHostDirectory, _test, [.. _resources]);
        _test?.SetBuilt(application);
        return application;
    }

    public async Task<DistributedApplication> BuildAsync(CancellationToken cancellationToken = default) =>
        _test is null ? Build() : await _test.BuildAsync(cancellationToken);

    public ValueTask DisposeAsync()
    {
        _test?.End();
        return default;
    }

    // The build writes the project's folder into the assembly: an AppHost runs in the folder of whoever starts it.
    private string? BuiltFrom() => (_test?.Program ?? Assembly.GetEntryAssembly())?
        .GetCustomAttributes<AssemblyMetadataAttribute>()
        .FirstOrDefault(a => a.Key == "apphostprojectpath")?.Value;
}
