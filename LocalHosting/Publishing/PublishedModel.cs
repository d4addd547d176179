namespace OsMEN.LocalHosting.Publishing;

/// <summary>A resource with its variables and arguments: text, or what a publisher writes as an expression of its own.</summary>
internal sealed record PublishedResource(IResource Resource, IReadOnlyList<KeyValuePair<string, object>> Environment, IReadOnlyList<object> Args)
{
    public string Name => Resource.Name;

    public IReadOnlyList<EndpointAnnotation> Endpoints => [.. Resource.Annotations.OfType<EndpointAnnotation>()];

    public string Image => Resource.Annotations.OfType<ContainerImageAnnotation>().LastOrDefault()?.Reference
        ?? throw new DistributedApplicationException($"The container \"{Name}\" has no image.");

    public IReadOnlyList<ContainerMountAnnotation> Mounts => [.. Resource.Annotations.OfType<ContainerMountAnnotation>()];

    public int Replicas => Resource.Annotations.OfType<ReplicaAnnotation>().LastOrDefault()?.Replicas ?? 1;

    public HttpHealthCheckAnnotation? Health => Resource.Annotations.OfType<HttpHealthCheckAnnotation>().LastOrDefault();
}

/// <summary>A whole model as publishers read it.</summary>
internal sealed class PublishedModel
{
    // What an ASP.NET Core image listens on.
    public const int ProjectPort = 8080;

    private PublishedModel(IReadOnlyList<PublishedResource> resources, string solutionDirectory)
    {
        Resources = resources;
        SolutionDirectory = solutionDirectory;
    }

    /// <summary>In the model's order.</summary>
    public IReadOnlyList<PublishedResource> Resources { get; }

    public string SolutionDirectory { get; }

    public IEnumerable<PublishedResource> Projects => Resources.Where(r => r.Resource is ProjectResource);

    public IEnumerable<PublishedResource> Containers => Resources.Where(r => r.Resource is ContainerResource);

    public IEnumerable<ParameterResource> Parameters => Resources.Select(r => r.Resource).OfType<ParameterResource>();

    public static async Task<PublishedModel> ReadAsync(IReadOnlyList<IResource> resources, string solutionDirectory, CancellationToken cancellationToken)
    {
        var read = new List<PublishedResource>();
        foreach (var resource in resources)
        {
            var environment = new Dictionary<string, object>(StringComparer.Ordinal);
            if (resource is ProjectResource project)
                AddDefaults(project, environment);
            var context = new EnvironmentCallbackContext(new(DistributedApplicationOperation.Publish), environment, cancellationToken);
            foreach (var annotation in resource.Annotations.OfType<EnvironmentCallbackAnnotation>())
                await annotation.Callback(context);
            read.Add(new(resource, [.. environment], [.. resource.Annotations.OfType<CommandLineArgsAnnotation>().SelectMany(a => a.Args)]));
        }

        return new(read, solutionDirectory);
    }

    /// <summary>The port that the program listens on where it is deployed.</summary>
    public static int TargetPort(IResource resource, EndpointAnnotation endpoint) => endpoint.TargetPort
        ?? (resource is ProjectResource ? ProjectPort : endpoint.Port)
        ?? throw new DistributedApplicationException($"The endpoint \"{endpoint.Name}\" of \"{resource.Name}\" has no port.");

    // What Aspire gives every published project.
    private static void AddDefaults(ProjectResource project, Dictionary<string, object> environment)
    {
        environment["OTEL_DOTNET_EXPERIMENTAL_OTLP_RETRY"] = "in_memory";
        var http = project.Annotations.OfType<EndpointAnnotation>().FirstOrDefault(e => e.UriScheme == "http");
        if (http is null)
            return;
        environment["ASPNETCORE_FORWARDEDHEADERS_ENABLED"] = "true";
        environment["HTTP_PORTS"] = new EndpointReference(project, http.Name).Property(EndpointProperty.TargetPort);
    }
}
