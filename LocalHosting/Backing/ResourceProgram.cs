namespace OsMEN.LocalHosting.Backing;

/// <summary>How a resource of the model is run on this machine.</summary>
internal abstract class ResourceProgram(IResource resource)
{
    public IResource Resource => resource;

    /// <summary>How many of it run.</summary>
    public virtual int Replicas => 1;

    /// <summary>What to show as its address when there is no endpoint.</summary>
    public virtual string Note => "";

    /// <summary>Ports that it holds already, by endpoint: those of a container that outlived the AppHost before.</summary>
    public virtual Task<IReadOnlyDictionary<string, int>> HeldPortsAsync(CancellationToken cancellationToken) =>
        Task.FromResult<IReadOnlyDictionary<string, int>>(new Dictionary<string, int>());

    /// <summary>Makes ready what a start needs: folders, a data directory.</summary>
    public virtual Task PrepareAsync(Action<string> say, CancellationToken cancellationToken) => Task.CompletedTask;

    /// <summary>The program to start; null where nothing has to run.</summary>
    public abstract ValueTask<ProgramPlan?> PlanAsync(int replica, CancellationToken cancellationToken);

    /// <summary>All variables that the program sees.</summary>
    public virtual ValueTask<IReadOnlyDictionary<string, string>> EnvironmentAsync(int replica, CancellationToken cancellationToken) =>
        new(ServerEnvironment.Variables);

    /// <summary>Null when it is healthy, else why it is not. Called again and again, with a limit of time.</summary>
    public virtual Task<string?> ProbeAsync(int replica, CancellationToken cancellationToken) => Task.FromResult<string?>(null);

    protected int Port(int replica, string endpoint) =>
        resource.Annotations.OfType<EndpointAnnotation>().Single(e => e.Name == endpoint).AllocatedPorts[replica];
}
