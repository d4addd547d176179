using System.Diagnostics;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.Extensions.AI;

namespace OsMEN.Llm.Pipeline;

/// <summary>
/// Records an agent's instructions, input, tools and answer on its <c>invoke_agent</c> span, as model calls have them (gen-ai-input-messages.json
/// and its neighbours in https://github.com/open-telemetry/semantic-conventions-genai). Call it only where <see cref="LlmOptions.CapturesContent"/>
/// is true. Secrets are redacted and long texts cut when the span is exported.
/// </summary>
public static class GenAIContent
{
    private static readonly JsonSerializerOptions Readable = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>Sets <c>gen_ai.system_instructions</c>, where there are any, and <c>gen_ai.input.messages</c>.</summary>
    public static void SetRequest(Activity span, string? instructions, string input)
    {
        ArgumentNullException.ThrowIfNull(span);

        // Tool calls record their content below a span with this property: FunctionInvokingChatClient asks for it.
        span.SetCustomProperty("__EnableSensitiveData__", "true");
        if (instructions is { Length: > 0 })
            span.SetTag("gen_ai.system_instructions", Write(Text(instructions)));
        span.SetTag("gen_ai.input.messages", Write(new JsonObject { ["role"] = "user", ["parts"] = new JsonArray(Text(input)) }));
    }

    /// <summary>Sets <c>gen_ai.tool.definitions</c> to the names, descriptions and parameters of the tools. Sets nothing where there are none.</summary>
    public static void SetTools(Activity span, IEnumerable<AITool> tools)
    {
        ArgumentNullException.ThrowIfNull(span);
        var definitions = tools.Select(t => new JsonObject
        {
            ["type"] = "function",
            ["name"] = t.Name,
            ["description"] = t.Description,
            ["parameters"] = t is AIFunctionDeclaration function ? JsonNode.Parse(function.JsonSchema.GetRawText()) : null,
        }).ToArray();
        if (definitions.Length > 0)
            span.SetTag("gen_ai.tool.definitions", Write(definitions));
    }

    /// <summary>Sets <c>gen_ai.output.messages</c> to one text, with the finish reason <c>stop</c>.</summary>
    public static void SetAnswer(Activity span, string text)
    {
        ArgumentNullException.ThrowIfNull(span);
        span.SetTag("gen_ai.output.messages", Write(new JsonObject { ["role"] = "assistant", ["parts"] = new JsonArray(Text(text)), ["finish_reason"] = "stop" }));
    }

    private static JsonObject Text(string text) => new() { ["type"] = "text", ["content"] = text };

    private static string Write(params JsonNode[] items) => new JsonArray(items).ToJsonString(Readable);
}
