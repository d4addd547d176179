using System.Diagnostics;
using System.Runtime.CompilerServices;
using Microsoft.Extensions.AI;

namespace OsMEN.Llm.Pipeline;

/// <summary>
/// One client span <c>chat {model}</c> a request, retries included, with OpenTelemetry's GenAI attributes
/// (https://opentelemetry.io/docs/specs/semconv/gen-ai/gen-ai-spans/). Messages are on it only when that is asked for.
/// </summary>
internal sealed class TracingChatClient(IChatClient inner, ModelName model, bool capturesContent) : DelegatingChatClient(inner)
{
    internal const string SourceName = "OsMEN.Llm";

    private static readonly ActivitySource Source = new(SourceName);

    /// <summary>Whether messages, and what tools are given and answer, may stand in spans.</summary>
    public bool CapturesContent => capturesContent;

    public override async Task<ChatResponse> GetResponseAsync(
        IEnumerable<ChatMessage> messages, ChatOptions? options = null, CancellationToken cancellationToken = default)
    {
        using var activity = Start(messages, options);
        try
        {
            var response = await base.GetResponseAsync(messages, options, cancellationToken);
            Tell(activity, response.ResponseId, response.ModelId, response.FinishReason, response.Usage);
            if (capturesContent)
                activity?.SetTag("gen_ai.output.messages", MessageContent.Output(response.Messages.SelectMany(m => m.Contents), response.FinishReason));
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
        using var activity = Start(messages, options);
        await using var updates = base.GetStreamingResponseAsync(messages, options, cancellationToken).GetAsyncEnumerator(cancellationToken);
        string? modelId = null;
        string? responseId = null;
        var said = capturesContent && activity is not null ? new List<AIContent>() : null;
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
            responseId = update.ResponseId ?? responseId;
            reason = update.FinishReason ?? reason;
            foreach (var content in update.Contents)
            {
                if (content is UsageContent u)
                    usage = CallMeter.Merge(usage, u.Details);
                else
                    said?.Add(content);
            }

            yield return update;
        }

        Tell(activity, responseId, modelId, reason, usage);
        if (said is not null)
            activity!.SetTag("gen_ai.output.messages", MessageContent.Output(Joined(said), reason));
    }

    // A stream's text comes in pieces of a word.
    private static List<AIContent> Joined(List<AIContent> pieces)
    {
        var text = string.Concat(pieces.OfType<TextContent>().Select(t => t.Text));
        List<AIContent> whole = [.. pieces.Where(p => p is not TextContent)];
        if (text.Length > 0)
            whole.Insert(0, new TextContent(text));
        return whole;
    }

    private Activity? Start(IEnumerable<ChatMessage> messages, ChatOptions? options)
    {
        var activity = Source.StartActivity($"chat {model.Model}", ActivityKind.Client);
        if (activity is not { IsAllDataRequested: true })
            return activity;
        activity.SetTag("gen_ai.operation.name", "chat");
        activity.SetTag("gen_ai.provider.name", model.ProviderName);
        activity.SetTag("gen_ai.request.model", model.Model);
        activity.SetTag("gen_ai.output.type", options?.ResponseFormat is ChatResponseFormatJson ? "json" : "text");
        activity.SetTag("gen_ai.request.temperature", options?.Temperature);
        activity.SetTag("gen_ai.request.top_p", options?.TopP);
        activity.SetTag("gen_ai.request.max_tokens", options?.MaxOutputTokens);
        if (!capturesContent)
            return activity;
        activity.SetTag("gen_ai.input.messages", MessageContent.Input(messages));
        if (options?.Instructions is { Length: > 0 } instructions)
            activity.SetTag("gen_ai.system_instructions", MessageContent.Instructions(instructions));
        return activity;
    }

    private static void Tell(Activity? activity, string? responseId, string? modelId, ChatFinishReason? reason, UsageDetails? usage)
    {
        if (activity is not { IsAllDataRequested: true })
            return;
        activity.SetTag("gen_ai.response.id", responseId);
        activity.SetTag("gen_ai.response.model", modelId);
        if (reason is { } r)
            activity.SetTag("gen_ai.response.finish_reasons", new[] { r.Value });
        if (usage is null || ProviderUsage.FromDetails(usage) is not { } tokens)
            return;
        activity.SetTag("gen_ai.usage.input_tokens", tokens.Input);
        activity.SetTag("gen_ai.usage.output_tokens", tokens.Output);
        if (tokens.CachedInput > 0)
            activity.SetTag("gen_ai.usage.cache_read.input_tokens", tokens.CachedInput);
        if (tokens.CacheWrite > 0)
            activity.SetTag("gen_ai.usage.cache_creation.input_tokens", tokens.CacheWrite);
        if (tokens.Reasoning > 0)
            activity.SetTag("gen_ai.usage.reasoning.output_tokens", tokens.Reasoning);
    }

    private static void Fail(Activity? activity, Exception e)
    {
        activity?.SetTag("error.type", e is LlmException llm ? llm.Kind.ToString() : e.GetType().FullName);
        activity?.SetStatus(ActivityStatusCode.Error, e is LlmException ? e.Message : null);
    }
}
