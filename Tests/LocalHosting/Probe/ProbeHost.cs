using OsMEN.LocalHosting;

namespace OsMEN.Probe;

/// <summary>What the tests of LocalHosting run as a process of its own: a small AppHost, and the services of its model.</summary>
internal static class ProbeHost
{
    public static Task Main(string[] args) =>
        Environment.GetEnvironmentVariable("PROBE_SERVICE") is { } name ? ProbeService.RunAsync(name) : HostAsync(args);

    private static async Task HostAsync(string[] args)
    {
        var folder = Environment.GetEnvironmentVariable("PROBE_FOLDER")!;
        var builder = DistributedApplication.CreateBuilder(new DistributedApplicationOptions { Args = args, ProjectDirectory = folder });
        var key = builder.AddParameter("development-key", new GenerateParameterDefault { MinLength = 32, Special = false }, secret: true, persist: true);
        var database = builder.AddPostgres("postgres").AddDatabase("osmen");
        var api = builder.AddProject<ServiceOfProbe>("api")
            .WithHttpEndpoint(port: int.Parse(Environment.GetEnvironmentVariable("PROBE_PORT")!, System.Globalization.CultureInfo.InvariantCulture))
            .WithExternalHttpEndpoints()
            .WithHttpHealthCheck("/health/ready")
            .WithEnvironment("PROBE_SERVICE", "api")
            .WithEnvironment("OSMEN_API_KEYS", ReferenceExpression.Create($"osm_{key}:admin:dev"))
            .WithReference(database).WaitFor(database);
        if (Environment.GetEnvironmentVariable("PROBE_REDIS") is not null)
        {
            var redis = builder.AddRedis("redis");
            api.WithReference(redis).WaitFor(redis);
        }

        builder.AddProject<ServiceOfProbe>("worker")
            .WithHttpEndpoint()
            .WithHttpHealthCheck("/health/ready")
            .WithReplicas(2)
            .WithEnvironment("PROBE_SERVICE", "worker")
            .WithReference(api).WaitFor(api);
        await builder.Build().RunAsync();
    }

    private sealed class ServiceOfProbe : IProjectMetadata
    {
        public string ProjectPath => Path.Combine(Environment.GetEnvironmentVariable("PROBE_FOLDER")!, "Probe.csproj");

        public string OutputPath => typeof(ProbeHost).Assembly.Location;
    }
}
