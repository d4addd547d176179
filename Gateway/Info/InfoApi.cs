using OsMEN.Executions;
using OsMEN.Executions.Catalog;
using OsMEN.Gateway.Problems;
using OsMEN.Gateway.Security;
using OsMEN.Llm;
using OsMEN.ServiceDefaults;

namespace OsMEN.Gateway.Info;

/// <summary>What runs here. Nothing in it is secret.</summary>
internal sealed record InfoView(
    string Service, string Version, string Commit, IReadOnlyList<string> Components, int Agents, IReadOnlyList<string> Providers, string DefaultModel, IReadOnlyList<string> Endpoints);

internal static class InfoApi
{
    public static void MapInfoApi(this IEndpointRouteBuilder app) =>
        app.MapGet("/info", Get).RequireAuthorization(Policies.Read).WithTags("Info").WithName("GetInfo").WithSummary("Version, components, providers, endpoints")
            .Produces<InfoView>().ProducesProblems();

    private static IResult Get(ServiceIdentity service, IExecutionStore store, AgentCatalog catalog, LlmOptions llm, EndpointDataSource endpoints) =>
        TypedResults.Ok(new InfoView(
            service.Name,
            service.Version,
            service.Commit,
            [store.Kind, "redis"],
            catalog.List().Count,
            llm.Available,
            llm.DefaultModel.ToString(),
            [.. endpoints.Endpoints.OfType<RouteEndpoint>().Select(e => e.RoutePattern.RawText ?? "").Where(p => p.StartsWith('/')).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal)]));
}
