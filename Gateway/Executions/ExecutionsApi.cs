using System.Diagnostics;
using OsMEN.Executions;
using OsMEN.Executions.Catalog;
using OsMEN.Gateway.Audit;
using OsMEN.Gateway.Budgets;
using OsMEN.Gateway.Problems;
using OsMEN.Gateway.Security;

namespace OsMEN.Gateway.Executions;

/// <summary>Starting, reading and changing executions.</summary>
internal static class ExecutionsApi
{
    private static readonly TimeSpan MaxWait = TimeSpan.FromMinutes(5);

    public static void MapExecutionsApi(this IEndpointRouteBuilder app)
    {
        var api = app.MapGroup("/api/v1").RequireAuthorization(Policies.Read).WithTags("Executions");
        api.MapPost("/agents/{id}/executions", StartAsync).RequireAuthorization(Policies.Run)
            .WithName("StartExecution").WithSummary("Starts an agent; with ?wait=30s answers once it has finished")
            .Accepts<ExecutionRequest>("application/json")
            .Produces<ExecutionView>(StatusCodes.Status202Accepted).Produces<ExecutionView>()
            .ProducesValidationProblem().ProducesProblems(402, 404, 409, 413, 415, 429, 503);
        api.MapGet("/executions", ListAsync).WithName("ListExecutions").WithSummary("Executions, newest first")
            .Produces<Page<ExecutionView>>().ProducesValidationProblem().ProducesProblems(503);
        api.MapGet("/executions/{id}", GetAsync).WithName("GetExecution").WithSummary("One execution")
            .Produces<ExecutionView>().ProducesProblems(404, 503);
        api.MapPost("/executions/{id}/cancel", CancelAsync).Audited("execution.cancelled").RequireAuthorization(Policies.Run).WithName("CancelExecution")
            .WithSummary("Cancels: 200 once it is, 202 while its worker stops it, 409 when it had ended before")
            .Produces<ExecutionView>().Produces<ExecutionView>(StatusCodes.Status202Accepted).ProducesProblems(404, 409, 503);
        api.MapPost("/executions/{id}/retry", RetryAsync).Audited("execution.retried").RequireAuthorization(Policies.Run).WithName("RetryExecution")
            .WithSummary("Queues a failed, cancelled or timed-out execution again")
            .Produces<ExecutionView>(StatusCodes.Status202Accepted).ProducesProblems(404, 409, 503);
    }

    private static async Task<IResult> StartAsync(
        string id,
        string? wait,
        HttpContext context,
        RequestBody requestBody,
        AgentCatalog catalog,
        ExecutionAcceptor acceptor,
        ExecutionCompletions completions,
        AgentAdmission budgets,
        IExecutionStore store,
        RequestMetrics metrics,
        TimeProvider time,
        CancellationToken cancellationToken)
    {
        var patience = TimeSpan.Zero;
        if (wait is not null && (!DurationText.TryParse(wait, out patience) || patience > MaxWait))
            return ProblemResponse.Invalid("wait", "must be a duration such as 30s, at most 5m");
        if (await catalog.FindFreshAsync(id, cancellationToken) is not { } agent)
            return ProblemResponse.NotFound("There is no such agent.");
        var (document, problem) = await requestBody.ReadJsonAsync(context.Request, cancellationToken);
        if (document is null)
            return problem!;
        using var body = document;
        var (request, errors) = ExecutionRequest.Read(body.RootElement);
        if (request is null)
            return ProblemResponse.Invalid(errors.Select(e => (e.Field, e.Message)));
        var (idempotencyKey, wrong) = IdempotencyKey(context.Request, request);
        if (wrong is not null)
            return ProblemResponse.Invalid("idempotency_key", wrong);

        var now = time.GetUtcNow();
        var key = ApiKeyAuthentication.KeyOf(context);
        var asked = new NewExecution
        {
            Id = ExecutionIds.New(now),
            Kind = ExecutionKind.Agent,
            Target = agent.Id,
            User = key.User,
            KeyId = key.Id,
            Priority = request.Priority ?? 5,
            Input = request.Input.Text,
            IdempotencyKey = idempotencyKey,
            RequestHash = idempotencyKey is null ? null : request.Hash(agent.Id),
            CreatedAt = now,
            RunAt = request.RunAt is { } at && at > now ? at.ToUniversalTime() : null,
            Timeout = request.TimeoutSpan,
            MaxAttempts = request.MaxAttempts ?? agent.Limits.MaxAttempts,
            BudgetUsd = request.BudgetUsd,
            Metadata = request.Metadata?.Text,
            TraceParent = TraceParent(),
            RequestId = context.TraceIdentifier,
        };

        // What was accepted before is answered as before, whatever is spent by now.
        if (await budgets.CheckAsync(agent, asked, cancellationToken) is { } refusal && (idempotencyKey is null || await store.FindAcceptedAsync(asked, cancellationToken) is null))
            return BudgetsApi.Refused(refusal);
        var accepted = await acceptor.AcceptAsync(asked, cancellationToken);
        switch (accepted.Outcome)
        {
            case AcceptOutcome.Conflict:
                return ProblemResponse.Create(StatusCodes.Status409Conflict, "This idempotency key was used for another request.");
            case AcceptOutcome.QueueFull:
                ProblemResponse.SetRetryAfter(context, TimeSpan.FromSeconds(1));
                return ProblemResponse.Create(StatusCodes.Status503ServiceUnavailable, "The queue is full; nothing was accepted.");
        }

        metrics.Accepted(ExecutionKind.Agent);
        var execution = accepted.Execution!;
        if (patience > TimeSpan.Zero)
            execution = await completions.WaitAsync(execution.Id, patience, cancellationToken) ?? execution;
        if (patience > TimeSpan.Zero && execution.Status.IsFinal())
            return TypedResults.Ok(ExecutionView.Of(execution));
        return TypedResults.Accepted($"/api/v1/executions/{execution.Id}", ExecutionView.Of(execution));
    }

    private static async Task<IResult> ListAsync(HttpContext context, IExecutionStore store, CancellationToken cancellationToken)
    {
        var (query, errors) = ExecutionFilter.Read(context.Request.Query);
        if (errors.Count > 0)
            return ProblemResponse.Invalid(errors);
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

    private static async Task<IResult> RetryAsync(string id, HttpContext context, IExecutionStore store, ExecutionSignals signals, CancellationToken cancellationToken)
    {
        if (await ExecutionAccess.FindAsync(store, ApiKeyAuthentication.KeyOf(context), id, cancellationToken) is not { Id: var guid } ||
            await store.RetryAsync(guid, cancellationToken) is not { } result)
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

    private static (string? Key, string? Wrong) IdempotencyKey(HttpRequest request, ExecutionRequest body)
    {
        var header = request.Headers["Idempotency-Key"];
        if (header.Count == 0)
            return (body.IdempotencyKey, null);
        if (header.Count > 1 || header[0] is not { } text || !ExecutionRequest.IsKey(text))
            return (null, "must be 1 to 200 printable ASCII characters");
        return body.IdempotencyKey is { } other && other != text ? (null, "differs from the header Idempotency-Key") : (text, null);
    }

    // W3C Trace Context: the worker continues the trace of the request.
    private static string TraceParent() => Activity.Current is { IdFormat: ActivityIdFormat.W3C, Id: { } id }
        ? id
        : $"00-{ActivityTraceId.CreateRandom()}-{ActivitySpanId.CreateRandom()}-00";
}
