using OsMEN.LocalHosting.Running;

namespace OsMEN.LocalHosting.Backing;

/// <summary>Chooses what runs each resource of the model.</summary>
internal static class BackingPrograms
{
    /// <summary>One program for each resource that runs, in the model's order.</summary>
    /// <exception cref="DistributedApplicationException">Something that a resource needs is not installed.</exception>
    public static IReadOnlyList<ResourceProgram> Choose(BackingKind backing, LocalFolder folder, IReadOnlyList<IResource> resources)
    {
        var programs = new List<ResourceProgram>();
        foreach (var resource in resources)
        {
            ResourceProgram? program = (resource, backing) switch
            {
                (ProjectResource project, _) => new ProjectProgram(project),
                (RedisResource redis, BackingKind.Native) => new RedisServerProgram(redis, folder),
                (RedisResource redis, _) => new GarnetProgram(redis, folder),
                (PostgresServerResource postgres, BackingKind.Native) => new PostgresProgram(postgres, Databases(postgres, resources), folder),
                (PostgresServerResource postgres, _) => new SqliteProgram(postgres, Databases(postgres, resources), folder),
                (ContainerResource container, _) => new UnavailableProgram(container),
                _ => null,
            };
            if (resource is RedisResource open)
                open.Annotations.Add(new ConnectionStringRedirectAnnotation(open.Passwordless()));
            if (program is not null)
                programs.Add(program);
        }

        return programs;
    }

    private static IReadOnlyList<PostgresDatabaseResource> Databases(PostgresServerResource server, IReadOnlyList<IResource> resources) =>
        [.. resources.OfType<PostgresDatabaseResource>().Where(d => d.Parent == server)];
}
