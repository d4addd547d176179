using Microsoft.Extensions.Hosting;
using OsMEN.AppHost.Running;

namespace OsMEN.AppHost;

/// <summary>How OsMEN's services are configured in the model.</summary>
internal static class ServiceExtensions
{
    /// <summary>Adds a secret that is generated once and kept in the user's secrets. Letters and digits only, so that it can be part of any URL.</summary>
    public static IResourceBuilder<ParameterResource> AddGeneratedParameter(this IDistributedApplicationBuilder builder, string name, int length, string description) =>
        builder.AddParameter(name, new GenerateParameterDefault { MinLength = length, Special = false }, secret: true, persist: true).WithDescription(description);

    /// <summary>
    /// What gateway and workers have in common: they read connection strings, not the parts of them. In run mode they start compiled, are
    /// restarted when they die, and know their environment.
    /// </summary>
    public static IResourceBuilder<ProjectResource> WithServiceDefaults(this IResourceBuilder<ProjectResource> project)
    {
        project.WithReferenceEnvironment(ReferenceEnvironmentInjectionFlags.ConnectionString);
        return project.ApplicationBuilder.ExecutionContext.IsPublishMode
            ? project
            : project.RunCompiled().WithRestart().WithEnvironment("ASPNETCORE_ENVIRONMENT", project.ApplicationBuilder.Environment.EnvironmentName);
    }

    /// <summary>Sets <c>CATALOG_PATH</c> to the repository's <c>catalog</c> folder, which a published image contains.</summary>
    public static IResourceBuilder<ProjectResource> WithCatalog(this IResourceBuilder<ProjectResource> project) => project.WithPath("CATALOG_PATH", "catalog");

    /// <summary>Sets <c>MONITORING_CONFIG_PATH</c> to the repository's alert rules, which a published image contains.</summary>
    public static IResourceBuilder<ProjectResource> WithAlertRules(this IResourceBuilder<ProjectResource> project) =>
        project.WithPath("MONITORING_CONFIG_PATH", "monitoring/alerts.yaml");

    /// <summary>Names the gateway's addresses in Aspire's dashboard by what is there.</summary>
    public static IResourceBuilder<ProjectResource> WithGatewayUrls(this IResourceBuilder<ProjectResource> gateway) =>
        gateway.WithIconName("Router").WithUrls(urls =>
        {
            if (urls.GetEndpoint("http") is not { } http)
                return;
            foreach (var url in urls.Urls.Where(u => u.Endpoint?.EndpointName == "http"))
                url.DisplayText = "Gateway";
            urls.Urls.Add(new() { Url = "/dashboard", DisplayText = "Dashboard", Endpoint = http });
            urls.Urls.Add(new() { Url = "/api/v1/openapi.json", DisplayText = "API description", Endpoint = http });
            if (gateway.ApplicationBuilder.Environment.IsDevelopment())
                urls.Urls.Add(new() { Url = "/scalar", DisplayText = "API reference", Endpoint = http });
        });

    /// <summary>Adds the admin key, unless the environment already has keys. Its user is <c>dev</c>, or <c>admin</c> where it is published.</summary>
    public static IResourceBuilder<ProjectResource> WithApiKey(this IResourceBuilder<ProjectResource> project, IResourceBuilder<ParameterResource> key)
    {
        var builder = project.ApplicationBuilder;
        var user = builder.ExecutionContext.IsPublishMode ? "admin" : "dev";
        return builder.CallerSetting(AdminKey.Setting) is null
            ? project.WithEnvironment(AdminKey.Setting, ReferenceExpression.Create($"osm_{key.Resource}:admin:{user}"))
            : project;
    }

    /// <summary>
    /// The value of an environment variable that whoever starts AppHost has set, there or in <c>.env</c>; it takes precedence over what the
    /// model would set. Null in publish mode: what is published names nothing of this machine.
    /// </summary>
    public static string? CallerSetting(this IDistributedApplicationBuilder builder, string name) =>
        builder.ExecutionContext.IsRunMode && Environment.GetEnvironmentVariable(name) is { Length: > 0 } value ? value : null;

    private static IResourceBuilder<ProjectResource> WithPath(this IResourceBuilder<ProjectResource> project, string name, string path)
    {
        var builder = project.ApplicationBuilder;
        return project.WithEnvironment(
            name,
            builder.ExecutionContext.IsPublishMode ? $"/app/{path}" : Path.GetFullPath(Path.Combine(builder.AppHostDirectory, "..", builder.CallerSetting(name) ?? path)));
    }
}
