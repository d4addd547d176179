using OsMEN.Hosting.Monitoring;

namespace OsMEN.AppHost;

/// <summary>Verbs of OsMEN's own, written over those that both hosts have.</summary>
internal static class OsmenVerbs
{
    private const string ApiKeys = "OSMEN_API_KEYS";

    /// <summary>The agents, commands and workflows of <c>CATALOG_PATH</c>, by default the repository's <c>catalog</c> folder, which a published image brings with it.</summary>
    public static IResourceBuilder<ProjectResource> WithCatalog(this IResourceBuilder<ProjectResource> project) => project.WithPath("CATALOG_PATH", "catalog");

    /// <summary>The alert rules of <c>MONITORING_CONFIG_PATH</c>, by default the repository's, which a published image brings with it.</summary>
    public static IResourceBuilder<ProjectResource> WithAlertRules(this IResourceBuilder<ProjectResource> project) => project.WithPath("MONITORING_CONFIG_PATH", "monitoring/alerts.yaml");

    /// <summary>Evaluates the alert rules over Prometheus, where it runs, instead of over the instances' own metrics.</summary>
    public static IResourceBuilder<ProjectResource> WithAlertsOver(this IResourceBuilder<ProjectResource> project, IResourceBuilder<PrometheusResource> prometheus) =>
        project.WithEnvironment(context =>
        {
            if (Own("PROMETHEUS_URL", context.ExecutionContext) is null && (context.ExecutionContext.IsPublishMode || prometheus.Resource.PrimaryEndpoint.IsAllocated))
                context.EnvironmentVariables["PROMETHEUS_URL"] = prometheus.Resource.PrimaryEndpoint;
        });

    /// <summary>A key that may do everything, unless the environment has keys of its own.</summary>
    public static IResourceBuilder<ProjectResource> WithApiKey(this IResourceBuilder<ProjectResource> project, IResourceBuilder<ParameterResource> key) =>
        Own(ApiKeys, project.ApplicationBuilder.ExecutionContext) is null
            ? project.WithEnvironment(ApiKeys, ReferenceExpression.Create($"osm_{key.Resource}:admin:dev"))
            : project;

    /// <summary>Lets the gateway's pages link to Jaeger's, where it runs.</summary>
    public static IResourceBuilder<ProjectResource> WithTraceLinksTo(this IResourceBuilder<ProjectResource> project, IResourceBuilder<JaegerResource> jaeger) =>
        project.WithEnvironment(context =>
        {
            // Published, a browser may not reach it by the name that services do.
            if (context.ExecutionContext.IsRunMode && Own("TRACES_URL", context.ExecutionContext) is null && jaeger.Resource.PrimaryEndpoint.IsAllocated)
                context.EnvironmentVariables["TRACES_URL"] = ReferenceExpression.Create($"{jaeger.Resource.PrimaryEndpoint.Property(EndpointProperty.Url)}/trace/");
        });

    /// <summary>Sends logs to Loki and traces to Jaeger too, where they run.</summary>
    public static IResourceBuilder<ProjectResource> WithTelemetryTo(
        this IResourceBuilder<ProjectResource> project, IResourceBuilder<LokiResource> loki, IResourceBuilder<JaegerResource> jaeger) =>
        project.WithEnvironment(context =>
        {
            // Nothing may run them on this machine; then there is no address either.
            if (Own("LOKI_OTLP_ENDPOINT", context.ExecutionContext) is null && (context.ExecutionContext.IsPublishMode || loki.Resource.PrimaryEndpoint.IsAllocated))
                context.EnvironmentVariables["LOKI_OTLP_ENDPOINT"] = loki.Resource.OtlpEndpoint;
            if (Own("JAEGER_OTLP_ENDPOINT", context.ExecutionContext) is null && (context.ExecutionContext.IsPublishMode || jaeger.Resource.OtlpHttp.IsAllocated))
                context.EnvironmentVariables["JAEGER_OTLP_ENDPOINT"] = jaeger.Resource.OtlpEndpoint;
        });

    private static IResourceBuilder<ProjectResource> WithPath(this IResourceBuilder<ProjectResource> project, string name, string ours)
    {
        var (builder, context) = (project.ApplicationBuilder, project.ApplicationBuilder.ExecutionContext);
        return project.WithEnvironment(name, context.IsPublishMode ? $"/app/{ours}" : Path.GetFullPath(Path.Combine(builder.AppHostDirectory, "..", Own(name, context) ?? ours)));
    }

    // What whoever starts this set, there or in .env, goes before what this would set. What is published names nothing of this machine.
    private static string? Own(string name, DistributedApplicationExecutionContext context) =>
        context.IsRunMode && Environment.GetEnvironmentVariable(name) is { Length: > 0 } value ? value : null;
}
