using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using Microsoft.Extensions.AI;

namespace OsMEN.Llm.Pipeline;

/// <summary>
/// Messages as the JSON that OpenTelemetry defines for spans (gen-ai-input-messages.json, gen-ai-output-messages.json). All texts of
/// one attribute together have <see cref="MaxText"/> characters; what comes after them is cut.
/// </summary>
internal sealed class MessageContent
{
    internal const int MaxText = 32_768;

    private readonly MemoryStream _bytes = new();
    private readonly Utf8JsonWriter _json;
    private int _left = MaxText;

    private MessageContent() => _json = new(_bytes, new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping });

    public static string Input(IEnumerable<ChatMessage> messages) => Write(content =>
    {
        foreach (var message in messages)
        {
            content._json.WriteStartObject();
            content._json.WriteString("role"u8, message.Role.Value);
            content.WriteParts(message.Contents);
            content._json.WriteEndObject();
        }
    });

    public static string Output(IEnumerable<AIContent> contents, ChatFinishReason? reason) => Write(content =>
    {
        content._json.WriteStartObject();
        content._json.WriteString("role"u8, "assistant"u8);
        content.WriteParts(contents);
        content._json.WriteString("finish_reason"u8, reason?.Value ?? "");
        content._json.WriteEndObject();
    });

    public static string Instructions(string text) => Write(content => content.WriteText("text", text));

    /// <summary>A tool's arguments, as it is given them.</summary>
    public static string Arguments(IDictionary<string, object?>? arguments)
    {
        var content = new MessageContent();
        content.WriteArguments(arguments);
        return content.ToString();
    }

    /// <summary>What a tool answered.</summary>
    public static string Result(object? result) => new MessageContent().Cut(result?.ToString() ?? "");

    public override string ToString()
    {
        _json.Flush();
        return Encoding.UTF8.GetString(_bytes.GetBuffer(), 0, (int)_bytes.Length);
    }

    private static string Write(Action<MessageContent> write)
    {
        var content = new MessageContent();
        content._json.WriteStartArray();
        write(content);
        content._json.WriteEndArray();
        return content.ToString();
    }

    private void WriteParts(IEnumerable<AIContent> contents)
    {
        _json.WriteStartArray("parts"u8);
        foreach (var content in contents)
        {
            switch (content)
            {
                case TextContent text:
                    WriteText("text", text.Text);
                    break;
                case TextReasoningContent thought:
                    WriteText("reasoning", thought.Text);
                    break;
                case FunctionCallContent call:
                    _json.WriteStartObject();
                    _json.WriteString("type"u8, "tool_call"u8);
                    _json.WriteString("id"u8, call.CallId);
                    _json.WriteString("name"u8, call.Name);
                    _json.WritePropertyName("arguments"u8);
                    WriteArguments(call.Arguments);
                    _json.WriteEndObject();
                    break;
                case FunctionResultContent result:
                    _json.WriteStartObject();
                    _json.WriteString("type"u8, "tool_call_response"u8);
                    _json.WriteString("id"u8, result.CallId);
                    _json.WriteString("response"u8, Cut(result.Result?.ToString() ?? ""));
                    _json.WriteEndObject();
                    break;
            }
        }
        _json.WriteEndArray();
    }

    private void WriteText(string type, string text)
    {
        _json.WriteStartObject();
        _json.WriteString("type"u8, type);
        _json.WriteString("content"u8, Cut(text));
        _json.WriteEndObject();
    }

    // They come as parsed JSON, or as what a caller put there. What has no room left is a string that was cut.
    private void WriteArguments(IDictionary<string, object?>? arguments)
    {
        _json.WriteStartObject();
        foreach (var (name, value) in arguments ?? new Dictionary<string, object?>(StringComparer.Ordinal))
        {
            _json.WritePropertyName(name);
            var text = value is JsonElement element ? element.GetRawText() : value?.ToString() ?? "";
            if (value is JsonElement && text.Length <= _left)
                _json.WriteRawValue(Cut(text));
            else
                _json.WriteStringValue(Cut(text));
        }
        _json.WriteEndObject();
    }

    private string Cut(string text)
    {
        var kept = Math.Min(text.Length, _left);
        _left -= kept;
        return kept == text.Length ? text : string.Concat(text.AsSpan(0, kept), "…");
    }
}
