using System.Text.Json;

namespace OsMEN.Llm.Forwarding;

/// <summary>The usage of an answer in OpenAI's wire format.</summary>
internal static class ForwardUsage
{
    /// <summary>Null when no count in it can be right.</summary>
    public static TokenUsage? Read(JsonElement usage)
    {
        var tokens = new TokenUsage(
            Count(usage, "prompt_tokens"),
            Count(usage, "completion_tokens"),
            Count(In(usage, "prompt_tokens_details"), "cached_tokens"),
            0,
            Count(In(usage, "completion_tokens_details"), "reasoning_tokens"));
        return tokens.Input >= 0 && tokens.Output >= 0 && tokens.CachedInput >= 0 && tokens.Reasoning >= 0 && tokens.Total > 0 ? tokens : null;
    }

    private static JsonElement In(JsonElement json, string name) => json.TryGetProperty(name, out var value) ? value : default;

    private static long Count(JsonElement json, string name) =>
        json.ValueKind != JsonValueKind.Object || !json.TryGetProperty(name, out var value) || value.ValueKind == JsonValueKind.Null ? 0
        : value.ValueKind == JsonValueKind.Number && value.TryGetInt64(out var count) ? count : -1;
}
