using System.ClientModel;
using System.ClientModel.Primitives;
using System.Runtime.CompilerServices;
using System.Text.Json;
using Microsoft.Extensions.AI;
using OpenAI;
using OpenAI.Chat;
using Chat = OpenAI.Chat;
using ChatFinishReason = Microsoft.Extensions.AI.ChatFinishReason;
using ChatMessage = Microsoft.Extensions.AI.ChatMessage;

namespace OsMEN.Llm.Providers;

/// <summary>
/// OpenAI's chat completions (OpenAI, Azure, Ollama, vLLM …) as an <see cref="IChatClient"/>, over OpenAI's own library. (The
/// adapter that Microsoft publishes cannot be had from every registry: docs/decisions/0003.)
/// </summary>
internal sealed class OpenAIChatClient(ChatClient client) : IChatClient
{
    /// <param name="key">Null for servers that want none.</param>
    public static OpenAIChatClient Create(Uri address, string? key, string model, HttpClient http)
    {
        var options = new OpenAIClientOptions
        {
            Endpoint = address,
            Transport = new HttpClientPipelineTransport(http),

            // Retries and time limits are the pipeline's.
            RetryPolicy = new ClientRetryPolicy(0),
            NetworkTimeout = Timeout.InfiniteTimeSpan,
        };
        return new OpenAIChatClient(new ChatClient(model, new ApiKeyCredential(key ?? "none"), options));
    }

    public async Task<ChatResponse> GetResponseAsync(
        IEnumerable<ChatMessage> messages, ChatOptions? options = null, CancellationToken cancellationToken = default)
    {
        ChatCompletion completion = await client.CompleteChatAsync(OpenAIMessages.From(messages, options), OpenAIMessages.From(options), cancellationToken);
        var message = new ChatMessage(ChatRole.Assistant, [.. completion.Content.Where(c => c.Text is not null).Select(c => new TextContent(c.Text))])
        {
            MessageId = completion.Id,
        };
        foreach (var call in completion.ToolCalls)
            message.Contents.Add(OpenAIMessages.ToCall(call.Id, call.FunctionName, call.FunctionArguments.ToString()));
        return new ChatResponse(message)
        {
            ResponseId = completion.Id,
            ModelId = completion.Model,
            CreatedAt = completion.CreatedAt,
            FinishReason = Reason(completion.FinishReason),
            Usage = completion.Usage is null ? null : OpenAIMessages.ToUsage(completion.Usage),
            AdditionalProperties = OpenAIMessages.Tier(completion.ServiceTier),
        };
    }

    public async IAsyncEnumerable<ChatResponseUpdate> GetStreamingResponseAsync(
        IEnumerable<ChatMessage> messages, ChatOptions? options = null, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        var calls = new SortedDictionary<int, (string? Id, string? Name, System.Text.StringBuilder Arguments)>();
        ChatFinishReason? finished = null;
        await using var pieces = client.CompleteChatStreamingAsync(OpenAIMessages.From(messages, options), OpenAIMessages.From(options), cancellationToken)
            .GetAsyncEnumerator(cancellationToken);
        while (true)
        {
            try
            {
                if (!await pieces.MoveNextAsync())
                    break;
            }
            catch (Exception e) when (finished is not null && e is JsonException or InvalidOperationException or FormatException)
            {
                // The answer is whole: only what comes after it, its usage, cannot be read. It is estimated then.
                break;
            }

            var piece = pieces.Current;
            foreach (var call in piece.ToolCallUpdates)
            {
                // A call comes in fragments: its id and name first, then its arguments piece by piece.
                var (id, name, arguments) = calls.GetValueOrDefault(call.Index, (null, null, new System.Text.StringBuilder()));
                arguments.Append(call.FunctionArgumentsUpdate);
                calls[call.Index] = (id ?? call.ToolCallId, name ?? call.FunctionName, arguments);
            }

            var update = new ChatResponseUpdate { Role = ChatRole.Assistant, ResponseId = piece.CompletionId, ModelId = piece.Model, CreatedAt = piece.CreatedAt, AdditionalProperties = OpenAIMessages.Tier(piece.ServiceTier) };
            foreach (var content in piece.ContentUpdate)
            {
                if (content.Text is { Length: > 0 } text)
                    update.Contents.Add(new TextContent(text));
            }

            if (piece.FinishReason is { } reason)
            {
                update.FinishReason = finished = Reason(reason);
                foreach (var (id, name, arguments) in calls.Values)
                    update.Contents.Add(OpenAIMessages.ToCall(id ?? name ?? "", name ?? "", arguments.ToString()));
            }

            if (piece.Usage is not null && OpenAIMessages.ToUsage(piece.Usage) is { } usage)
                update.Contents.Add(new UsageContent(usage));
            if (update.Contents.Count > 0 || update.FinishReason is not null)
                yield return update;
        }

        if (finished is null)
            throw new LlmException(LlmErrorKind.Interrupted, "The answer broke off before its end.");
    }

    public object? GetService(Type serviceType, object? serviceKey = null) =>
        serviceKey is null && serviceType.IsInstanceOfType(this) ? this : null;

    public void Dispose()
    {
        // The connections are shared.
    }

    private static ChatFinishReason Reason(Chat.ChatFinishReason reason) => reason switch
    {
        Chat.ChatFinishReason.Length => ChatFinishReason.Length,
        Chat.ChatFinishReason.ContentFilter => ChatFinishReason.ContentFilter,
        Chat.ChatFinishReason.ToolCalls or Chat.ChatFinishReason.FunctionCall => ChatFinishReason.ToolCalls,
        _ => ChatFinishReason.Stop,
    };
}
