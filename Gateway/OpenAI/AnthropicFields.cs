using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.Extensions.AI;
using OsMEN.Llm.Providers;

namespace OsMEN.Gateway.OpenAI;

/// <summary>
/// The fields of OpenAI's request on their way to Anthropic: each is passed, translated, or refused by name, as docs/openai.md lists them.
/// None is dropped if the answer would be another one without it.
/// </summary>
internal static class AnthropicFields
{
    // Read by ChatRequest and ForwardRequest.
    private static readonly HashSet<string> Translated = new(
        [
            "model", "messages", "stream", "stream_options", "max_tokens", "max_completion_tokens", "temperature", "top_p", "stop", "tools", "tool_choice",
            "parallel_tool_calls", "response_format", "reasoning_effort", "thinking", "top_k", "service_tier", "user", "n", "modalities",
        ],
        StringComparer.Ordinal);

    // They change nothing in the answer: bookkeeping of OpenAI, and hints for its own cache.
    private static readonly HashSet<string> WithoutEffect = new(["metadata", "safety_identifier", "prompt_cache_key", "prompt_cache_retention"], StringComparer.Ordinal);

    // No effect with these values, so that clients that always send them are served.
    private static readonly Dictionary<string, string[]> Harmless = new(StringComparer.Ordinal)
    {
        ["n"] = ["1"],
        ["store"] = ["false"],
        ["logprobs"] = ["false"],
        ["frequency_penalty"] = ["0", "0.0"],
        ["presence_penalty"] = ["0", "0.0"],
        ["modalities"] = ["""["text"]"""],
        ["verbosity"] = ["\"medium\""],
        ["service_tier"] = ["\"auto\"", "\"default\"", "\"standard_only\""],
    };

    /// <exception cref="ChatRequestException">A field cannot be passed on.</exception>
    public static void Apply(JsonElement body, ChatOptions options, string model)
    {
        foreach (var field in body.EnumerateObject().Where(f => f.Value.ValueKind != JsonValueKind.Null))
        {
            var isHarmless = Harmless.TryGetValue(field.Name, out var values) && values.Contains(Compact(field.Value));
            if (values is not null && !isHarmless)
                throw new ChatRequestException(field.Name, $"can only be {string.Join(" or ", values)} for models of Anthropic");
            if (!isHarmless && !Translated.Contains(field.Name) && !WithoutEffect.Contains(field.Name))
                throw new ChatRequestException(field.Name, "is not possible for models of Anthropic");
        }

        if (options.Temperature > 1)
            throw new ChatRequestException("temperature", "must be 0 to 1 for models of Anthropic");
        if (options.ResponseFormat is ChatResponseFormatJson { Schema: null })
            throw new ChatRequestException("response_format", "must be json_schema for models of Anthropic, which have no json_object");

        var more = new JsonObject();
        foreach (var name in (string[])["thinking", "top_k"])
        {
            if (Has(body, name, out var value))
                more[name] = JsonNode.Parse(value.GetRawText());
        }

        if (Has(body, "user", out var user))
            more["metadata"] = new JsonObject { ["user_id"] = user.GetString() };
        if (Has(body, "service_tier", out var tier))
            more["service_tier"] = tier.GetString() == "auto" ? "auto" : "standard_only";
        if (Has(body, "reasoning_effort", out var effort))
            Reason(effort.GetString()!, options, more, model);
        if (more.Count > 0)
            ModelOptions.Set(options, more.ToJsonString());
    }

    // Claude 3.7 to 4.5 think within a number of tokens; later models decide by themselves, guided by an effort
    // (https://docs.anthropic.com/en/docs/build-with-claude/extended-thinking).
    private static void Reason(string effort, ChatOptions options, JsonObject more, string model)
    {
        if (effort is "none" or "minimal")
        {
            more["thinking"] = new JsonObject { ["type"] = "disabled" };
            return;
        }

        var budget = effort switch
        {
            "low" => 1024,
            "medium" => 8192,
            "high" => 16_384,
            "xhigh" => 32_768,
            _ => throw new ChatRequestException("reasoning_effort", "must be none, minimal, low, medium, high or xhigh"),
        };
        if (StartsWith(model, "claude-3-opus", "claude-3-sonnet", "claude-3-haiku", "claude-3-5", "claude-2"))
            throw new ChatRequestException("reasoning_effort", $"is not possible for {model}, which cannot reason");
        if (!StartsWith(model, "claude-3-7", "claude-sonnet-4-0", "claude-sonnet-4-2", "claude-sonnet-4-5", "claude-opus-4-0", "claude-opus-4-1", "claude-opus-4-2", "claude-opus-4-5", "claude-haiku-4-5"))
        {
            more["thinking"] = new JsonObject { ["type"] = "adaptive" };
            more["output_config"] = new JsonObject { ["effort"] = effort == "xhigh" ? "max" : effort };
            return;
        }

        if (options.MaxOutputTokens is not { } most)
            options.MaxOutputTokens = budget + 8192;
        else if (most > 1024)
            budget = Math.Min(budget, most - 1);
        else
            throw new ChatRequestException("max_tokens", $"must be over 1024 where {model} reasons");
        more["thinking"] = new JsonObject { ["type"] = "enabled", ["budget_tokens"] = budget };
    }

    private static bool StartsWith(string model, params ReadOnlySpan<string> prefixes)
    {
        foreach (var prefix in prefixes)
        {
            if (model.StartsWith(prefix, StringComparison.Ordinal))
                return true;
        }

        return false;
    }

    private static bool Has(JsonElement body, string name, out JsonElement value) => body.TryGetProperty(name, out value) && value.ValueKind != JsonValueKind.Null;

    private static string Compact(JsonElement value) => JsonSerializer.Serialize(value);
}
