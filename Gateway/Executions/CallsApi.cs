using System.Globalization;
using OsMEN.Executions;
using OsMEN.Executions.Usage;
using OsMEN.Gateway.Problems;
using OsMEN.Gateway.Security;

namespace OsMEN.Gateway.Executions;

/// <summary>What an execution asked of models and tools.</summary>
internal static class CallsApi
{
    private const int MaxPage = 500;

    public static void MapCallsApi(this IEndpointRouteBuilder app) =>
        app.MapGet("/api/v1/executions/{id}/calls", ReadAsync).RequireAuthorization(Policies.Read).WithTags("Executions").WithName("ListExecutionCalls")
            .WithSummary("Calls of models and of tools that an execution made, oldest first")
            .WithDescription("`?limit=1..500` (default 200) `&cursor=`. Arguments and results of tools are cut to 2,000 characters. What retention removed is absent.")
            .Produces<Page<CallView>>().ProducesValidationProblem().ProducesProblems(404, 503);

    private static async Task<IResult> ReadAsync(string id, string? limit, string? cursor, HttpContext context, IExecutionStore store, CancellationToken cancellationToken)
    {
        var size = 200;
        if (limit is not null && (!int.TryParse(limit, NumberStyles.None, CultureInfo.InvariantCulture, out size) || size is < 1 or > MaxPage))
            return ProblemResponse.Invalid("limit", string.Create(CultureInfo.InvariantCulture, $"must be 1 to {MaxPage}"));
        (DateTimeOffset, string)? after = null;
        if (cursor is { Length: > 0 } && (after = CallView.TryCursor(cursor)) is null)
            return ProblemResponse.Invalid("cursor", "must be the next_cursor of a page");
        if (await ExecutionAccess.FindAsync(store, ApiKeyAuthentication.KeyOf(context), id, cancellationToken) is not { } execution)
            return ProblemResponse.NotFound("There is no such execution.");

        // One more than asked for tells whether there is a next page.
        var found = await store.ReadCallsAsync(new ExecutionCallQuery(execution.Id, after, size + 1), cancellationToken);
        var items = found.Take(size).Select(c => CallView.Of(c, execution.Status.IsFinal())).ToArray();
        return TypedResults.Ok(new Page<CallView>(items, found.Count > size ? CallView.Cursor(found[size - 1]) : null));
    }
}
