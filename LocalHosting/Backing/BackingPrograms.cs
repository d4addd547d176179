using OsMEN.LocalHosting.Backing.Containers;
using OsMEN.LocalHosting.Backing.Native;
using OsMEN.LocalHosting.Running;

namespace OsMEN.LocalHosting.Backing;

/// <summary>Chooses what runs each resource of the model.</summary>
internal sealed class BackingPrograms : IAsyncDisposable
{
    private readonly ContainerNetwork? _network;

    private BackingPrograms(IReadOnlyList<ResourceProgram> all, ContainerNetwork? network)
    {
        All = all;
        _network = network;
    }

    /// <summary>One program for each resource that runs, in the model's order.</summary>
    public IReadOnlyList<ResourceProgram> All { get; }

    /// <exception cref="DistributedApplicationException">Something that the backing needs is not installed.</exception>
    public static async Task<BackingPrograms> ChooseAsync(BackingKind backing, LocalFolder folder, IReadOnlyList<IResource> resources, CancellationToken cancellationToken)
    {
        ContainerNetwork? network = null;
        if (backing is BackingKind.Auto or BackingKind.Container && resources.Any(r => r is ContainerResource))
        {
            var (runtime, whyNot) = await ContainerRuntime.FindAsync(cancellationToken);
            if (runtime is not null)
                network = new ContainerNetwork(runtime, folder, resources);
            else if (backing == BackingKind.Container)
                throw new DistributedApplicationException($"there is no container runtime that answers ({whyNot}): start Docker or Podman, or use --backing native (the servers of this machine) or embedded (nothing to install).");
        }

        var programs = new List<ResourceProgram>();
        foreach (var resource in resources)
        {
            ResourceProgram? program = (resource, backing) switch
            {
                (ProjectResource project, _) => new ProjectProgram(project),
                (PostgresServerResource postgres, _) when network is not null => new PostgresContainerProgram(postgres, Databases(postgres, resources), network),
                (RedisResource redis, _) when network is not null => new RedisContainerProgram(redis, network),
                (ContainerResource container, _) when network is not null => new ContainerProgram(container, network),
                (RedisResource redis, BackingKind.Native) => new RedisServerProgram(redis, folder),
                (RedisResource redis, _) => new GarnetProgram(redis, folder),
                (PostgresServerResource postgres, BackingKind.Native) => new PostgresProgram(postgres, Databases(postgres, resources), folder),
                (PostgresServerResource postgres, _) => new SqliteProgram(postgres, Databases(postgres, resources), folder),
                (ContainerResource container, _) => NativeImages.Find(container, folder, resources) ?? (ResourceProgram)new UnavailableProgram(container),
                _ => null,
            };
            if (resource is RedisResource open && network is null)
                open.Annotations.Add(new ConnectionStringRedirectAnnotation(open.Passwordless()));
            if (program is not null)
                programs.Add(program);
        }

        return new(programs, network);
    }

    /// <summary>Removes what no program of its own does: the containers' network.</summary>
    public ValueTask DisposeAsync() => _network?.DisposeAsync() ?? default;

    private static IReadOnlyList<PostgresDatabaseResource> Databases(PostgresServerResource server, IReadOnlyList<IResource> resources) =>
        [.. resources.OfType<PostgresDatabaseResource>().Where(d => d.Parent == server)];
}
