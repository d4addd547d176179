using System.ClientModel;
using System.ClientModel.Primitives;
using System.Runtime.CompilerServices;
using System.Text.Json;
using Microsoft.Extensions.AI;
using OpenAI;
using OpenAI.Chat;
using ChatFinishReason = Microsoft.Extensions.AI.ChatFinishReason;
using ChatMessage = Microsoft.Extensions.AI.ChatMessage;

namespace OsMEN.Llm.Providers;

/// <summary>
/// Adds to Microsoft's client for OpenAI's chat completions (OpenAI, Azure, Ollama, vLLM …): usage that includes the fields of other
/// vendors, the service tier, <see cref="ModelOptions"/>, and an error when a stream stops before its finish reason.
/// </summary>
internal sealed class OpenAIChatClient(IChatClient inner) : DelegatingChatClient(inner)
{
    /// <param name="key">Null for servers without authentication.</param>
    public static OpenAIChatClient Create(Uri address, string? key, HttpClient http)
    {
        var options = new OpenAIClientOptions
        {
            Endpoint = address,
            Transport = new HttpClientPipelineTransport(http),

            // Our own pipeline retries and limits the time.
            RetryPolicy = new ClientRetryPolicy(0),
            NetworkTimeout = Timeout.InfiniteTimeSpan,
        };

        // Every request names its model in ChatOptions.ModelId.
        return new OpenAIChatClient(new ChatClient("default", new ApiKeyCredential(key ?? "none"), options).AsIChatClient());
    }

    public override async Task<ChatResponse> GetResponseAsync(
        IEnumerable<ChatMessage> messages, ChatOptions? options = null, CancellationToken cancellationToken = default)
    {
        var response = await base.GetResponseAsync(messages, WithModelOptions(options), cancellationToken);
        if (response.RawRepresentation is ChatCompletion completion)
        {
            response.Usage = Read(completion.Usage) is { } tokens ? ProviderUsage.ToDetails(tokens) : null;
            response.AdditionalProperties = Tier(completion.ServiceTier);
        }

        return response;
    }

    public override async IAsyncEnumerable<ChatResponseUpdate> GetStreamingResponseAsync(
        IEnumerable<ChatMessage> messages, ChatOptions? options = null, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        ChatFinishReason? finished = null;
        var withArguments = new HashSet<string>(StringComparer.Ordinal);
        string? lastCall = null;
        var usageSoFar = new CumulativeUsage();
        await using var updates = base.GetStreamingResponseAsync(messages, WithModelOptions(options), cancellationToken).GetAsyncEnumerator(cancellationToken);
        while (true)
        {
            try
            {
                if (!await updates.MoveNextAsync())
                    break;
            }
            catch (Exception e) when (finished == ChatFinishReason.Stop && e is JsonException or InvalidOperationException or FormatException)
            {
                // The answer is complete: only the usage after it cannot be read. The meter estimates it.
                break;
            }

            var update = updates.Current;
            finished ??= update.FinishReason;
            if (update.RawRepresentation is StreamingChatCompletionUpdate raw)
            {
                update.AdditionalProperties = Tier(raw.ServiceTier);
                foreach (var call in raw.ToolCallUpdates)
                {
                    lastCall = call.ToolCallId is { Length: > 0 } id ? id : lastCall;
                    if (lastCall is not null && call.FunctionArgumentsUpdate is { Length: > 0 })
                        withArguments.Add(lastCall);
                }
            }

            for (var i = update.Contents.Count - 1; i >= 0; i--)
            {
                switch (update.Contents[i])
                {
                    case UsageContent { RawRepresentation: ChatTokenUsage usage } when Read(usage) is { } tokens:
                        update.Contents[i] = usageSoFar.Next(tokens);
                        break;
                    case UsageContent or TextContent { Text.Length: 0 }:
                        update.Contents.RemoveAt(i);
                        break;
                    case FunctionCallContent { Exception: not null } call when !withArguments.Contains(call.CallId):
                        // Some servers send no arguments at all to a tool without parameters.
                        update.Contents[i] = new FunctionCallContent(call.CallId, call.Name, new Dictionary<string, object?>(StringComparer.Ordinal));
                        break;
                }
            }

            if (update.RawRepresentation is StreamingChatCompletionUpdate { Usage: null } chunk && Groq(chunk) is { } reported)
                update.Contents.Add(usageSoFar.Next(reported));
            if (update.Contents.Count > 0 || update.FinishReason is not null)
                yield return update;
        }

        if (finished is null)
            throw new LlmException(LlmErrorKind.Interrupted, "The answer stopped before its end.");
    }

    private static ChatOptions? WithModelOptions(ChatOptions? options)
    {
        if (ModelOptions.Of(options) is not { } fields)
            return options;
        var result = ModelOptions.Without(options!);
        result.RawRepresentationFactory = _ => ModelReaderWriter.Read<ChatCompletionOptions>(BinaryData.FromString(fields.GetRawText()));
        return result;
    }

    // By way of its JSON, which includes what the library has no property for (DeepSeek's cache hits). Null when no count in it can be right.
    private static TokenUsage? Read(ChatTokenUsage? usage)
    {
        if (usage is null)
            return null;
        using var json = JsonDocument.Parse(((IPersistableModel<ChatTokenUsage>)usage).Write(ModelReaderWriterOptions.Json).ToMemory());
        return ProviderUsage.Read(json.RootElement);
    }

    // Groq reports the usage of a stream beside the last choice.
    private static TokenUsage? Groq(StreamingChatCompletionUpdate chunk)
    {
#pragma warning disable SCME0001 // The only access to fields without a property is marked as experimental.
        if (!chunk.Patch.TryGetJson("$.x_groq.usage"u8, out var json))
            return null;
#pragma warning restore SCME0001
        using var usage = JsonDocument.Parse(json);
        return ProviderUsage.Read(usage.RootElement);
    }

    private static AdditionalPropertiesDictionary? Tier(ChatServiceTier? tier) =>
        tier is { } t && t.ToString() is not ("default" or "auto") ? new AdditionalPropertiesDictionary { [ServiceTiers.Property] = t.ToString() } : null;
}
