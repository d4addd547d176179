using System.Diagnostics;
using OsMEN.Executions;
using OsMEN.Executions.Catalog;
using OsMEN.Gateway.Budgets;
using OsMEN.Gateway.Problems;
using OsMEN.Gateway.Security;
using OsMEN.Llm;
using OsMEN.ServiceDefaults;

namespace OsMEN.Gateway.Executions;

/// <summary>What a request starts.</summary>
/// <param name="Admit">The budget that refuses it; null when none does.</param>
/// <param name="CheckInput">What is wrong with an input (JSON text); null where any is taken.</param>
internal sealed record StartTarget(
    ExecutionKind Kind,
    string Id,
    int MaxAttempts,
    Func<NewExecution, CancellationToken, ValueTask<BudgetRefusal?>> Admit,
    Func<string, IReadOnlyList<FieldError>>? CheckInput = null);

/// <summary>Accepts a request for an execution of any kind, and answers it.</summary>
internal sealed class ExecutionStarter(
    RequestBody requestBody, ExecutionAcceptor acceptor, ExecutionCompletions completions, IExecutionStore store, RequestMetrics metrics, TimeProvider time)
{
    /// <summary>202 with the execution; or 200 when it has ended within <see cref="StartEndpoint.Wait"/>; or what is wrong.</summary>
    public async Task<IResult> StartAsync(StartTarget target, HttpContext context, CancellationToken cancellationToken)
    {
        var (document, problem) = await requestBody.ReadJsonAsync(context.Request, cancellationToken);
        if (document is null)
            return problem!;
        using var body = document;
        var (request, errors) = ExecutionRequest.Read(body.RootElement);
        if (request is not null && target.CheckInput is { } check)
            errors = check(request.Input.Text);
        if (request is null || errors.Count > 0)
            return ProblemResponse.Invalid(errors.Select(e => (e.Field, e.Message)));
        var (idempotencyKey, wrong) = IdempotencyKey(context.Request, request);
        if (wrong is not null)
            return ProblemResponse.Invalid("idempotency_key", wrong);
        var asked = Asked(target, request, idempotencyKey, context);

        // What was accepted before is answered as before, whatever is spent by now.
        if (await target.Admit(asked, cancellationToken) is { } refusal && (idempotencyKey is null || await store.FindAcceptedAsync(asked, cancellationToken) is null))
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

        metrics.Accepted(target.Kind);
        var execution = accepted.Execution!;
        var patience = StartEndpoint.Wait.Of(context) ?? TimeSpan.Zero;
        if (patience > TimeSpan.Zero)
            execution = await completions.WaitAsync(execution.Id, patience, cancellationToken) ?? execution;
        if (patience > TimeSpan.Zero && execution.Status.IsFinal())
            return TypedResults.Ok(ExecutionView.Of(execution));
        return TypedResults.Accepted($"/api/v1/executions/{execution.Id}", ExecutionView.Of(execution));
    }

    private NewExecution Asked(StartTarget target, ExecutionRequest request, string? idempotencyKey, HttpContext context)
    {
        var now = time.GetUtcNow();
        var key = ApiKeyAuthentication.KeyOf(context);
        return new NewExecution
        {
            Id = OrderedIds.New(now),
            Kind = target.Kind,
            Target = target.Id,
            User = key.User,
            KeyId = key.Id,
            Priority = request.Priority ?? 5,
            Input = request.Input.Text,
            IdempotencyKey = idempotencyKey,
            RequestHash = idempotencyKey is null ? null : request.Hash(target.Kind == ExecutionKind.Agent ? target.Id : $"{target.Kind.ToWire()}/{target.Id}"),
            CreatedAt = now,
            RunAt = request.RunAt is { } at && at > now ? at.ToUniversalTime() : null,
            Timeout = request.TimeoutSpan,
            MaxAttempts = request.MaxAttempts ?? target.MaxAttempts,
            BudgetUsd = request.BudgetUsd,
            Metadata = request.Metadata?.Text,
            TraceParent = TraceParent(),
            RequestId = context.TraceIdentifier,
        };
    }

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
