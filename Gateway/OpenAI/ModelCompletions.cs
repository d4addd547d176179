using System.IO.Pipelines;
using System.Text.Json;
using Microsoft.Extensions.AI;
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
        ModelName model;
        try
        {
            model = clients.Parse(request.Model);
        }
        catch (LlmException)
        {
            return OpenAIErrors.UnknownModel(request.Model);
        }

        var user = ApiKeyAuthentication.KeyOf(context).User;
        try
        {
            if (forwarder.Serves(model))
            {
                await using var answer = await calls.RunAsync(model, (m, token) => forwarder.SendAsync(m, operation, request, c => Record(c, user), token), cancellationToken);
                await WriteAsync(answer, context, cancellationToken);
                return Results.Empty;
            }

            return operation == "chat"
                ? await TranslateAsync(request, context, user, cancellationToken)
                : OpenAIErrors.Create(StatusCodes.Status400BadRequest, $"Models of {model.Platform} make no embeddings.", "model_not_supported", "model");
        }
        catch (LlmException e) when (!context.Response.HasStarted)
        {
            return OpenAIErrors.Of(e, context);
        }
    }

    private static async Task WriteAsync(ForwardedAnswer answer, HttpContext context, CancellationToken cancellationToken)
    {
        var response = context.Response;
        if (!answer.IsStream)
        {
            response.ContentType = "application/json";
            response.ContentLength = answer.Body.Length;
            await response.BodyWriter.WriteAsync(answer.Body, cancellationToken);
            return;
        }

        StartStream(response);
        try
        {
            await answer.WriteAsync(response.BodyWriter, cancellationToken);
        }
        catch (LlmException e)
        {
            // The status is gone: the clients' libraries raise what comes as an event.
            await FailAsync(response.BodyWriter, e, cancellationToken);
        }
    }

    private static void StartStream(HttpResponse response)
    {
        response.ContentType = "text/event-stream";
        response.Headers.CacheControl = "no-cache";
        response.Headers["X-Accel-Buffering"] = "no";
    }

    private static async Task FailAsync(PipeWriter body, LlmException e, CancellationToken cancellationToken)
    {
        OpenAIErrors.WriteEvent(body, e);
        await body.FlushAsync(cancellationToken);
    }

    private void Record(LlmCall call, string user)
    {
        metrics.Record("", call);
        recorder.Add(new DirectCall(call, user));
    }

    private async Task<IResult> TranslateAsync(ForwardRequest request, HttpContext context, string user, CancellationToken cancellationToken)
    {
        using var json = JsonDocument.Parse(request.Json);
        var (chat, error) = ChatRequest.Read(json.RootElement);
        if (chat is null)
            return error!;
        var used = default(TokenUsage);
        using var client = clients.Get(request.Model, call =>
        {
            used += call.Tokens;
            Record(call, user);
        });
        var now = time.GetUtcNow();
        var writer = new CompletionWriter(CompletionWriter.NewId(Guid.CreateVersion7(now)), now, request.Model, request.WantsUsage);
        var body = context.Response.BodyWriter;
        if (!request.IsStream)
        {
            var answer = await client.GetResponseAsync(chat.Messages, chat.Options, cancellationToken);
            var toolCalls = answer.Messages.SelectMany(m => m.Contents).OfType<FunctionCallContent>().ToArray();
            context.Response.ContentType = "application/json";
            writer.Whole(body, answer.Text, toolCalls, CompletionWriter.ReasonOf(toolCalls.Length > 0 ? ChatFinishReason.ToolCalls : answer.FinishReason), used);
            await body.FlushAsync(cancellationToken);
            return Results.Empty;
        }

        try
        {
            await StreamAsync(client, chat, writer, context.Response, cancellationToken);
            writer.End(body, used);
            await body.FlushAsync(cancellationToken);
        }
        catch (LlmException e) when (context.Response.HasStarted)
        {
            await FailAsync(body, e, cancellationToken);
        }

        return Results.Empty;
    }

    private static async Task StreamAsync(IChatClient client, ChatRequest chat, CompletionWriter writer, HttpResponse response, CancellationToken cancellationToken)
    {
        var body = response.BodyWriter;
        ChatFinishReason? reason = null;
        var toolCalls = 0;
        var begun = false;
        await foreach (var update in client.GetStreamingResponseAsync(chat.Messages, chat.Options, cancellationToken))
        {
            // Only with the first piece, so that a failure before it still has its status.
            if (!begun)
            {
                StartStream(response);
                writer.Role(body);
                begun = true;
            }

            reason = update.FinishReason ?? reason;
            if (update.Text is { Length: > 0 } text)
                writer.Text(body, text);
            if (update.Contents.OfType<FunctionCallContent>().ToArray() is { Length: > 0 } calls)
            {
                writer.ToolCalls(body, calls, toolCalls);
                toolCalls += calls.Length;
            }

            await body.FlushAsync(cancellationToken);
        }

        writer.Finish(body, CompletionWriter.ReasonOf(toolCalls > 0 ? ChatFinishReason.ToolCalls : reason));
    }
}
