using System.Runtime.CompilerServices;
using System.Text.Json;
using Anthropic.Core;
using Anthropic.Models.Messages;
using Microsoft.Extensions.AI;

namespace OsMEN.Llm.Providers;

/// <summary>
/// What Anthropic's library leaves out of its answers: usage as soon as it is told (the library tells it when a stream has ended well, but a
/// stream that breaks off is billed too), how long what was written to the cache is kept, and an error where a stream ends without an end.
/// </summary>
internal sealed class AnthropicChatClient(IChatClient inner) : DelegatingChatClient(inner)
{
    public override async Task<ChatResponse> GetResponseAsync(
        IEnumerable<ChatMessage> messages, ChatOptions? options = null, CancellationToken cancellationToken = default)
    {
        var response = await base.GetResponseAsync(messages, AnthropicBody.Prepare(options), cancellationToken);
        if (response.RawRepresentation is JsonModel message && Field(message, "usage") is { } usage)
        {
            response.Usage = ProviderUsage.Read(usage) is { } tokens ? ProviderUsage.ToDetails(tokens) : null;
            response.AdditionalProperties = Tier(usage, response.AdditionalProperties);
        }

        return response;
    }

    public override async IAsyncEnumerable<ChatResponseUpdate> GetStreamingResponseAsync(
        IEnumerable<ChatMessage> messages, ChatOptions? options = null, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        var fields = new Dictionary<string, JsonElement>(StringComparer.Ordinal);
        var usageSoFar = new CumulativeUsage();
        var isFinished = false;
        await foreach (var update in base.GetStreamingResponseAsync(messages, AnthropicBody.Prepare(options), cancellationToken))
        {
            isFinished |= update.FinishReason is not null;

            // The library's own sum, from the same fields.
            if (fields.Count > 0 && update.Contents is [UsageContent])
                continue;
            if (UsageOf(update.RawRepresentation) is { ValueKind: JsonValueKind.Object } usage)
            {
                // Told at the start, and again, with what has changed, at the end.
                foreach (var field in usage.EnumerateObject().Where(f => f.Value.ValueKind != JsonValueKind.Null))
                    fields[field.Name] = field.Value;
                var whole = JsonSerializer.SerializeToElement(fields, UsageJsonContext.Default.DictionaryStringJsonElement);
                if (ProviderUsage.Read(whole) is { } tokens)
                    update.Contents.Add(usageSoFar.Next(tokens));
                update.AdditionalProperties = Tier(whole, update.AdditionalProperties);
            }

            yield return update;
        }

        if (!isFinished)
            throw new LlmException(LlmErrorKind.Interrupted, "The answer stopped before its end.");
    }

    private static JsonElement? UsageOf(object? raw)
    {
        if (raw is not RawMessageStreamEvent part)
            return null;
        if (part.TryPickStart(out var start))
            return Field(start, "message") is { ValueKind: JsonValueKind.Object } message && message.TryGetProperty("usage", out var usage) ? usage : null;
        return part.TryPickDelta(out var delta) ? Field(delta, "usage") : null;
    }

    private static JsonElement? Field(JsonModel model, string name) => model.RawData.TryGetValue(name, out var value) ? value : null;

    private static AdditionalPropertiesDictionary? Tier(JsonElement usage, AdditionalPropertiesDictionary? properties)
    {
        if (ProviderUsage.ReadTier(usage) != ServiceTier.Standard)
            (properties ??= [])[ServiceTiers.Property] = usage.GetProperty(ServiceTiers.Property).GetString();
        return properties;
    }
}
