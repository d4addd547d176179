using OsMEN.Executions;
using OsMEN.Gateway.Security;
using OsMEN.Llm;
using OsMEN.Llm.Fallback;
using OsMEN.Llm.Forwarding;
using OsMEN.ServiceDefaults;
using OsMEN.ServiceDefaults.Metrics;

namespace OsMEN.Gateway.OpenAI;

/// <summary>
/// Calls of models for clients: handed on as bytes to platforms that speak OpenAI's wire format, translated for the others. Each is metered, and
/// its row written without an execution.
/// </summary>
internal sealed class ModelCompletions(
    ModelForwarder forwarder, ChatClients clients, ModelCalls calls, IBudgetGate budgets, LlmOptions options, PriceTable prices, DirectCallRecorder recorder, LlmMetrics metrics, TimeProvider time)
{
    // What providers put around a request's bytes, of which no tokenizer makes more tokens than there are.
    private const int RequestOverhead = 1024;

    /// <param name="operation"><c>chat</c> or <c>embeddings</c>.</param>
    public async Task<IResult> RunAsync(string operation, ForwardRequest request, HttpContext context, CancellationToken cancellationToken)
    {
        IReadOnlyList<ModelName> models;
        try
        {
            models = calls.Resolve(request.Model);
        }
        catch (LlmException e)
        {
            return request.Model.Length > 200
                ? OpenAIErrors.UnknownModel(request.Model)
                : OpenAIErrors.Create(StatusCodes.Status404NotFound, $"{e.Message} GET /v1/models lists agents, aliases and models.", "model_not_found", "model");
        }

        var key = ApiKeyAuthentication.KeyOf(context);
        var subject = new BudgetSubject { User = key.User, Key = key.Id };
        try
        {
            if (operation != "chat" && models.FirstOrDefault(m => !forwarder.Serves(m)) is { Platform: { } platform })
                return OpenAIErrors.Create(StatusCodes.Status400BadRequest, $"Models of {platform} make no embeddings.", "model_not_supported", "model");
            using var answer = await calls.RunAsync(models, (model, token) => AskAsync(model, operation, request, subject, token), cancellationToken);
            await using var value = answer.Value;
            await value.WriteAsync(context.Response, cancellationToken);
            return Results.Empty;
        }
        catch (ChatRequestException e)
        {
            return OpenAIErrors.Invalid(e.Field, e.Message);
        }
        catch (LlmException e) when (!context.Response.HasStarted)
        {
            return OpenAIErrors.Of(e, context);
        }
    }

    private async Task<IModelAnswer> AskAsync(ModelName model, string operation, ForwardRequest request, BudgetSubject subject, CancellationToken cancellationToken)
    {
        if (forwarder.Serves(model))
            return new PassedAnswer(await PassAsync(model, operation, request, subject, cancellationToken));
        var answer = new TranslatedAnswer(clients, model, request, subject, call => Record(call, subject.User!), time);
        await answer.BeginAsync(cancellationToken);
        return answer;
    }

    private async Task<ForwardedAnswer> PassAsync(ModelName model, string operation, ForwardRequest request, BudgetSubject subject, CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        var id = OrderedIds.New(now);
        var output = operation == "chat" ? request.MaxTokens ?? budgets.MaxOutputTokens : 0;
        var most = new TokenUsage(request.Json.Length + RequestOverhead, output * request.Answers);
        var dollars = prices.FindForCall(model, answered: null, options.HostOf(model), now)?.MostFor(most.Input, most.Output, request.Tier);
        var held = await budgets.ReserveAsync(subject, new BudgetedCall(id, model, most, dollars), cancellationToken);
        return await forwarder.SendAsync(
            model,
            operation,
            request,
            call => Record(held is null ? call : call with { Id = id, HeldUsd = held }, subject.User!),
            held is not null && operation == "chat" && request.MaxTokens is null ? output : null,
            cancellationToken);
    }

    private void Record(LlmCall call, string user)
    {
        calls.Spent(call);
        metrics.Record("", call);
        recorder.Add(new DirectCall(call, user));
    }
}
