using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using OsMEN.AppHost.Running;

namespace OsMEN.AppHost.Backing;

/// <summary>The database and the Redis of each backing. Everything else in the model is the same for all.</summary>
internal static partial class BackingServers
{
    /// <summary>Adds what stands behind the connection strings <c>osmen</c> and <c>redis</c>.</summary>
    public static (IResourceBuilder<IResourceWithConnectionString> Database, IResourceBuilder<IResourceWithConnectionString> Redis) AddBacking(
        this IDistributedApplicationBuilder builder) =>
        builder.Backing() switch
        {
            BackingKind.Container => (
                builder.AddPostgres("postgres").WithImageTag(Images.Postgres).WithDataVolume(builder.VolumeName("postgres-data"))
                    .WithPgWeb(browser => browser.WithExplicitStart())
                    .AddDatabase("osmen"),
                builder.AddRedis("redis").WithImageTag(Images.Redis).WithoutHttpsCertificate()
                    .WithRedisInsight(browser => browser.WithExplicitStart())),
            BackingKind.Native => (builder.AddNativePostgres(), builder.AddNativeRedis()),
            _ => (builder.AddSqliteDatabase("osmen", Path.Combine(builder.BackingFolder(), "osmen.db")), builder.AddGarnet()),
        };

    private static IResourceBuilder<IResourceWithConnectionString> AddGarnet(this IDistributedApplicationBuilder builder)
    {
        var garnet = builder.AddExecutable("garnet", "dotnet", builder.BackingFolder(), CompiledProjects.OutputOf("Garnet"));
        return builder.AddRedisAt(garnet.WithServerPort("redis", "--port"));
    }

    private static IResourceBuilder<IResourceWithConnectionString> AddNativeRedis(this IDistributedApplicationBuilder builder)
    {
        var program = Programs.Find("redis-server", "valkey-server") ?? throw new DistributedApplicationException(
            "neither redis-server nor valkey-server is on PATH. Install Redis or Valkey (Debian: apt install redis-server; macOS: brew install redis), or use --backing embedded.");
        var folder = Path.Combine(builder.BackingFolder(), "redis");
        Directory.CreateDirectory(folder);
        Unprivileged.Own(folder);
        var (command, arguments) = Unprivileged.Command(program, ["--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--dir", folder]);
        var server = builder.AddExecutable(Path.GetFileName(program), command, folder, [.. arguments]);
        return builder.AddRedisAt(server.WithServerPort("redis", "--port"));
    }

    private static IResourceBuilder<IResourceWithConnectionString> AddRedisAt(this IDistributedApplicationBuilder builder, IResourceBuilder<ExecutableResource> server)
    {
        var address = server.GetEndpoint("tcp").Property(EndpointProperty.HostAndPort);
        var redis = builder.AddConnectionString("redis", ReferenceExpression.Create($"{address}"));
        builder.Services.AddHealthChecks().AddRedis(_ => Resolve(redis.Resource), name: "redis-ping");
        server.WithHealthCheck("redis-ping").WithIconName("Memory").WithRestart();
        return redis.WaitFor(server);
    }

    private static IResourceBuilder<IResourceWithConnectionString> AddNativePostgres(this IDistributedApplicationBuilder builder)
    {
        var postgres = new NativePostgres(Path.Combine(builder.BackingFolder(), "postgres"));
        var password = builder.AddParameter("postgres-password", postgres.Password, secret: true);
        var server = builder.AddExecutable("postgres-server", postgres.Command, postgres.Folder, [.. postgres.Arguments]).WithServerPort("postgres", "-p");
        var endpoint = server.GetEndpoint("tcp");
        var database = builder.AddConnectionString(
            "osmen",
            ReferenceExpression.Create(
                $"Host={endpoint.Property(EndpointProperty.Host)};Port={endpoint.Property(EndpointProperty.Port)};Username={NativePostgres.User};Password={password};Database=osmen"));

        // Without a pool: a connection that is kept open would delay the server's stop.
        builder.Services.AddHealthChecks().AddNpgSql(_ => Resolve(database.Resource) + ";Pooling=false", name: "postgres-select");
        server.WithHealthCheck("postgres-select").WithIconName("Database").WithRestart().OnBeforeResourceStarted((resource, starting, token) => EndOrphansAsync(postgres, resource, starting, token));
        return database.WaitFor(server);
    }

    private static async Task EndOrphansAsync(NativePostgres postgres, ExecutableResource resource, BeforeResourceStartedEvent starting, CancellationToken cancellationToken)
    {
        if (await new PostgresOrphans(postgres.Data).EndAsync(cancellationToken) is > 0 and var killed)
            LogOrphans(starting.Services.GetRequiredService<ResourceLoggerService>().GetLogger(resource), killed);
    }

    // The server listens on an unproxied port, which it gets as an argument.
    private static IResourceBuilder<ExecutableResource> WithServerPort(this IResourceBuilder<ExecutableResource> server, string scheme, string option)
    {
        server.WithEndpoint(name: "tcp", scheme: scheme, isProxied: false);
        return server.WithArgs(option, server.GetEndpoint("tcp").Property(EndpointProperty.TargetPort));
    }

    private static string Resolve(IResourceWithConnectionString resource) =>
        resource.ConnectionStringExpression.GetValueAsync(default).AsTask().GetAwaiter().GetResult()!;

    [LoggerMessage(LogLevel.Warning, "Killed {Count} processes that an earlier server left behind.")]
    private static partial void LogOrphans(ILogger logger, int count);
}
