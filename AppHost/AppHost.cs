using OsMEN.AppHost;

DotEnv.Load();
var builder = DistributedApplication.CreateBuilder(args);

var developmentKey = builder.AddParameter("development-key", new GenerateParameterDefault { MinLength = 32, Special = false }, secret: true, persist: true);

var database = builder.AddPostgres("postgres").AddDatabase("osmen");
var redis = builder.AddRedis("redis");

builder.AddProject<Projects.Gateway>("gateway")
    .WithHttpEndpoint(port: 8080)
    .WithExternalHttpEndpoints()
    .WithHttpHealthCheck("/health/ready")
    .WithCatalog()
    .WithApiKey(developmentKey)
    .WithReference(database).WaitFor(database)
    .WithReference(redis).WaitFor(redis);

builder.AddProject<Projects.AgentWorker>("agentworker")
    .WithHttpEndpoint()
    .WithHttpHealthCheck("/health/ready")
    .WithCatalog()
    .WithReplicas(2)
    .WithReference(database).WaitFor(database)
    .WithReference(redis).WaitFor(redis);

builder.Build().Run();
