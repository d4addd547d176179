namespace OsMEN.LocalHosting;

/// <summary>Servers and databases as resources. What runs them is the backing's choice; their images are what containers and publishers take.</summary>
public static class ServerBuilderExtensions
{
    /// <summary>Adds a server that speaks Redis's protocol, with a password that is generated unless it is given.</summary>
    /// <param name="builder">The application.</param>
    /// <param name="name">The name, of the connection string too.</param>
    /// <param name="port">The port to have if it is free; any free one unless given.</param>
    public static IResourceBuilder<RedisResource> AddRedis(this IDistributedApplicationBuilder builder, string name, int? port = null)
    {
        ArgumentNullException.ThrowIfNull(builder);
        var password = Password(builder, name, special: false);
        return builder.AddResource(new RedisResource(name, password))
            .WithEndpoint(port, targetPort: 6379, scheme: "redis", name: RedisResource.PrimaryEndpointName)
            .WithImage("library/redis", "7.4.5")
            .WithImageRegistry("docker.io")
            .WithEntrypoint("/bin/sh")
            .WithEnvironment(context => context.EnvironmentVariables["REDIS_PASSWORD"] = password)

            // By way of a variable: arguments can be read by anybody who sees the processes.
            .WithArgs("-c", "redis-server --requirepass $REDIS_PASSWORD");
    }

    /// <summary>Adds a PostgreSQL server, with a password that is generated unless it is given.</summary>
    /// <param name="builder">The application.</param>
    /// <param name="name">The name.</param>
    /// <param name="port">The port to have if it is free; any free one unless given.</param>
    public static IResourceBuilder<PostgresServerResource> AddPostgres(this IDistributedApplicationBuilder builder, string name, int? port = null)
    {
        ArgumentNullException.ThrowIfNull(builder);
        var password = Password(builder, name, special: true);
        var server = new PostgresServerResource(name, password);
        return builder.AddResource(server)
            .WithEndpoint(port, targetPort: 5432, name: PostgresServerResource.PrimaryEndpointName)
            .WithImage("library/postgres", "17.6")
            .WithImageRegistry("docker.io")
            .WithEnvironment("POSTGRES_HOST_AUTH_METHOD", "scram-sha-256")
            .WithEnvironment("POSTGRES_INITDB_ARGS", "--auth-host=scram-sha-256 --auth-local=scram-sha-256")
            .WithEnvironment(context =>
            {
                context.EnvironmentVariables["POSTGRES_USER"] = PostgresServerResource.UserName;
                context.EnvironmentVariables["POSTGRES_PASSWORD"] = password;
            });
    }

    /// <summary>Adds a database to the server. It is made when the server has started, if it is not there.</summary>
    public static IResourceBuilder<PostgresDatabaseResource> AddDatabase(this IResourceBuilder<PostgresServerResource> builder, string name, string? databaseName = null)
    {
        ArgumentNullException.ThrowIfNull(builder);
        return builder.ApplicationBuilder.AddResource(new PostgresDatabaseResource(name, databaseName ?? name, builder.Resource));
    }

    /// <summary>Keeps the server's data in a volume. In a container of version 18 or later the volume is the folder above the version's own.</summary>
    /// <param name="builder">The server.</param>
    /// <param name="name">The volume's name; that of the server and <c>-data</c> unless given.</param>
    /// <param name="isReadOnly">Whether the server cannot change it.</param>
    public static IResourceBuilder<PostgresServerResource> WithDataVolume(this IResourceBuilder<PostgresServerResource> builder, string? name = null, bool isReadOnly = false)
    {
        ArgumentNullException.ThrowIfNull(builder);
        var tag = builder.Resource.Annotations.OfType<ContainerImageAnnotation>().Last().Tag ?? "";
        var major = int.TryParse(tag.Split('.')[0], System.Globalization.CultureInfo.InvariantCulture, out var number) ? number : 17;
        return builder.WithVolume(name ?? $"{builder.Resource.Name}-data", major >= 18 ? "/var/lib/postgresql" : "/var/lib/postgresql/data", isReadOnly);
    }

    // A password that is not kept would differ from the one that the data directory was made with.
    private static ParameterResource Password(IDistributedApplicationBuilder builder, string name, bool special)
    {
        if (builder.Resources.Any(r => r.Name == name))
            throw new DistributedApplicationException($"There are two resources named \"{name}\".");
        var password = builder.AddParameter($"{name}-password", new GenerateParameterDefault { Special = special }, secret: true, persist: true).Resource;
        password.IsImplicit = true;
        return password;
    }
}
