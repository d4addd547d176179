using OsMEN.AppHost;

DotEnv.Load();
var builder = DistributedApplication.CreateBuilder(args);
var gateway = builder.AddProject<Projects.Gateway>("gateway", launchProfileName: null).WithHttpEndpoint(port: 8080).WithHttpHealthCheck("/health/ready");
builder.Build().Run();
