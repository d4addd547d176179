using System.Diagnostics;
using System.Runtime.CompilerServices;
using Microsoft.Extensions.AI;

namespace OsMEN.Llm.Pipeline;

/// <summary>
/// Traces each request as one client span <c>chat {model}</c> with OpenTelemetry's GenAI attributes
/// (https://opentelemetry.io/docs/specs/semconv/gen-ai/gen-ai-spans/). Retries are within the span.
/// </summary>
/// <param name="server">The provider's address; null for a model in this process.</param>
/// <param name="capturesContent">Whether spans record instructions, messages and tool definitions.</param>
internal sealed class TracingChatClient(IChatClient inner, ModelName model, Uri? server, bool capturesContent) : DelegatingChatClient(inner)
{
    internal const string SourceName = "OsMEN.Llm";

    private static readonly ActivitySource Source = new(SourceName);

    /// <summary>Whether spans record messages, tool arguments and tool results.</summary>
    public bool CapturesContent => capturesContent;

    public override async Task<ChatResponse> GetResponseAsync(
        IEnumerable<ChatMessage> messages, ChatOptions? options = null, CancellationToken cancellationToken = default)
    {
        using var activity = Start(messages, options);
        try
        {
            var response = await base.GetResponseAsync(messages, options, cancellationToken);
            SetResponse(activity, response.ResponseId, response.ModelId, response.FinishReason, response.Usage);
            if (capturesContent)
            {
                var contents = response.Messages.SelectMany(m => m.Contents);
                activity?.SetTag("gen_ai.output.messages", MessageContent.Output(contents, response.FinishReason));
            }

            return response;
        }
        catch (Exception e)
        {
            SetError(activity, e);
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
        var answer = capturesContent && activity is not null ? new List<AIContent>() : null;
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
                SetError(activity, e);
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
                    answer?.Add(content);
            }

            yield return update;
        }

        SetResponse(activity, responseId, modelId, reason, usage);
        if (answer is not null)
            activity!.SetTag("gen_ai.output.messages", MessageContent.Output(Join(answer), reason));
    }

    // A stream delivers text and reasoning in fragments of a word.
    private static List<AIContent> Join(List<AIContent> fragments)
    {
        var reasoning = string.Concat(fragments.OfType<TextReasoningContent>().Select(t => t.Text));
        var text = string.Concat(fragments.OfType<TextContent>().Select(t => t.Text));
        List<AIContent> whole = [.. fragments.Where(f => f is not (TextContent or TextReasoningContent))];
        if (text.Length > 0)
            whole.Insert(0, new TextContent(text));
        if (reasoning.Length > 0)
            whole.Insert(0, new TextReasoningContent(reasoning));
        return whole;
    }

    private Activity? Start(IEnumerable<ChatMessage> messages, ChatOptions? options)
    {
        var activity = Source.StartActivity($"chat {model.Model}", ActivityKind.Client);
        if (activity is not { IsAllDataRequested: true })
            return activity;
        SetRequest(activity, "chat", model, server);
        activity.SetTag("gen_ai.output.type", options?.ResponseFormat is ChatResponseFormatJson ? "json" : "text");
        activity.SetTag("gen_ai.request.temperature", options?.Temperature);
        activity.SetTag("gen_ai.request.top_p", options?.TopP);
        activity.SetTag("gen_ai.request.top_k", options?.TopK);
        activity.SetTag("gen_ai.request.max_tokens", options?.MaxOutputTokens);
        activity.SetTag("gen_ai.request.seed", options?.Seed);
        activity.SetTag("gen_ai.request.frequency_penalty", options?.FrequencyPenalty);
        activity.SetTag("gen_ai.request.presence_penalty", options?.PresencePenalty);
        if (options?.StopSequences is { Count: > 0 } stops)
            activity.SetTag("gen_ai.request.stop_sequences", stops.ToArray());
        if (capturesContent)
            GenAIContent.SetRequest(activity, options?.Instructions, messages, options?.Tools);
        return activity;
    }

    /// <summary>The attributes of every span for a request to a model.</summary>
    internal static void SetRequest(Activity activity, string operation, ModelName model, Uri? server)
    {
        activity.SetTag("gen_ai.operation.name", operation);
        activity.SetTag("gen_ai.provider.name", model.ProviderName);
        activity.SetTag("gen_ai.request.model", model.Model);
        activity.SetTag("server.address", server?.Host);
        activity.SetTag("server.port", server?.Port);
    }

    private static void SetResponse(Activity? activity, string? responseId, string? modelId, ChatFinishReason? reason, UsageDetails? usage)
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

    private static void SetError(Activity? activity, Exception e)
    {
        activity?.SetTag("error.type", e is LlmException llm ? llm.Kind.ToString() : e.GetType().FullName);
        activity?.SetStatus(ActivityStatusCode.Error, e is LlmException ? e.Message : null);
    }
}
