namespace OsMEN.LocalHosting;

/// <summary>The application while its model is being written. An interface, as in Aspire, so that verbs written on it compile over either host.</summary>
public interface IDistributedApplicationBuilder
{
    /// <summary>AppHost's own folder, which relative paths of the model are relative to.</summary>
    string AppHostDirectory { get; }

    DistributedApplicationExecutionContext ExecutionContext { get; }

    /// <summary>The resources so far, in the order in which they were added.</summary>
    IReadOnlyList<IResource> Resources { get; }

    /// <exception cref="DistributedApplicationException">There is a resource of that name.</exception>
    IResourceBuilder<T> AddResource<T>(T resource)
        where T : IResource;

    /// <summary>Says more of a resource that was added before.</summary>
    IResourceBuilder<T> CreateResourceBuilder<T>(T resource)
        where T : IResource;

    DistributedApplication Build();
}
