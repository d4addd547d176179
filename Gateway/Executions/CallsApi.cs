using OsMEN.Executions;
using OsMEN.Executions.Usage;
using OsMEN.Gateway.Problems;
using OsMEN.Gateway.Queries;
using OsMEN.Gateway.Security;

namespace OsMEN.Gateway.Executions;

/// <summary>What an execution asked of models and tools.</summary>
internal static class CallsApi
{
    private static readonly QueryParameter<(DateTimeOffset, string)?> After = QueryParameter.Cursor(CallView.TryCursor);
    private static readonly QueryParameter<int?> Limit = QueryParameter.Limit(200, 500);

    public static void MapCallsApi(this IEndpointRouteBuilder app) =>
        app.MapGet("/api/v1/executions/{id}/calls", ReadAsync).RequireAuthorization(Policies.Read).WithTags("Executions").WithName("ListExecutionCalls")
            .WithSummary("Calls of models and of tools that an execution made, oldest first")
            .WithDescription("Arguments and results of tools are cut to 2,000 characters. What retention removed is absent.")
            .Takes(After, Limit).Produces<Page<CallView>>().ProducesProblems(404, 503);

    private static async Task<IResult> ReadAsync(string id, HttpContext context, IExecutionStore store, CancellationToken cancellationToken)
    {
        if (await ExecutionAccess.FindAsync(store, ApiKeyAuthentication.KeyOf(context), id, cancellationToken) is not { } execution)
            return ProblemResponse.NotFound("There is no such execution.");

        var size = Limit.Of(context)!.Value;

        // One more than asked for tells whether there is a next page.
        var found = await store.ReadCallsAsync(new ExecutionCallQuery(execution.Id, After.Of(context), size + 1), cancellationToken);
        var items = found.Take(size).Select(c => CallView.Of(c, execution.Status.IsFinal())).ToArray();
        return TypedResults.Ok(new Page<CallView>(items, found.Count > size ? CallView.Cursor(found[size - 1]) : null));
    }
}
