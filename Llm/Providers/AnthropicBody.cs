using System.Text.Json;
using System.Text.Json.Nodes;
using Anthropic.Models.Messages;
using Microsoft.Extensions.AI;

namespace OsMEN.Llm.Providers;

/// <summary>
/// The fields of a request that Anthropic's adapter would change or drop: it sets <c>additionalProperties</c> in the schemas of tools, turns a
/// choice of one tool into a choice of any, drops <c>temperature</c>, <c>top_p</c>, and <c>parallel_tool_calls</c> without a tool choice, and knows no
/// vendor fields.
/// </summary>
internal static class AnthropicBody
{
    // The API wants a limit in every request; agents set their own.
    public const int DefaultMaxOutputTokens = 8192;

    /// <summary>Options for the adapter whose raw request has those fields.</summary>
    public static ChatOptions Prepare(ChatOptions? options)
    {
        var result = options?.Clone() ?? new ChatOptions();
        var body = new JsonObject
        {
            ["model"] = result.ModelId,
            ["max_tokens"] = result.MaxOutputTokens ?? DefaultMaxOutputTokens,
            ["messages"] = new JsonArray(),
            ["temperature"] = Number(result.Temperature),
            ["top_p"] = Number(result.TopP),
        };
        var tools = (result.Tools ?? []).OfType<AIFunctionDeclaration>().Select(Tool).ToArray();
        if (tools.Length > 0)
        {
            body["tools"] = new JsonArray(tools);
            body["tool_choice"] = Choice(result.ToolMode, result.AllowMultipleToolCalls);
        }

        if (result.ResponseFormat is ChatResponseFormatJson { Schema: { } schema })
            body["output_config"] = new JsonObject { ["format"] = new JsonObject { ["type"] = "json_schema", ["schema"] = JsonNode.Parse(schema.GetRawText()) } };
        if (ModelOptions.Of(options) is { } fields)
        {
            foreach (var field in fields.EnumerateObject())
                Set(body, field.Name, JsonNode.Parse(field.Value.GetRawText()));
            result = ModelOptions.Without(result);
        }

        (result.Tools, result.ToolMode, result.ResponseFormat) = (null, null, null);
        var raw = JsonSerializer.SerializeToElement(body).EnumerateObject().Where(p => p.Value.ValueKind != JsonValueKind.Null).ToDictionary(p => p.Name, p => p.Value, StringComparer.Ordinal);
        result.RawRepresentationFactory = _ => MessageCreateParams.FromRawUnchecked(
            new Dictionary<string, JsonElement>(StringComparer.Ordinal), new Dictionary<string, JsonElement>(StringComparer.Ordinal), raw);
        return result;
    }

    // Objects that two sides set, such as output_config with a format and an effort, are merged.
    private static void Set(JsonObject body, string name, JsonNode? value)
    {
        if (body[name] is not JsonObject there || value is not JsonObject more)
        {
            body[name] = value;
            return;
        }

        foreach (var (field, inner) in more)
            there[field] = inner?.DeepClone();
    }

    // As a decimal: 0.7 as a float is 0.69999999.
    private static JsonValue? Number(float? value) => value is { } number ? JsonValue.Create((decimal)number) : null;

    private static JsonNode Tool(AIFunctionDeclaration tool)
    {
        var json = new JsonObject { ["name"] = tool.Name, ["description"] = tool.Description, ["input_schema"] = JsonNode.Parse(tool.JsonSchema.GetRawText()) };
        if (tool.AdditionalProperties.TryGetValue("strict", out var strict) && strict is true)
            json["strict"] = true;
        return json;
    }

    private static JsonObject? Choice(ChatToolMode? mode, bool? parallel)
    {
        JsonObject? choice = mode switch
        {
            NoneChatToolMode => new JsonObject { ["type"] = "none" },
            RequiredChatToolMode { RequiredFunctionName: { } name } => new JsonObject { ["type"] = "tool", ["name"] = name },
            RequiredChatToolMode => new JsonObject { ["type"] = "any" },
            AutoChatToolMode => new JsonObject { ["type"] = "auto" },
            _ => parallel is null ? null : new JsonObject { ["type"] = "auto" },
        };
        if (choice is not null && parallel is { } allowed && mode is not NoneChatToolMode)
            choice["disable_parallel_tool_use"] = !allowed;
        return choice;
    }
}
