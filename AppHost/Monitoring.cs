using OsMEN.AppHost.Backing;
using OsMEN.AppHost.Running;
using OsMEN.Hosting.Monitoring;

namespace OsMEN.AppHost;

/// <summary>Metrics, logs, traces and alerts of the whole system.</summary>
internal static class Monitoring
{
    /// <summary>Adds Prometheus, Alertmanager, Grafana, Loki and Jaeger, as far as the backing can run them.</summary>
    public static void AddMonitoring(
        this IDistributedApplicationBuilder builder,
        IResourceBuilder<ProjectResource> gateway,
        IResourceBuilder<ProjectResource> worker,
        IResourceBuilder<IResourceWithConnectionString> database,
        IResourceBuilder<ParameterResource> scrapeToken)
    {
        if (builder.Backing() != BackingKind.Container)
            return;
        var grafanaPassword = builder.AddGeneratedParameter("grafana-password", 22, "The password of Grafana's user admin.");
        var loki = builder.AddLoki("loki", port: builder.PreferPort("loki", 3100))
            .WithImageTag(Images.Loki)
            .WithConfiguration("../monitoring/loki")
            .WithDataVolume(builder.VolumeName("loki-data"));
        var jaeger = builder.AddJaeger("jaeger", port: builder.PreferPort("jaeger", 16686))
            .WithImageTag(Images.Jaeger)
            .WithConfiguration("../monitoring/jaeger");
        foreach (var service in new[] { gateway, worker })
        {
            if (builder.CallerSetting("LOKI_OTLP_ENDPOINT") is null)
                service.WithEnvironment("LOKI_OTLP_ENDPOINT", loki.Resource.OtlpEndpoint);
            if (builder.CallerSetting("JAEGER_OTLP_ENDPOINT") is null)
                service.WithEnvironment("JAEGER_OTLP_ENDPOINT", jaeger.Resource.OtlpEndpoint);
        }

        var alertmanager = builder.AddAlertmanager("alertmanager", port: builder.PreferPort("alertmanager", 9093))
            .WithImageTag(Images.Alertmanager)
            .WithConfiguration("../monitoring/alertmanager")
            .WithDataVolume(builder.VolumeName("alertmanager-data"));
        var prometheus = builder.AddPrometheus("prometheus", port: builder.PreferPort("prometheus", 9090))
            .WithImageTag(Images.Prometheus)
            .WithConfiguration("../monitoring/prometheus")
            .WithDataVolume(builder.VolumeName("prometheus-data"))
            .WithScrapeToken(scrapeToken)
            .WithScrapeTarget(gateway)
            .WithScrapeTarget(worker)
            .WaitFor(alertmanager);
        if (builder.CallerSetting("PROMETHEUS_URL") is null)
            gateway.WithEnvironment("PROMETHEUS_URL", prometheus.Resource.PrimaryEndpoint);

        // Published, a browser may not reach Jaeger by the name that services use.
        if (builder.ExecutionContext.IsRunMode && builder.CallerSetting("TRACES_URL") is null)
            gateway.WithEnvironment("TRACES_URL", ReferenceExpression.Create($"{jaeger.Resource.PrimaryEndpoint.Property(EndpointProperty.Url)}/trace/"));

        builder.AddGrafana("grafana", grafanaPassword, port: builder.PreferPort("grafana", 3000))
            .WithImageTag(Images.Grafana)
            .WithExternalHttpEndpoints()
            .WithProvisioning("../monitoring/grafana/provisioning")
            .WithDashboards("../monitoring/grafana/dashboards")
            .WithDatasource("PROMETHEUS_URL", prometheus.GetEndpoint("http"))
            .WithDatasource("LOKI_URL", loki.GetEndpoint("http"))
            .WithDatasource("JAEGER_URL", jaeger.GetEndpoint("http"))
            .WithDatasource("ALERTMANAGER_URL", alertmanager.GetEndpoint("http"))
            .WithPostgresDatasource((IResourceBuilder<PostgresDatabaseResource>)database)
            .WithDataVolume(builder.VolumeName("grafana-data"))
            .WaitFor(prometheus);
    }
}
