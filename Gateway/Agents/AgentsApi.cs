using OsMEN.Executions.Catalog;
using OsMEN.Gateway.Audit;
using OsMEN.Gateway.Executions;
using OsMEN.Gateway.Problems;
using OsMEN.Gateway.Security;

namespace OsMEN.Gateway.Agents;

/// <summary>What agents there are; administrators add and remove them.</summary>
internal static class AgentsApi
{
    public static void MapAgentsApi(this IEndpointRouteBuilder app)
    {
        var api = app.MapGroup("/api/v1/agents").RequireAuthorization(Policies.Read).WithTags("Agents");
        api.MapGet("", List).WithName("ListAgents").WithSummary("All agents").Produces<Page<RawJson>>().ProducesProblems();
        api.MapGet("/{id}", GetAsync).WithName("GetAgent").WithSummary("One agent, with an example of its input").Produces<RawJson>().ProducesProblems(404, 503);
        api.MapPut("/{id}", PutAsync).Audited("agent.put").RequireAuthorization(Policies.Manage).WithName("PutAgent").WithSummary("Adds or replaces an llm agent")
            .Accepts<RawJson>("application/json").Produces<RawJson>().ProducesValidationProblem().ProducesProblems(413, 415, 503);
        api.MapDelete("/{id}", DeleteAsync).Audited("agent.deleted").RequireAuthorization(Policies.Manage).WithName("DeleteAgent")
            .WithSummary("Removes an agent; one that a file declares stays hidden until it is put again").Produces(StatusCodes.Status204NoContent).ProducesProblems(404, 503);
    }

    private static IResult List(AgentCatalog catalog) => TypedResults.Ok(new Page<RawJson>([.. catalog.List().Select(View)], null));

    private static async Task<IResult> GetAsync(string id, AgentCatalog catalog, CancellationToken cancellationToken) =>
        await catalog.FindFreshAsync(id, cancellationToken) is { } agent ? TypedResults.Ok(View(agent)) : Unknown();

    private static async Task<IResult> PutAsync(string id, HttpContext context, RequestBody requestBody, AgentCatalog catalog, CancellationToken cancellationToken)
    {
        var (document, problem) = await requestBody.ReadJsonAsync(context.Request, cancellationToken);
        if (document is null)
            return problem!;
        using var body = document;
        var (agent, errors) = AgentJson.Read(body.RootElement, id);
        if (agent is not null && agent.Id != id)
            return ProblemResponse.Invalid("id", "differs from the one in the address");
        if (agent is null)
            return ProblemResponse.Invalid(errors.Select(e => (e.Field, e.Message)));
        var before = await catalog.FindFreshAsync(id, cancellationToken);
        await catalog.PutAsync(agent, cancellationToken);
        context.Audit("agent.put", id, AuditChanges.BetweenJson(before is null ? null : AgentJson.Write(before), AgentJson.Write(agent)));
        return TypedResults.Ok(View(agent));
    }

    private static async Task<IResult> DeleteAsync(string id, HttpContext context, AgentCatalog catalog, CancellationToken cancellationToken)
    {
        if (!await catalog.DeleteAsync(id, cancellationToken))
            return Unknown();
        context.Audit("agent.deleted", id);
        return TypedResults.NoContent();
    }

    private static RawJson View(AgentDefinition agent) => new(AgentJson.Write(agent));

    private static IResult Unknown() => ProblemResponse.NotFound("There is no such agent.");
}
