using OsMEN.Executions.Catalog;
using OsMEN.Gateway.Problems;
using OsMEN.Gateway.Queries;

namespace OsMEN.Gateway.Executions;

/// <summary>What every endpoint that starts something takes and answers.</summary>
internal static class StartEndpoint
{
    private static readonly TimeSpan MaxWait = TimeSpan.FromMinutes(5);

    /// <summary>How long the answer may wait for the execution's end; null answers at once.</summary>
    public static readonly QueryParameter<TimeSpan?> Wait = new(
        "wait",
        "How long to wait for the end, such as 30s",
        "must be a duration such as 30s, at most 5m",
        QueryParameter.OfText,
        text => DurationText.TryParse(text, out var wait) && wait <= MaxWait ? wait : null);

    public static RouteHandlerBuilder StartsExecution(this RouteHandlerBuilder endpoint) => endpoint
        .Takes(Wait)
        .Accepts<ExecutionRequest>("application/json")
        .Produces<ExecutionView>(StatusCodes.Status202Accepted).Produces<ExecutionView>()
        .ProducesProblems(402, 404, 409, 413, 415, 429, 503);
}
