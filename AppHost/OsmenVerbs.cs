namespace OsMEN.AppHost;

/// <summary>Verbs of OsMEN's own, written over those that both hosts have.</summary>
internal static class OsmenVerbs
{
    private const string ApiKeys = "OSMEN_API_KEYS";

    /// <summary>The agents, commands and workflows of the repository's <c>catalog</c> folder.</summary>
    public static IResourceBuilder<ProjectResource> WithCatalog(this IResourceBuilder<ProjectResource> project) =>
        project.WithEnvironment("CATALOG_PATH", Path.GetFullPath(Path.Combine(project.ApplicationBuilder.AppHostDirectory, "..", "catalog")));

    /// <summary>A key that may do everything, unless the environment has keys of its own.</summary>
    public static IResourceBuilder<ProjectResource> WithApiKey(this IResourceBuilder<ProjectResource> project, IResourceBuilder<ParameterResource> key) =>
        Environment.GetEnvironmentVariable(ApiKeys) is { Length: > 0 }
            ? project
            : project.WithEnvironment(ApiKeys, ReferenceExpression.Create($"osm_{key.Resource}:admin:dev"));
}
