using OsMEN.Hosting.Monitoring;

namespace OsMEN.AppHost;

/// <summary>Verbs of OsMEN's own, written over those that both hosts have.</summary>
internal static class OsmenVerbs
{
    private const string ApiKeys = "OSMEN_API_KEYS";

    /// <summary>The agents, commands and workflows of the repository's <c>catalog</c> folder, which a published image brings with it.</summary>
    public static IResourceBuilder<ProjectResource> WithCatalog(this IResourceBuilder<ProjectResource> project) =>
        project.WithEnvironment(
            "CATALOG_PATH",
            project.ApplicationBuilder.ExecutionContext.IsPublishMode
                ? "/app/catalog"
                : Path.GetFullPath(Path.Combine(project.ApplicationBuilder.AppHostDirectory, "..", "catalog")));

    /// <summary>The alert rules of the repository, which a published image brings with it.</summary>
    public static IResourceBuilder<ProjectResource> WithAlertRules(this IResourceBuilder<ProjectResource> project) =>
        project.WithEnvironment(
            "MONITORING_CONFIG_PATH",
            project.ApplicationBuilder.ExecutionContext.IsPublishMode
                ? "/app/monitoring/alerts.yaml"
                : Path.GetFullPath(Path.Combine(project.ApplicationBuilder.AppHostDirectory, "..", "monitoring", "alerts.yaml")));

    /// <summary>Evaluates the alert rules over Prometheus, where it runs, instead of over the instances' own metrics.</summary>
    public static IResourceBuilder<ProjectResource> WithAlertsOver(this IResourceBuilder<ProjectResource> project, IResourceBuilder<PrometheusResource> prometheus) =>
        project.WithEnvironment(context =>
        {
            if (context.ExecutionContext.IsPublishMode || prometheus.Resource.PrimaryEndpoint.IsAllocated)
                context.EnvironmentVariables["PROMETHEUS_URL"] = prometheus.Resource.PrimaryEndpoint;
        });

    /// <summary>A key that may do everything, unless the environment has keys of its own.</summary>
    public static IResourceBuilder<ProjectResource> WithApiKey(this IResourceBuilder<ProjectResource> project, IResourceBuilder<ParameterResource> key) =>
        project.ApplicationBuilder.ExecutionContext.IsRunMode && Environment.GetEnvironmentVariable(ApiKeys) is { Length: > 0 }
            ? project
            : project.WithEnvironment(ApiKeys, ReferenceExpression.Create($"osm_{key.Resource}:admin:dev"));

    /// <summary>Lets the gateway's pages link to Jaeger's, where it runs.</summary>
    public static IResourceBuilder<ProjectResource> WithTraceLinksTo(this IResourceBuilder<ProjectResource> project, IResourceBuilder<JaegerResource> jaeger) =>
        project.WithEnvironment(context =>
        {
            // Published, a browser may not reach it by the name that services do.
            if (context.ExecutionContext.IsRunMode && jaeger.Resource.PrimaryEndpoint.IsAllocated)
                context.EnvironmentVariables["TRACES_URL"] = ReferenceExpression.Create($"{jaeger.Resource.PrimaryEndpoint.Property(EndpointProperty.Url)}/trace/");
        });

    /// <summary>Sends logs to Loki and traces to Jaeger too, where they run.</summary>
    public static IResourceBuilder<ProjectResource> WithTelemetryTo(
        this IResourceBuilder<ProjectResource> project, IResourceBuilder<LokiResource> loki, IResourceBuilder<JaegerResource> jaeger) =>
        project.WithEnvironment(context =>
        {
            // Nothing may run them on this machine; then there is no address either.
            if (context.ExecutionContext.IsPublishMode || loki.Resource.PrimaryEndpoint.IsAllocated)
                context.EnvironmentVariables["LOKI_OTLP_ENDPOINT"] = loki.Resource.OtlpEndpoint;
            if (context.ExecutionContext.IsPublishMode || jaeger.Resource.OtlpHttp.IsAllocated)
                context.EnvironmentVariables["JAEGER_OTLP_ENDPOINT"] = jaeger.Resource.OtlpEndpoint;
        });
}
