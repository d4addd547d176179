using OsMEN.Executions;
using OsMEN.Gateway.Security;
using OsMEN.Llm;
using OsMEN.Llm.Fallback;
using OsMEN.Llm.Forwarding;
using OsMEN.ServiceDefaults.Metrics;

namespace OsMEN.Gateway.OpenAI;

/// <summary>
/// Calls of models for clients: handed on as bytes to platforms that speak OpenAI's wire format, translated for the others. Each is metered, and
/// its row written without an execution.
/// </summary>
internal sealed class ModelCompletions(
    ModelForwarder forwarder, ChatClients clients, ModelCalls calls, DirectCallRecorder recorder, LlmMetrics metrics, TimeProvider time)
{
    /// <param name="operation"><c>chat</c> or <c>embeddings</c>.</param>
    public async Task<IResult> RunAsync(string operation, ForwardRequest request, HttpContext context, CancellationToken cancellationToken)
    {
        IReadOnlyList<ModelName> models;
        try
        {
            models = calls.Resolve(request.Model);
        }
        catch (LlmException)
        {
            return OpenAIErrors.UnknownModel(request.Model);
        }

        var user = ApiKeyAuthentication.KeyOf(context).User;
        try
        {
            if (operation != "chat" && models.FirstOrDefault(m => !forwarder.Serves(m)) is { Platform: { } platform })
                return OpenAIErrors.Create(StatusCodes.Status400BadRequest, $"Models of {platform} make no embeddings.", "model_not_supported", "model");
            using var answer = await calls.RunAsync(models, (model, token) => AskAsync(model, operation, request, user, token), cancellationToken);
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

    private async Task<IModelAnswer> AskAsync(ModelName model, string operation, ForwardRequest request, string user, CancellationToken cancellationToken)
    {
        if (forwarder.Serves(model))
            return new PassedAnswer(await forwarder.SendAsync(model, operation, request, call => Record(call, user), cancellationToken));
        var answer = new TranslatedAnswer(clients, model, request, call => Record(call, user), time);
        await answer.BeginAsync(cancellationToken);
        return answer;
    }

    private void Record(LlmCall call, string user)
    {
        calls.Spent(call);
        metrics.Record("", call);
        recorder.Add(new DirectCall(call, user));
    }
}
