using OsMEN.Executions;
using OsMEN.Executions.Catalog;
using OsMEN.Executions.Workflows;
using OsMEN.Gateway.Audit;
using OsMEN.Gateway.Budgets;
using OsMEN.Gateway.Problems;
using OsMEN.Gateway.Queries;
using OsMEN.Gateway.Security;

namespace OsMEN.Gateway.Executions;

/// <summary>Starting, reading and changing executions.</summary>
internal static class ExecutionsApi
{
    public static void MapExecutionsApi(this IEndpointRouteBuilder app)
    {
        var api = app.MapGroup("/api/v1").RequireAuthorization(Policies.Read).WithTags("Executions");
        api.MapPost("/agents/{id}/executions", StartAsync).RequireAuthorization(Policies.Run)
            .WithName("StartExecution").WithSummary("Starts an agent; with ?wait=30s answers once it has finished")
            .StartsExecution();
        api.MapGet("/executions", ListAsync).WithName("ListExecutions").WithSummary("Executions, newest first")
            .Takes(ExecutionFilter.Parameters).Produces<Page<ExecutionView>>().ProducesProblems(503);
        api.MapGet("/executions/{id}", GetAsync).WithName("GetExecution").WithSummary("One execution")
            .Produces<ExecutionView>().ProducesProblems(404, 503);
        api.MapPost("/executions/{id}/cancel", CancelAsync).Audited("execution.cancelled").RequireAuthorization(Policies.Run).WithName("CancelExecution")
            .WithSummary("Cancels: 200 once it is, 202 while its worker stops it, 409 when it had ended before")
            .Produces<ExecutionView>().Produces<ExecutionView>(StatusCodes.Status202Accepted).ProducesProblems(404, 409, 503);
        api.MapPost("/executions/{id}/retry", RetryAsync).Audited("execution.retried").RequireAuthorization(Policies.Run).WithName("RetryExecution")
            .WithSummary("Queues a failed, cancelled or timed-out execution again")
            .Produces<ExecutionView>(StatusCodes.Status202Accepted).ProducesProblems(404, 409, 503);
        app.MapCallsApi();
    }

    private static async Task<IResult> StartAsync(
        string id, HttpContext context, AgentCatalog catalog, AgentAdmission budgets, ExecutionStarter starter, CancellationToken cancellationToken) =>
        await catalog.FindFreshAsync(id, cancellationToken) is { } agent
            ? await starter.StartAsync(
                new StartTarget(ExecutionKind.Agent, agent.Id, agent.Limits.MaxAttempts, (asked, token) => budgets.CheckAsync(agent, asked, token)), context, cancellationToken)
            : ProblemResponse.NotFound("There is no such agent.");

    private static async Task<IResult> ListAsync(HttpContext context, IExecutionStore store, CancellationToken cancellationToken)
    {
        var query = ExecutionFilter.Read(context);
        var key = ApiKeyAuthentication.KeyOf(context);
        if (key.Role == Role.User)
        {
            if (query.User is { } other && other != key.User)
                return TypedResults.Ok(new Page<ExecutionView>([], null));
            query = query with { User = key.User };
        }

        // One more than asked for tells whether there is a next page.
        var found = await store.ListAsync(query with { Limit = query.Limit + 1 }, cancellationToken);
        var more = found.Count > query.Limit;
        var items = found.Take(query.Limit).Select(ExecutionView.Of).ToArray();
        return TypedResults.Ok(new Page<ExecutionView>(items, more ? ExecutionFilter.Cursor(items[^1].Id) : null));
    }

    private static async Task<IResult> GetAsync(string id, HttpContext context, IExecutionStore store, CancellationToken cancellationToken) =>
        await ExecutionAccess.FindAsync(store, ApiKeyAuthentication.KeyOf(context), id, cancellationToken) is { } execution
            ? TypedResults.Ok(ExecutionView.Of(execution))
            : Unknown();

    private static async Task<IResult> CancelAsync(string id, HttpContext context, IExecutionStore store, ExecutionSignals signals, ChildExecutions children, CancellationToken cancellationToken)
    {
        if (await ExecutionAccess.FindAsync(store, ApiKeyAuthentication.KeyOf(context), id, cancellationToken) is not { Id: var guid } ||
            await store.CancelAsync(guid, cancellationToken) is not { } result)
            return Unknown();
        if (!result.Changed && result.Execution.Status != ExecutionStatus.Cancelled)
            return ProblemResponse.Create(StatusCodes.Status409Conflict, $"The execution had ended before: {result.Execution.Status.ToWire()}.");
        if (result.Changed)
            AuditIfForeign(context, "execution.cancelled", result.Execution);
        signals.Cancel(guid);
        signals.Changed(guid);

        // One that runs stops its children itself; one that waits for another attempt may have left some behind.
        if (result.Execution.Status.IsFinal())
            await children.CancelAsync(guid, cancellationToken);
        var view = ExecutionView.Of(result.Execution);
        return result.Execution.Status.IsFinal() ? TypedResults.Ok(view) : TypedResults.Accepted((string?)null, view);
    }

    private static async Task<IResult> RetryAsync(string id, HttpContext context, IExecutionStore store, ExecutionSignals signals, WorkflowRetry workflows, CancellationToken cancellationToken)
    {
        if (await ExecutionAccess.FindAsync(store, ApiKeyAuthentication.KeyOf(context), id, cancellationToken) is not { Id: var guid } execution)
            return Unknown();
        if (execution.Kind == ExecutionKind.Workflow && execution.Status.IsFinal() && execution.Status != ExecutionStatus.Completed
            && await workflows.PrepareAsync(execution, cancellationToken) is { } refusal)
            return ProblemResponse.Create(StatusCodes.Status409Conflict, refusal);
        if (await store.RetryAsync(guid, cancellationToken) is not { } result)
            return Unknown();
        if (!result.Changed)
            return ProblemResponse.Create(StatusCodes.Status409Conflict, $"Only what failed, timed out or was cancelled can be retried; this is {result.Execution.Status.ToWire()}.");
        AuditIfForeign(context, "execution.retried", result.Execution);
        signals.Changed(guid);
        signals.Wake();
        return TypedResults.Accepted($"/api/v1/executions/{guid}", ExecutionView.Of(result.Execution));
    }

    // What owners do with their own is in its events.
    private static void AuditIfForeign(HttpContext context, string action, Execution execution)
    {
        if (ApiKeyAuthentication.KeyOf(context).User != execution.User)
            context.Audit(action, execution.Id.ToString(), new() { ["user"] = execution.User, ["kind"] = execution.Kind.ToWire(), ["target"] = execution.Target }, null);
    }

    private static IResult Unknown() => ProblemResponse.NotFound("There is no such execution.");
}
