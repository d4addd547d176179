using System.Diagnostics;
using System.Security.Cryptography;
using OsMEN.Executions;
using OsMEN.Executions.Catalog;
using OsMEN.Gateway.Budgets;
using OsMEN.Gateway.Executions;
using OsMEN.Gateway.Problems;
using OsMEN.Gateway.Security;
using OsMEN.Gateway.Streams;
using OsMEN.Llm;
using OsMEN.Llm.Forwarding;
using OsMEN.ServiceDefaults;

namespace OsMEN.Gateway.OpenAI;

/// <summary>
/// Agents as models: a request is an execution like any other (durable, metered, visible), and its output the completion. A client that leaves
/// leaves the execution running.
/// </summary>
internal sealed class AgentCompletions(
    AgentCatalog catalog, ExecutionAcceptor acceptor, AgentAdmission budgets, EventFeed feed, IExecutionStore store, RequestMetrics metrics, EventStreams streams, TimeProvider time)
{
    public const string Prefix = "agent/";
    public const string ExecutionHeader = "X-Execution-Id";

    // Proxies close what is silent for a minute.
    private static readonly TimeSpan Heartbeat = TimeSpan.FromSeconds(15);

    public async Task<IResult> RunAsync(ForwardRequest request, HttpContext context, CancellationToken cancellationToken)
    {
        if (await catalog.FindFreshAsync(request.Model[Prefix.Length..], cancellationToken) is not { } agent)
            return OpenAIErrors.UnknownModel(request.Model);
        var (input, error) = AgentRequest.Read(request.Json);
        if (input is null)
            return error!;
        var key = context.Request.Headers["Idempotency-Key"].ToString();
        if (key.Length > 0 && !ExecutionRequest.IsKey(key))
            return OpenAIErrors.Invalid("Idempotency-Key", "must be 1 to 200 printable ASCII characters");
        var now = time.GetUtcNow();
        var caller = ApiKeyAuthentication.KeyOf(context);
        var asked = new NewExecution
        {
            Id = OrderedIds.New(now),
            Kind = ExecutionKind.Agent,
            Target = agent.Id,
            User = caller.User,
            KeyId = caller.Id,
            Input = input.Input,
            IdempotencyKey = key.Length > 0 ? key : null,
            RequestHash = key.Length > 0 ? SHA256.HashData(request.Json.Span) : null,
            CreatedAt = now,
            MaxAttempts = agent.Limits.MaxAttempts,
            Metadata = input.Metadata,
            TraceParent = Activity.Current is { IdFormat: ActivityIdFormat.W3C, Id: { } id } ? id : $"00-{ActivityTraceId.CreateRandom()}-{ActivitySpanId.CreateRandom()}-00",
            RequestId = context.TraceIdentifier,
        };

        // A repeated request gets its first answer, whatever has been spent since.
        var repeated = asked.IdempotencyKey is not null && await store.FindAcceptedAsync(asked, cancellationToken) is not null;
        if (!repeated && await budgets.CheckAsync(agent, asked, cancellationToken) is { } refusal)
            return BudgetsApi.Refused(refusal);
        var accepted = await acceptor.AcceptAsync(asked, cancellationToken);
        switch (accepted.Outcome)
        {
            case AcceptOutcome.Conflict:
                return OpenAIErrors.Create(StatusCodes.Status409Conflict, "This idempotency key was used for another request.", "idempotency_conflict");
            case AcceptOutcome.QueueFull:
                ProblemResponse.SetRetryAfter(context, TimeSpan.FromSeconds(1));
                return OpenAIErrors.Create(StatusCodes.Status503ServiceUnavailable, "The queue is full; nothing was accepted.", "queue_full");
        }

        metrics.Accepted(ExecutionKind.Agent);
        var execution = accepted.Execution!;
        context.Response.Headers[ExecutionHeader] = execution.Id.ToString();
        var writer = new CompletionWriter(CompletionWriter.NewId(execution.Id), execution.CreatedAt, request.Model, request.WantsUsage);
        return await FollowAsync(execution.Id, request.IsStream, writer, context, cancellationToken);
    }

    private static IResult Ended(Execution execution)
    {
        var (status, code, message) = Failure(execution);
        return OpenAIErrors.Create(status, message, code);
    }

    private static (int Status, string Code, string Message) Failure(Execution execution) => execution.Status switch
    {
        ExecutionStatus.Cancelled => (StatusCodes.Status409Conflict, "execution_cancelled", $"Execution {execution.Id} was cancelled."),
        ExecutionStatus.TimedOut => (StatusCodes.Status504GatewayTimeout, "execution_timed_out", $"Execution {execution.Id} ran out of time: {execution.Error?.Message}"),

        // What the agent could not do with this request would fail again: the clients' libraries repeat a 500 at once.
        _ when execution.Error?.Type == nameof(LlmErrorKind.BudgetExceeded) => (StatusCodes.Status402PaymentRequired, "insufficient_quota", execution.Error.Message),
        _ => (StatusCodes.Status422UnprocessableEntity, execution.Error?.Type ?? "execution_failed", $"Execution {execution.Id} failed: {execution.Error?.Message}"),
    };

    private async Task<IResult> FollowAsync(Guid id, bool isStream, CompletionWriter writer, HttpContext context, CancellationToken cancellationToken)
    {
        using var open = isStream ? streams.Enter() : null;
        var stream = new AgentStream(writer, context.Response, isStream);
        await using var pages = feed.ReadAsync(id, 0, cancellationToken).GetAsyncEnumerator(cancellationToken);
        while (await NextAsync(pages, stream, cancellationToken))
        {
            foreach (var frame in pages.Current.Frames)
            {
                if (!stream.Take(frame))
                {
                    // What was said cannot be taken back, and the new attempt may say something else.
                    OpenAIErrors.WriteEvent(
                        context.Response.BodyWriter, StatusCodes.Status502BadGateway, $"Execution {id} was started again after a part of its output was sent; GET /api/v1/executions/{id} has the result.", "execution_restarted");
                    await context.Response.BodyWriter.FlushAsync(cancellationToken);
                    return Results.Empty;
                }
            }

            await stream.FlushAsync(cancellationToken);
        }

        var execution = await store.GetAsync(id, cancellationToken) ?? throw new InvalidOperationException($"Execution {id} is gone.");
        if (execution.Status != ExecutionStatus.Completed && !stream.HasBegun)
            return Ended(execution);
        if (execution.Status != ExecutionStatus.Completed)
        {
            var (status, code, message) = Failure(execution);
            OpenAIErrors.WriteEvent(context.Response.BodyWriter, status, message, code);
        }
        else
        {
            stream.End(AgentRequest.TextOf(execution.Output), execution.Tokens);
        }

        await context.Response.BodyWriter.FlushAsync(cancellationToken);
        return Results.Empty;
    }

    private async Task<bool> NextAsync(IAsyncEnumerator<EventPage> pages, AgentStream stream, CancellationToken cancellationToken)
    {
        var next = pages.MoveNextAsync().AsTask();
        while (true)
        {
            try
            {
                return await next.WaitAsync(Heartbeat, time, cancellationToken);
            }
            catch (TimeoutException) when (!next.IsCompleted)
            {
                await stream.BeatAsync(cancellationToken);
            }
        }
    }
}
