using System.Text.Json;
using Microsoft.Extensions.AI;

namespace OsMEN.Llm;

/// <summary>
/// Reads what providers say a call has used, each in its own form, into one: <see cref="TokenUsage"/>, whose input includes what came
/// from a cache or went into one, and whose output includes reasoning.
/// <list type="bullet">
/// <item>OpenAI (chat and responses), Azure, Mistral, vLLM: as ours; what was written to a cache in <c>cache_write_tokens</c>.</item>
/// <item>Anthropic: <c>input_tokens</c> is without the tokens read from and written to the cache.</item>
/// <item>Gemini: <c>thoughtsTokenCount</c> is beside <c>candidatesTokenCount</c>, not in it.</item>
/// <item>DeepSeek: <c>prompt_cache_hit_tokens</c> and <c>prompt_cache_miss_tokens</c> add up to <c>prompt_tokens</c>.</item>
/// <item>Where <c>total_tokens</c> is more than prompt and completion (xAI, Gemini's OpenAI form), the rest is reasoning.</item>
/// </list>
/// </summary>
public static class ProviderUsage
{
    // No call has a billion tokens: a count beyond is no count.
    private const long MaxCount = 1_000_000_000;

    private const string CacheWriteCount = "CacheCreationInputTokens";
    private const string CacheWriteHourCount = "CacheCreationEphemeral1hInputTokens";
    private const string AudioInputCount = "AudioInputTokens";
    private const string AudioOutputCount = "AudioOutputTokens";
    private const string CachedAudioCount = "CachedAudioInputTokens";
    private const string ImageInputCount = "ImageInputTokens";
    private const string ImageOutputCount = "ImageOutputTokens";
    private const string ImagesCount = "Images";
    private const string SearchesCount = "WebSearchRequests";

    /// <summary>The usage of an object that a provider sent under <c>usage</c> (Gemini: <c>usageMetadata</c>); null when it is none, or no count in it can be right.</summary>
    public static TokenUsage? Read(JsonElement usage)
    {
        if (usage.ValueKind != JsonValueKind.Object)
            return null;
        var fields = new Fields();
        var read = usage.TryGetProperty("promptTokenCount", out _) || usage.TryGetProperty("totalTokenCount", out _) ? Gemini(usage, fields)
            : usage.TryGetProperty("cache_read_input_tokens", out _) || usage.TryGetProperty("cache_creation_input_tokens", out _) ? Anthropic(usage, fields)
            : usage.TryGetProperty("input_tokens", out _) || usage.TryGetProperty("output_tokens", out _) ? Responses(usage, fields)
            : usage.TryGetProperty("prompt_tokens", out _) || usage.TryGetProperty("completion_tokens", out _) ? Chat(usage, fields)
            : (TokenUsage?)null;
        return fields.AreGood ? read : null;
    }

    /// <summary>The tier that a usage object or a response names; standard where it names none.</summary>
    public static ServiceTier ReadTier(JsonElement json) =>
        json.ValueKind == JsonValueKind.Object && json.TryGetProperty(ServiceTiers.Property, out var tier) && tier.ValueKind == JsonValueKind.String
            ? ServiceTiers.Parse(tier.GetString())
            : ServiceTier.Standard;

    /// <summary>In the form that clients hand on.</summary>
    internal static UsageDetails ToDetails(TokenUsage t)
    {
        var details = new UsageDetails
        {
            InputTokenCount = t.Input,
            OutputTokenCount = t.Output,
            TotalTokenCount = t.Total,
            CachedInputTokenCount = t.CachedInput,
            ReasoningTokenCount = t.Reasoning,
        };
        foreach (var (name, count) in ((string, long)[])
            [
                (CacheWriteCount, t.CacheWrite), (CacheWriteHourCount, t.CacheWriteHour), (AudioInputCount, t.AudioInput),
                (AudioOutputCount, t.AudioOutput), (CachedAudioCount, t.CachedAudio), (ImageInputCount, t.ImageInput),
                (ImageOutputCount, t.ImageOutput), (ImagesCount, t.Images), (SearchesCount, t.Searches),
            ])
        {
            if (count > 0)
                (details.AdditionalCounts ??= [])[name] = count;
        }

        return details;
    }

    /// <summary>Back from that form, also as Anthropic's library fills it. Null when no count in it can be right.</summary>
    internal static TokenUsage? FromDetails(UsageDetails usage)
    {
        long More(string name) => usage.AdditionalCounts?.GetValueOrDefault(name) ?? 0;
        var tokens = new TokenUsage(
            usage.InputTokenCount ?? 0, usage.OutputTokenCount ?? 0, usage.CachedInputTokenCount ?? 0, More(CacheWriteCount), usage.ReasoningTokenCount ?? 0)
        {
            CacheWriteHour = More(CacheWriteHourCount),
            AudioInput = More(AudioInputCount),
            CachedAudio = More(CachedAudioCount),
            AudioOutput = More(AudioOutputCount),
            ImageInput = More(ImageInputCount),
            ImageOutput = More(ImageOutputCount),
            Images = More(ImagesCount),
            Searches = More(SearchesCount),
        };
        long[] counts = [tokens.Input, tokens.Output, tokens.CachedInput, tokens.CacheWrite, tokens.Reasoning, tokens.CacheWriteHour, tokens.AudioInput, tokens.AudioOutput];
        return counts.All(c => c is >= 0 and <= MaxCount) && tokens.Total > 0 ? tokens : null;
    }

