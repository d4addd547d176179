using System.Text;
using System.Text.Json;
using Microsoft.Extensions.AI;

namespace OsMEN.Llm.Pipeline;

/// <summary>
/// Messages as the JSON that OpenTelemetry defines for spans (gen-ai-input-messages.json, gen-ai-output-messages.json). What would be
/// longer than <see cref="MaxText"/> is cut, text by text.
/// </summary>
internal static class MessageContent
{
    internal const int MaxText = 16_384;

    public static string Input(IEnumerable<ChatMessage> messages) => Write(json =>
    {
        json.WriteStartArray();
        foreach (var message in messages)
        {
            json.WriteStartObject();
            json.WriteString("role"u8, message.Role.Value);
            WriteParts(json, message.Contents);
            json.WriteEndObject();
        }
        json.WriteEndArray();
    });

    public static string Output(IEnumerable<AIContent> contents, ChatFinishReason? reason) => Write(json =>
    {
        json.WriteStartArray();
        json.WriteStartObject();
        json.WriteString("role"u8, "assistant"u8);
        WriteParts(json, contents);
        json.WriteString("finish_reason"u8, reason?.Value ?? "");
        json.WriteEndObject();
        json.WriteEndArray();
    });

    public static string Instructions(string text) => Write(json =>
    {
        json.WriteStartArray();
        WriteText(json, "text", text);
        json.WriteEndArray();
    });

    /// <summary>A tool's arguments or result.</summary>
    public static string Value(object? value) => Cut(value switch
    {
        null => "null",
        string text => text,
        IDictionary<string, object?> arguments => Write(json => WriteObject(json, arguments)),
        _ => value.ToString() ?? "",
    });

    private static void WriteParts(Utf8JsonWriter json, IEnumerable<AIContent> contents)
    {
        json.WriteStartArray("parts"u8);
        foreach (var content in contents)
        {
            switch (content)
            {
                case TextContent text:
                    WriteText(json, "text", text.Text);
                    break;
                case TextReasoningContent thought:
                    WriteText(json, "reasoning", thought.Text);
                    break;
                case FunctionCallContent call:
                    json.WriteStartObject();
                    json.WriteString("type"u8, "tool_call"u8);
                    json.WriteString("id"u8, call.CallId);
                    json.WriteString("name"u8, call.Name);
                    json.WritePropertyName("arguments"u8);
                    WriteObject(json, call.Arguments ?? new Dictionary<string, object?>(StringComparer.Ordinal));
                    json.WriteEndObject();
                    break;
                case FunctionResultContent result:
                    json.WriteStartObject();
                    json.WriteString("type"u8, "tool_call_response"u8);
                    json.WriteString("id"u8, result.CallId);
                    json.WriteString("response"u8, Value(result.Result));
                    json.WriteEndObject();
                    break;
            }
        }
        json.WriteEndArray();
    }

    private static void WriteText(Utf8JsonWriter json, string type, string text)
    {
        json.WriteStartObject();
        json.WriteString("type"u8, type);
        json.WriteString("content"u8, Cut(text));
        json.WriteEndObject();
    }

    // A call's arguments come as parsed JSON, or as what a caller put there.
    private static void WriteObject(Utf8JsonWriter json, IDictionary<string, object?> values)
    {
        json.WriteStartObject();
        foreach (var (name, value) in values)
        {
            if (value is JsonElement element)
            {
                json.WritePropertyName(name);
                element.WriteTo(json);
            }
            else
            {
                json.WriteString(name, Cut(value?.ToString() ?? ""));
            }
        }
        json.WriteEndObject();
    }

    private static string Cut(string text) => text.Length <= MaxText ? text : string.Concat(text.AsSpan(0, MaxText), "…");

    private static string Write(Action<Utf8JsonWriter> write)
    {
        using var bytes = new MemoryStream();
        using (var json = new Utf8JsonWriter(bytes, new() { Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping }))
            write(json);
        return Encoding.UTF8.GetString(bytes.GetBuffer(), 0, (int)bytes.Length);
    }
}
