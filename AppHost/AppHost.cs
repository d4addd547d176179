using OsMEN.AppHost;
using OsMEN.Hosting.Monitoring;

DotEnv.Load();
var builder = DistributedApplication.CreateBuilder(args);

var developmentKey = builder.AddParameter("development-key", new GenerateParameterDefault { MinLength = 32, Special = false }, secret: true, persist: true);

var grafanaPassword = builder.AddParameter("grafana-password", new GenerateParameterDefault { MinLength = 22, Special = false }, secret: true, persist: true);
var scrapeToken = builder.AddParameter("scrape-token", new GenerateParameterDefault { MinLength = 32, Special = false }, secret: true, persist: true);

var database = builder.AddPostgres("postgres").WithImageTag(Images.Postgres).WithDataVolume("postgres-data").AddDatabase("osmen");
var redis = builder.AddRedis("redis").WithImageTag(Images.Redis);

var loki = builder.AddLoki("loki", port: 3100)
    .WithImageTag(Images.Loki)
    .WithConfiguration("../monitoring/loki")
    .WithDataVolume();
var jaeger = builder.AddJaeger("jaeger", port: 16686)
    .WithImageTag(Images.Jaeger)
    .WithConfiguration("../monitoring/jaeger");

var gateway = builder.AddProject<Projects.Gateway>("gateway")
    .WithHttpEndpoint(port: 8080)
    .WithExternalHttpEndpoints()
    .WithHttpHealthCheck("/health/ready")
    .WithCatalog()
    .WithAlertRules()
    .WithApiKey(developmentKey)
    .WithTelemetryTo(loki, jaeger)
    .WithTraceLinksTo(jaeger)
    .WithEnvironment("METRICS_SCRAPE_TOKEN", scrapeToken)
    .WithReference(database).WaitFor(database)
    .WithReference(redis).WaitFor(redis);

var agentworker = builder.AddProject<Projects.AgentWorker>("agentworker")
    .WithHttpEndpoint()
    .WithHttpHealthCheck("/health/ready")
    .WithCatalog()
    .WithReplicas(2)
    .WithTelemetryTo(loki, jaeger)
    .WithEnvironment("METRICS_SCRAPE_TOKEN", scrapeToken)
    .WithReference(database).WaitFor(database)
    .WithReference(redis).WaitFor(redis);

var alertmanager = builder.AddAlertmanager("alertmanager", port: 9093)
    .WithImageTag(Images.Alertmanager)
    .WithConfiguration("../monitoring/alertmanager")
    .WithDataVolume();
var prometheus = builder.AddPrometheus("prometheus", port: 9090)
    .WithImageTag(Images.Prometheus)
    .WithConfiguration("../monitoring/prometheus")
    .WithDataVolume()
    .WithScrapeToken(scrapeToken)
    .WithScrapeTarget(gateway)
    .WithScrapeTarget(agentworker)
    .WaitFor(alertmanager);
gateway.WithAlertsOver(prometheus);

builder.AddGrafana("grafana", grafanaPassword, port: 3000)
    .WithImageTag(Images.Grafana)
    .WithExternalHttpEndpoints()
    .WithProvisioning("../monitoring/grafana/provisioning")
    .WithDashboards("../monitoring/grafana/dashboards")
    .WithDatasource("PROMETHEUS_URL", prometheus.GetEndpoint("http"))
    .WithDatasource("LOKI_URL", loki.GetEndpoint("http"))
    .WithDatasource("JAEGER_URL", jaeger.GetEndpoint("http"))
    .WithDatasource("ALERTMANAGER_URL", alertmanager.GetEndpoint("http"))
    .WithPostgresDatasource(database)
    .WithDataVolume()
    .WaitFor(prometheus);

builder.Build().Run();