    private static TokenUsage Anthropic(JsonElement u, Fields f)
    {
        var (read, written) = (f.Get(u, "cache_read_input_tokens"), f.Get(u, "cache_creation_input_tokens"));
        var kept = f.In(u, "cache_creation");
        var (short_, hour) = (f.Get(kept, "ephemeral_5m_input_tokens"), f.Get(kept, "ephemeral_1h_input_tokens"));
        written = Math.Max(written, short_ + hour);
        return new TokenUsage(f.Get(u, "input_tokens") + read + written, f.Get(u, "output_tokens"), read, written)
        {
            CacheWriteHour = hour,
            Searches = f.Get(f.In(u, "server_tool_use"), "web_search_requests"),
        };
    }

    private static TokenUsage Responses(JsonElement u, Fields f)
    {
        var (sent, got) = (f.In(u, "input_tokens_details"), f.In(u, "output_tokens_details"));
        return Common(f.Get(u, "input_tokens"), f.Get(u, "output_tokens"), 0, u, sent, got, f);
    }

    private static TokenUsage Chat(JsonElement u, Fields f)
    {
        var (sent, got) = (f.In(u, "prompt_tokens_details"), f.In(u, "completion_tokens_details"));
        var hit = f.Get(u, "prompt_cache_hit_tokens");
        return Common(Math.Max(f.Get(u, "prompt_tokens"), hit + f.Get(u, "prompt_cache_miss_tokens")), f.Get(u, "completion_tokens"), hit, u, sent, got, f);
    }

    private static TokenUsage Common(long input, long output, long cached, JsonElement u, JsonElement sent, JsonElement got, Fields f)
    {
        var reasoning = f.Get(got, "reasoning_tokens");
        var beside = f.Get(u, "total_tokens") - input - output;
        if (beside > 0)
            (output, reasoning) = (output + beside, Math.Max(reasoning, beside));
        return new TokenUsage(
            input, output, Math.Max(cached, f.Get(sent, "cached_tokens")), Math.Max(f.Get(sent, "cache_write_tokens"), f.Get(sent, "cache_creation_tokens")), reasoning)
        {
            AudioInput = f.Get(sent, "audio_tokens"),
            CachedAudio = f.Get(f.In(sent, "cached_tokens_details"), "audio_tokens"),
            AudioOutput = f.Get(got, "audio_tokens"),
            ImageInput = f.Get(sent, "image_tokens"),
            ImageOutput = f.Get(got, "image_tokens"),
            Images = f.Get(sent, "image_count"),
        };
    }

    private static TokenUsage Gemini(JsonElement u, Fields f)
    {
        var thoughts = f.Get(u, "thoughtsTokenCount");
        return new TokenUsage(
            f.Get(u, "promptTokenCount") + f.Get(u, "toolUsePromptTokenCount"), f.Get(u, "candidatesTokenCount") + thoughts, f.Get(u, "cachedContentTokenCount"), 0, thoughts)
        {
            AudioInput = f.OfModality(u, "promptTokensDetails", "AUDIO"),
            CachedAudio = f.OfModality(u, "cacheTokensDetails", "AUDIO"),
            AudioOutput = f.OfModality(u, "candidatesTokensDetails", "AUDIO"),
            ImageInput = f.OfModality(u, "promptTokensDetails", "IMAGE"),
            ImageOutput = f.OfModality(u, "candidatesTokensDetails", "IMAGE"),
        };
    }

    /// <summary>Reads counts, and remembers whether all that were there were counts.</summary>
    private sealed class Fields
    {
        public bool AreGood { get; private set; } = true;

        public JsonElement In(JsonElement json, string name) =>
            json.ValueKind == JsonValueKind.Object && json.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.Object ? value : default;

        public long Get(JsonElement json, string name)
        {
            if (json.ValueKind != JsonValueKind.Object || !json.TryGetProperty(name, out var value) || value.ValueKind == JsonValueKind.Null)
                return 0;
            if (value.ValueKind == JsonValueKind.Number && value.TryGetDecimal(out var count) && count is >= 0 and <= MaxCount && count == decimal.Truncate(count))
                return (long)count;
            AreGood = false;
            return 0;
        }

        public long OfModality(JsonElement json, string name, string modality)
        {
            var sum = 0L;
            if (json.TryGetProperty(name, out var list) && list.ValueKind == JsonValueKind.Array)
            {
                foreach (var part in list.EnumerateArray())
                {
                    if (part.ValueKind == JsonValueKind.Object && part.TryGetProperty("modality", out var m) && m.ValueEquals(modality))
                        sum += Get(part, "tokenCount");
                }
            }

            return sum;
        }
    }
}
