using System.Globalization;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Unicode;
using Microsoft.Extensions.AI;
using OsMEN.ServiceDefaults.Logging;

namespace OsMEN.Llm.Pipeline;

/// <summary>
/// Writes messages, instructions and tools as the JSON that OpenTelemetry defines for spans
/// (gen-ai-input-messages.json, gen-ai-output-messages.json, gen-ai-system-instructions.json, gen-ai-tool-definitions.json in
/// https://github.com/open-telemetry/semantic-conventions-genai). Secrets are redacted. The texts of one attribute share
/// <see cref="MaxText"/> characters, of which the latest messages get theirs first; the rest is cut off.
/// </summary>
internal sealed class MessageContent
{
    internal const int MaxText = 32_768;

    private static readonly JavaScriptEncoder EscapesAssignments = CreateEncoder();

    private readonly MemoryStream _bytes = new();
    private readonly Utf8JsonWriter _json;
    private int _left = MaxText;

    private MessageContent(JavaScriptEncoder encoder) => _json = new(_bytes, new() { Encoder = encoder });

    public static string Input(IEnumerable<ChatMessage> messages) => WriteArray(content =>
    {
        ChatMessage[] all = [.. messages];

        // The earlier messages are whole in the spans of the earlier calls.
        var shares = new int[all.Length];
        var left = MaxText;
        for (var i = all.Length - 1; i >= 0; i--)
        {
            shares[i] = (int)Math.Min(left, all[i].Contents.Sum(Length));
            left -= shares[i];
        }

        for (var i = 0; i < all.Length; i++)
        {
            var message = all[i];
            content._left = shares[i];
            content._json.WriteStartObject();
            content._json.WriteString("role"u8, message.Role.Value);
            content.WriteParts(message.Contents);
            content._json.WriteEndObject();
        }
    });

    public static string Output(IEnumerable<AIContent> contents, ChatFinishReason? reason) => WriteArray(content =>
    {
        content._json.WriteStartObject();
        content._json.WriteString("role"u8, "assistant"u8);
        content.WriteParts(contents);
        content._json.WriteString("finish_reason"u8, reason == ChatFinishReason.ToolCalls ? "tool_call" : reason?.Value ?? "");
        content._json.WriteEndObject();
    });

    public static string Instructions(string text) => WriteArray(content => content.WriteText("text", text));

    /// <summary>The tools that a model can choose from, with the JSON schemas of their parameters.</summary>
    public static string Tools(IEnumerable<AITool> tools) => WriteArray(content =>
    {
        foreach (var tool in tools)
        {
            content._json.WriteStartObject();
            content._json.WriteString("type"u8, tool is AIFunctionDeclaration ? "function" : tool.Name);
            content._json.WriteString("name"u8, tool.Name);
            if (tool.Description.Length > 0)
                content._json.WriteString("description"u8, content.Cut(tool.Description));

            // Half a schema describes another tool.
            if (tool is AIFunctionDeclaration { JsonSchema: { ValueKind: JsonValueKind.Object } schema }
                && schema.GetRawText().Length <= content._left)
            {
                content._json.WritePropertyName("parameters"u8);
                content.WriteElement(schema);
            }

            content._json.WriteEndObject();
        }
    });

    /// <summary>The arguments of a tool call.</summary>
    public static string Arguments(IDictionary<string, object?>? arguments) => Write(content => content.WriteArguments(arguments));

    /// <summary>The result of a tool call.</summary>
    public static string Result(object? result) =>
        new MessageContent(JavaScriptEncoder.UnsafeRelaxedJsonEscaping).Cut(result?.ToString() ?? "");

    private static string WriteArray(Action<MessageContent> write) => Write(content =>
    {
        content._json.WriteStartArray();
        write(content);
        content._json.WriteEndArray();
    });

    // Exporters redact every attribute again, as plain text. In "password=***" they would take everything up to the next space for the
    // password, and leave broken JSON. With = and : escaped they find none, and a reader of JSON sees the same text.
    private static string Write(Action<MessageContent> write)
    {
        var json = Write(write, JavaScriptEncoder.UnsafeRelaxedJsonEscaping);
        return string.Equals(SecretRedactor.Redact(json), json, StringComparison.Ordinal) ? json : Write(write, EscapesAssignments);
    }

    private static string Write(Action<MessageContent> write, JavaScriptEncoder encoder)
    {
        var content = new MessageContent(encoder);
        write(content);
        content._json.Flush();
        return Encoding.UTF8.GetString(content._bytes.GetBuffer(), 0, (int)content._bytes.Length);
    }

