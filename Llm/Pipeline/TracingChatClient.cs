using System.Diagnostics;
using System.Runtime.CompilerServices;
using Microsoft.Extensions.AI;

namespace OsMEN.Llm.Pipeline;

/// <summary>
/// One client span <c>chat {model}</c> a request, retries included, with OpenTelemetry's GenAI attributes
/// (https://opentelemetry.io/docs/specs/semconv/gen-ai/gen-ai-spans/). Never a message's content.
/// </summary>
internal sealed class TracingChatClient(IChatClient inner, ModelName model) : DelegatingChatClient(inner)
{
    internal const string SourceName = "OsMEN.Llm";

    private static readonly ActivitySource Source = new(SourceName);

    public override async Task<ChatResponse> GetResponseAsync(
        IEnumerable<ChatMessage> messages, ChatOptions? options = null, CancellationToken cancellationToken = default)
    {
        using var activity = Start(options);
        try
        {
            var response = await base.GetResponseAsync(messages, options, cancellationToken);
            Tell(activity, response.ModelId, response.FinishReason, response.Usage);
            return response;
        }
        catch (Exception e)
        {
            Fail(activity, e);
            throw;
        }
    }

    public override async IAsyncEnumerable<ChatResponseUpdate> GetStreamingResponseAsync(
        IEnumerable<ChatMessage> messages, ChatOptions? options = null, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        using var activity = Start(options);
        await using var updates = base.GetStreamingResponseAsync(messages, options, cancellationToken).GetAsyncEnumerator(cancellationToken);
        string? modelId = null;
        ChatFinishReason? reason = null;
        UsageDetails? usage = null;
        while (true)
        {
            try
            {
                if (!await updates.MoveNextAsync())
                    break;
            }
            catch (Exception e)
            {
                Fail(activity, e);
                throw;
            }

            var update = updates.Current;
            modelId = update.ModelId ?? modelId;
            reason = update.FinishReason ?? reason;
            foreach (var content in update.Contents)
            {
                if (content is UsageContent u)
                    usage = u.Details;
            }

            yield return update;
        }

        Tell(activity, modelId, reason, usage);
    }

    private Activity? Start(ChatOptions? options)
    {
        var activity = Source.StartActivity($"chat {model.Model}", ActivityKind.Client);
        if (activity is not { IsAllDataRequested: true })
            return activity;
        activity.SetTag("gen_ai.operation.name", "chat");
        activity.SetTag("gen_ai.provider.name", model.Platform == Platforms.Azure ? "azure.ai.openai" : model.Platform);
        activity.SetTag("gen_ai.request.model", model.Model);
        if (options?.Temperature is { } temperature)
            activity.SetTag("gen_ai.request.temperature", temperature);
        if (options?.MaxOutputTokens is { } max)
            activity.SetTag("gen_ai.request.max_tokens", max);
        return activity;
    }

    private static void Tell(Activity? activity, string? modelId, ChatFinishReason? reason, UsageDetails? usage)
    {
        if (activity is not { IsAllDataRequested: true })
            return;
        activity.SetTag("gen_ai.response.model", modelId);
        if (reason is { } r)
            activity.SetTag("gen_ai.response.finish_reasons", new[] { r.Value });
        activity.SetTag("gen_ai.usage.input_tokens", usage?.InputTokenCount);
        activity.SetTag("gen_ai.usage.output_tokens", usage?.OutputTokenCount);
    }

    private static void Fail(Activity? activity, Exception e)
    {
        activity?.SetTag("error.type", e is LlmException llm ? llm.Kind.ToString() : e.GetType().FullName);
        activity?.SetStatus(ActivityStatusCode.Error, e is LlmException ? e.Message : null);
    }
}
