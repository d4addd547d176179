using OsMEN.AppHost;
using OsMEN.AppHost.Backing;
using OsMEN.AppHost.Commands;
using OsMEN.AppHost.Publishing;
using OsMEN.AppHost.Running;

DotEnv.Load();
PreferredPorts.SetDashboardAddresses();
return await StartupErrors.RunAsync(async () =>
{
    CommandLine.Check(args);
    var builder = DistributedApplication.CreateBuilder(args);
    builder.AddRunSupport();

    var adminKey = builder.AddGeneratedParameter(AdminKey.ParameterName, 32, "The API key that may do everything, without its prefix osm_.");
    var scrapeToken = builder.AddGeneratedParameter("scrape-token", 32, "What Prometheus shows to read /metrics.");
    var (database, redis) = builder.AddBacking();

    var gateway = builder.AddProject<Projects.Gateway>("gateway", launchProfileName: null)
        .WithHttpEndpoint(port: builder.PreferPort("gateway", 8080))
        .WithExternalHttpEndpoints()
        .WithHttpHealthCheck("/health/ready")
        .WithServiceDefaults()
        .WithCatalog()
        .WithAlertRules()
        .WithApiKey(adminKey)
        .WithLoginLink()
        .WithEnvironment("METRICS_SCRAPE_TOKEN", scrapeToken)
        .WithReference(database).WaitFor(database)
        .WithReference(redis).WaitFor(redis)
        .WithGatewayUrls()
        .WithGatewayCommands(adminKey, database)
        .WithMcpServer("/mcp", endpointName: "http");

    var worker = builder.AddProject<Projects.AgentWorker>("agentworker", launchProfileName: null)
        .WithHttpEndpoint()
        .WithHttpHealthCheck("/health/ready")
        .WithServiceDefaults()
        .WithCatalog()
        .WithReplicas(2)
        .WithEnvironment("METRICS_SCRAPE_TOKEN", scrapeToken)
        .WithReference(database).WaitFor(database)
        .WithReference(redis).WaitFor(redis)
        .WithIconName("BotSparkle")
        .WithWorkerCommands();

    builder.AddMonitoring(gateway, worker, database, scrapeToken);
    builder.AddPublishing();

    await using var app = builder.Build();
    await app.RunAsync();
});
