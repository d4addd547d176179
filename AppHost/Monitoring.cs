using OsMEN.AppHost.Backing;
using OsMEN.AppHost.Running;

namespace OsMEN.AppHost;

/// <summary>Metrics, logs, traces and alerts of the whole system.</summary>
internal static class Monitoring
{
    private const string Configuration = "../monitoring";

    /// <summary>
    /// Adds Prometheus, Alertmanager, Grafana, Loki and Jaeger as containers, or Prometheus and Alertmanager as programs where the backing
    /// has no containers and they are installed. No service waits for them.
    /// </summary>
    public static void AddMonitoring(
        this IDistributedApplicationBuilder builder,
        IResourceBuilder<ProjectResource> gateway,
        IResourceBuilder<ProjectResource> worker,
        IResourceBuilder<IResourceWithConnectionString> database,
        IResourceBuilder<ParameterResource> scrapeToken)
    {
        if (builder.Backing() == BackingKind.Container)
            builder.AddContainers(gateway, worker, database, scrapeToken);
        else
            builder.AddPrograms(gateway, worker, scrapeToken);
    }

    private static void AddContainers(
        this IDistributedApplicationBuilder builder,
        IResourceBuilder<ProjectResource> gateway,
        IResourceBuilder<ProjectResource> worker,
        IResourceBuilder<IResourceWithConnectionString> database,
        IResourceBuilder<ParameterResource> scrapeToken)
    {
        var grafanaPassword = builder.AddGeneratedParameter("grafana-password", 22, "The password of Grafana's user admin.");
        var loki = builder.AddLoki("loki", port: builder.PreferPort("loki", 3100))
            .WithConfiguration($"{Configuration}/loki")
            .WithDataVolume(builder.VolumeName("loki-data"));
        var jaeger = builder.AddJaeger("jaeger", port: builder.PreferPort("jaeger", 16686))
            .WithConfiguration($"{Configuration}/jaeger");
        foreach (var service in new[] { gateway, worker })
        {
            if (builder.CallerSetting("LOKI_OTLP_ENDPOINT") is null)
                service.WithEnvironment("LOKI_OTLP_ENDPOINT", loki.Resource.OtlpEndpoint);
            if (builder.CallerSetting("JAEGER_OTLP_ENDPOINT") is null)
                service.WithEnvironment("JAEGER_OTLP_ENDPOINT", jaeger.Resource.OtlpEndpoint);
        }

        var alertmanager = builder.AddAlertmanager("alertmanager", port: builder.PreferPort("alertmanager", 9093))
            .WithConfiguration($"{Configuration}/alertmanager")
            .WithDataVolume(builder.VolumeName("alertmanager-data"));
        var runFolder = builder.ExecutionContext.IsRunMode ? Path.Combine(builder.BackingFolder(), "prometheus") : null;
        var prometheus = builder.AddPrometheus("prometheus", port: builder.PreferPort("prometheus", 9090), runFolder)
            .WithDataVolume(builder.VolumeName("prometheus-data"))
            .WithScraping(gateway, worker, scrapeToken)
            .WithAlertmanager(alertmanager)
            .WaitFor(alertmanager);

        // Replicas of a published service are found by DNS, which that configuration asks.
        if (builder.ExecutionContext.IsPublishMode)
            prometheus.WithConfiguration($"{Configuration}/prometheus");
        gateway.WithPrometheus(prometheus);

        // Published, a browser may not reach Jaeger by the name that services use.
        if (builder.ExecutionContext.IsRunMode && builder.CallerSetting("TRACES_URL") is null)
        {
            var url = jaeger.Resource.PrimaryEndpoint.Property(EndpointProperty.Url);
            gateway.WithEnvironment("TRACES_URL", ReferenceExpression.Create($"{url}/trace/"));
        }

        builder.AddGrafana("grafana", grafanaPassword, port: builder.PreferPort("grafana", 3000))
            .WithExternalHttpEndpoints()
            .WithProvisioning($"{Configuration}/grafana/provisioning")
            .WithDashboards($"{Configuration}/grafana/dashboards")
            .WithDatasource("PROMETHEUS_URL", prometheus.GetEndpoint("http"))
            .WithDatasource("LOKI_URL", loki.GetEndpoint("http"))
            .WithDatasource("JAEGER_URL", jaeger.GetEndpoint("http"))
            .WithDatasource("ALERTMANAGER_URL", alertmanager.GetEndpoint("http"))
            .WithPostgresDatasource(database)
            .WithDataVolume(builder.VolumeName("grafana-data"))
            .WithUrlForEndpoint("http", _ => new() { Url = "/d/osmen-overview", DisplayText = "Overview board" })
            .WaitFor(prometheus);
    }

    private static void AddPrograms(
        this IDistributedApplicationBuilder builder,
        IResourceBuilder<ProjectResource> gateway,
        IResourceBuilder<ProjectResource> worker,
        IResourceBuilder<ParameterResource> scrapeToken)
    {
        if (Programs.Find("prometheus") is not { } program || builder.ServerFolder("prometheus") is not { } folder)
            return;
        var prometheus = builder.AddPrometheusExecutable("prometheus", program, folder, builder.PreferPort("prometheus", 9090))
            .WithServerUser(Unprivileged.Command, Unprivileged.Own)
            .WithScraping(gateway, worker, scrapeToken)
            .WithRestart();
        gateway.WithPrometheus(prometheus);

        if (Programs.Find("prometheus-alertmanager", "alertmanager") is not { } notifier
            || builder.ServerFolder("alertmanager") is not { } notifierFolder)
        {
            return;
        }

        var alertmanager = builder.AddAlertmanagerExecutable(
                "alertmanager", notifier, notifierFolder, $"{Configuration}/alertmanager", builder.PreferPort("alertmanager", 9093))
            .WithServerUser(Unprivileged.Command, Unprivileged.Own)
            .WithRestart();
        prometheus.WithAlertmanager(alertmanager);
    }

    private static IResourceBuilder<T> WithScraping<T>(
        this IResourceBuilder<T> prometheus,
        IResourceBuilder<ProjectResource> gateway,
        IResourceBuilder<ProjectResource> worker,
        IResourceBuilder<ParameterResource> scrapeToken) where T : IPrometheusResource =>
        prometheus
            .WithRules($"{Configuration}/prometheus/rules")
            .WithScrapeToken(scrapeToken)
            .WithScrapeTarget(gateway)
            .WithScrapeTarget(worker);

    private static void WithPrometheus(this IResourceBuilder<ProjectResource> gateway, IResourceBuilder<IPrometheusResource> prometheus)
    {
        if (gateway.ApplicationBuilder.CallerSetting("PROMETHEUS_URL") is null)
            gateway.WithEnvironment("PROMETHEUS_URL", prometheus.Resource.PrimaryEndpoint);
    }

    // The servers are optional here: what keeps an unprivileged user from running them is reported, and the system starts without them.
    private static string? ServerFolder(this IDistributedApplicationBuilder builder, string name)
    {
        var folder = Path.Combine(builder.BackingFolder(), name);
        try
        {
            Directory.CreateDirectory(folder);
            Unprivileged.Command(name, []);
            Unprivileged.Own(folder);
            return folder;
        }
        catch (DistributedApplicationException e)
        {
            Console.WriteLine($"{name} is not started: {e.Message}");
            return null;
        }
    }
}
