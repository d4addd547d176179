namespace OsMEN.LocalHosting;

/// <summary>Writes variables of a resource just before it starts.</summary>
public sealed class EnvironmentCallbackAnnotation(Func<EnvironmentCallbackContext, Task> callback) : IResourceAnnotation
{
    public Func<EnvironmentCallbackContext, Task> Callback => callback;
}

/// <summary>The variables of a resource while they are being written: text, or a value that is known by now.</summary>
public sealed class EnvironmentCallbackContext(DistributedApplicationExecutionContext executionContext, Dictionary<string, object> environmentVariables, CancellationToken cancellationToken)
{
    public DistributedApplicationExecutionContext ExecutionContext => executionContext;

    public Dictionary<string, object> EnvironmentVariables => environmentVariables;

    public CancellationToken CancellationToken => cancellationToken;
}

/// <summary>The resource starts once another is ready.</summary>
public sealed class WaitAnnotation(IResource resource, WaitType waitType) : IResourceAnnotation
{
    public IResource Resource => resource;

    public WaitType WaitType => waitType;
}

/// <summary>What is waited for.</summary>
public enum WaitType
{
    /// <summary>That it runs and is healthy.</summary>
    WaitUntilHealthy,

    /// <summary>That it runs.</summary>
    WaitUntilStarted,
}

/// <summary>How many of the resource run.</summary>
public sealed class ReplicaAnnotation(int replicas) : IResourceAnnotation
{
    public int Replicas => replicas;
}

/// <summary>The resource is healthy when a GET of the path gives the status.</summary>
public sealed class HttpHealthCheckAnnotation(string path, int statusCode, string endpointName) : IResourceAnnotation
{
    public string Path => path;

    public int StatusCode => statusCode;

    public string EndpointName => endpointName;
}

/// <summary>References to the resource get another's connection string: what stands in for it here has its own.</summary>
public sealed class ConnectionStringRedirectAnnotation(IResourceWithConnectionString resource) : IResourceAnnotation
{
    public IResourceWithConnectionString Resource => resource;
}
