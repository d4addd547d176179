using System.Reflection;
using System.Xml.Linq;

namespace OsMEN.AppHost.Publishing;

/// <summary>A project or container with its variables and arguments, as the model has them: text, parameters and references.</summary>
internal sealed record PublishedService(
    IResource Resource, IReadOnlyDictionary<string, object> Environment, IReadOnlyList<object> Arguments)
{
    // ASP.NET Core's images listen here unless they are configured otherwise.
    private const int ProjectPort = 8080;

    public string Name => Resource.Name;

    public IReadOnlyList<ResolvedEndpoint> Endpoints { get; } = Resource.ResolveEndpoints();

    public bool IsExternal => Endpoints.Any(e => e.Endpoint.IsExternal);

    public IReadOnlyList<ContainerMountAnnotation> Mounts => [.. Resource.Annotations.OfType<ContainerMountAnnotation>()];

    /// <summary>The image of a container, with its registry and tag.</summary>
    public string Image => Resource.TryGetContainerImageName(out var image)
        ? image
        : throw new DistributedApplicationException($"The container \"{Name}\" has no image.");

    /// <summary>The port that an endpoint has inside the network of what is deployed.</summary>
    public static int PortOf(ResolvedEndpoint endpoint) => endpoint.TargetPort.Value ?? ProjectPort;
}

/// <summary>The image that publishing a project makes, from the project's file.</summary>
/// <param name="Repository">The repository, without registry and tag.</param>
/// <param name="HasShell">Whether a health check can run in it.</param>
internal sealed record ProjectImage(string Repository, bool HasShell)
{
    public static ProjectImage Of(ProjectResource project)
    {
        var path = project.GetProjectMetadata().ProjectPath;
        var properties = XDocument.Load(path).Descendants("PropertyGroup").Elements().ToLookup(e => e.Name.LocalName, e => e.Value);
        return new(
            properties["ContainerRepository"].FirstOrDefault()
                ?? throw new DistributedApplicationException($"{path} has no ContainerRepository, which names its image."),
            !properties["ContainerBaseImage"].Any(i => i.Contains("chiseled", StringComparison.Ordinal)));
    }
}

/// <summary>The application model as the steps read it.</summary>
internal sealed class PublishedModel
{
    private PublishedModel(
        IReadOnlyList<PublishedService> services, IReadOnlyList<PostgresDatabaseResource> databases, string appHostDirectory) =>
        (Services, Databases, AppHostDirectory) = (services, databases, appHostDirectory);

    /// <summary>Projects and containers, in the model's order.</summary>
    public IReadOnlyList<PublishedService> Services { get; }

    public IReadOnlyList<PostgresDatabaseResource> Databases { get; }

    public string AppHostDirectory { get; }

    public string SolutionDirectory => Path.GetDirectoryName(AppHostDirectory)!;

    public IEnumerable<PublishedService> Projects => Services.Where(s => s.Resource is ProjectResource);

    public IEnumerable<PublishedService> Servers => Services.Where(s => s.Resource is ContainerResource and IResourceWithConnectionString);

    /// <summary>The version of the images and of the chart: <c>Version</c> in Directory.Build.props.</summary>
    public static string Version { get; } =
        typeof(PublishedModel).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()!.InformationalVersion.Split('+')[0];

    public static async Task<PublishedModel> ReadAsync(
        DistributedApplicationModel model,
        DistributedApplicationExecutionContext execution,
        string appHostDirectory,
        CancellationToken cancellationToken)
    {
        var services = new List<PublishedService>();
        foreach (var resource in model.Resources.Where(r => r is ProjectResource or ContainerResource && !r.IsExcludedFromPublish()))
        {
            var variables = new EnvironmentCallbackContext(execution, resource, new(StringComparer.Ordinal), cancellationToken);
            foreach (var annotation in resource.Annotations.OfType<EnvironmentCallbackAnnotation>())
            {
                await annotation.Callback(variables);
            }

            var arguments = new CommandLineArgsCallbackContext([], resource, cancellationToken) { ExecutionContext = execution };
            foreach (var annotation in resource.Annotations.OfType<CommandLineArgsCallbackAnnotation>())
            {
                await annotation.Callback(arguments);
            }

            services.Add(new(resource, variables.EnvironmentVariables, [.. arguments.Args]));
        }

        return new(services, [.. model.Resources.OfType<PostgresDatabaseResource>()], appHostDirectory);
    }

    /// <summary>The port of an endpoint that a value refers to.</summary>
    public int PortOf(EndpointReference reference)
    {
        var service = Services.Single(s => s.Resource == reference.Resource);
        return PublishedService.PortOf(service.Endpoints.Single(e => e.Endpoint.Name == reference.EndpointName));
    }
}
