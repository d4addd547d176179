namespace OsMEN.LocalHosting;

/// <summary>Servers and databases as resources. What runs them is the backing's choice.</summary>
public static class ServerBuilderExtensions
{
    /// <param name="builder">The application.</param>
    /// <param name="name">The name, of the connection string too.</param>
    /// <param name="port">The port to have if it is free; any free one unless given.</param>
    public static IResourceBuilder<RedisResource> AddRedis(this IDistributedApplicationBuilder builder, string name, int? port = null)
    {
        ArgumentNullException.ThrowIfNull(builder);
        return builder.AddResource(new RedisResource(name)).WithEndpoint(port, targetPort: 6379, name: RedisResource.PrimaryEndpointName);
    }

    /// <param name="builder">The application.</param>
    /// <param name="name">The name.</param>
    /// <param name="port">The port to have if it is free; any free one unless given.</param>
    public static IResourceBuilder<PostgresServerResource> AddPostgres(this IDistributedApplicationBuilder builder, string name, int? port = null)
    {
        ArgumentNullException.ThrowIfNull(builder);
        var password = builder.AddParameter($"{name}-password", new GenerateParameterDefault { Special = false }, secret: true, persist: true);
        return builder.AddResource(new PostgresServerResource(name, password.Resource))
            .WithEndpoint(port, targetPort: 5432, name: PostgresServerResource.PrimaryEndpointName);
    }

    /// <summary>Adds a database to the server. It is made when the server has started, if it is not there.</summary>
    public static IResourceBuilder<PostgresDatabaseResource> AddDatabase(this IResourceBuilder<PostgresServerResource> builder, string name, string? databaseName = null)
    {
        ArgumentNullException.ThrowIfNull(builder);
        return builder.ApplicationBuilder.AddResource(new PostgresDatabaseResource(name, databaseName ?? name, builder.Resource));
    }
}