    private static JavaScriptEncoder CreateEncoder()
    {
        var settings = new TextEncoderSettings(UnicodeRanges.All);
        settings.ForbidCharacters('=', ':');
        return JavaScriptEncoder.Create(settings);
    }

    private static bool IsSecret(string property)
    {
        var sample = $"\"{property}\":\"value\"";
        return !string.Equals(SecretRedactor.Redact(sample), sample, StringComparison.Ordinal);
    }

    private static long Length(AIContent content) => content switch
    {
        TextContent text => text.Text.Length,
        TextReasoningContent thought => thought.Text.Length,
        FunctionCallContent call => call.Arguments?.Sum(
            a => (long)a.Key.Length + (a.Value is JsonElement e ? e.GetRawText() : a.Value?.ToString() ?? "").Length) ?? 0,
        FunctionResultContent result => result.Result?.ToString()?.Length ?? 0,
        DataContent data => data.Base64Data.Length <= MaxText ? data.Base64Data.Length : 100,
        UriContent link => link.Uri.ToString().Length,
        _ => 0,
    };

    private static string Modality(string mediaType) => mediaType.Split('/')[0];

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
                case DataContent data:
                    WriteData(data);
                    break;
                case UriContent link:
                    _json.WriteStartObject();
                    _json.WriteString("type"u8, "uri"u8);
                    _json.WriteString("mime_type"u8, link.MediaType);
                    _json.WriteString("modality"u8, Modality(link.MediaType));
                    _json.WriteString("uri"u8, Cut(link.Uri.ToString()));
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

    private void WriteData(DataContent data)
    {
        // Half an image cannot be shown.
        if (data.Base64Data.Length > _left)
        {
            WriteText("text", string.Create(CultureInfo.InvariantCulture, $"({data.MediaType}, {data.Data.Length} bytes, not recorded)"));
            return;
        }

        _left -= data.Base64Data.Length;
        _json.WriteStartObject();
        _json.WriteString("type"u8, "blob"u8);
        _json.WriteString("mime_type"u8, data.MediaType);
        _json.WriteString("modality"u8, Modality(data.MediaType));
        _json.WriteString("content"u8, data.Base64Data.Span);
        _json.WriteEndObject();
    }

    private void WriteArguments(IDictionary<string, object?>? arguments)
    {
        _json.WriteStartObject();
        foreach (var (name, value) in arguments ?? new Dictionary<string, object?>(StringComparer.Ordinal))
        {
            _json.WritePropertyName(name);

            // Parsed JSON from a model, or any object from a caller in this process. JSON that doesn't fit becomes a string that is
            // cut off.
            if (value is JsonElement element && element.GetRawText().Length <= _left)
                WriteElement(element, IsSecret(name));
            else if (value is null)
                _json.WriteNullValue();
            else
                WriteString(value.ToString() ?? "", IsSecret(name));
        }
        _json.WriteEndObject();
    }

    private void WriteElement(JsonElement element, bool isSecret = false)
    {
        switch (element.ValueKind)
        {
            case JsonValueKind.Object:
                _json.WriteStartObject();
                foreach (var property in element.EnumerateObject())
                {
                    _left -= Math.Min(_left, property.Name.Length);
                    _json.WritePropertyName(property.Name);
                    WriteElement(property.Value, IsSecret(property.Name));
                }
                _json.WriteEndObject();
                break;
            case JsonValueKind.Array:
                _json.WriteStartArray();
                foreach (var item in element.EnumerateArray())
                    WriteElement(item, isSecret);
                _json.WriteEndArray();
                break;
            case JsonValueKind.String:
                WriteString(element.GetString()!, isSecret);
                break;
            default:
                _left -= Math.Min(_left, element.GetRawText().Length);
                element.WriteTo(_json);
                break;
        }
    }

    private void WriteString(string text, bool isSecret) => _json.WriteStringValue(isSecret ? "***" : Cut(text));

    private string Cut(string text)
    {
        var clean = SecretRedactor.Redact(text);
        var kept = Math.Min(clean.Length, _left);
        if (kept > 0 && kept < clean.Length && char.IsHighSurrogate(clean[kept - 1]))
            kept--;
        _left -= kept;
        return kept == clean.Length ? clean : string.Concat(clean.AsSpan(0, kept), "…");
    }
}
