using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using Microsoft.Extensions.AI;
using OsMEN.Executions.Catalog;

namespace OsMEN.Gateway.OpenAI;

/// <summary>A chat request that is to run an agent: the input of its execution.</summary>
/// <param name="Input">JSON text: <c>{"text":…}</c>, with <c>images</c> if there are any.</param>
/// <param name="Metadata">JSON text of the request's <c>metadata</c>, or null.</param>
internal sealed record AgentRequest(string Input, string? Metadata)
{
    private const int MaxMetadata = 16 * 1024;

    private static readonly JsonWriterOptions Writing = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>
    /// One message of the user is the input; of several, a transcript is. An agent has its own model, parameters and tools: sampling parameters are
    /// not looked at, and what would change the form of the answer is refused.
    /// </summary>
    public static (AgentRequest? Request, IResult? Error) Read(ReadOnlyMemory<byte> json)
    {
        using var document = JsonDocument.Parse(json);
        var body = document.RootElement;
        try
        {
            foreach (var (name, harmless) in (ReadOnlySpan<(string, string)>)[("n", "1"), ("tools", "[]"), ("functions", "[]"), ("logprobs", "false"), ("audio", ""), ("response_format", """{"type":"text"}""")])
            {
                if (body.TryGetProperty(name, out var value) && value.ValueKind != JsonValueKind.Null && value.GetRawText().ReplaceLineEndings("").Replace(" ", "", StringComparison.Ordinal) != harmless)
                    return (null, OpenAIErrors.Invalid(name, "is not possible with an agent, which has its own"));
            }

            if (!JsonFields.IsUnicode(body))
                return (null, OpenAIErrors.Invalid("messages", "must be valid Unicode"));
            var metadata = body.TryGetProperty("metadata", out var m) && m.ValueKind == JsonValueKind.Object ? m.GetRawText() : null;
            if (metadata?.Length > MaxMetadata)
                return (null, OpenAIErrors.Invalid("metadata", $"must be at most {MaxMetadata} characters"));
            ChatMessage[] messages = [.. ChatRequest.ReadMessages(body)];
            var text = Transcript(messages);
            AIContent[] images = [.. messages.SelectMany(m => m.Contents).Where(c => c is DataContent or UriContent)];
            return text.Length > 0 || images.Length > 0
                ? (new AgentRequest(Write(text, images), metadata), null)
                : (null, OpenAIErrors.Invalid("messages", "must include text or an image"));
        }
        catch (ChatRequestException e)
        {
            return (null, OpenAIErrors.Invalid(e.Field, e.Message));
        }
        catch (Exception e) when (e is InvalidOperationException or FormatException or KeyNotFoundException or ArgumentException)
        {
            return (null, OpenAIErrors.Invalid("messages", "have a field of the wrong type"));
        }
    }

    /// <summary>An execution's output as text: <c>{"text":…}</c> and a text as that text, anything else as its JSON.</summary>
    public static string TextOf(string? output)
    {
        if (output is null)
            return "";
        using var json = JsonDocument.Parse(output);
        var root = json.RootElement;
        return root.ValueKind == JsonValueKind.String ? root.GetString()!
            : root.ValueKind == JsonValueKind.Object && root.TryGetProperty("text", out var text) && text.ValueKind == JsonValueKind.String && root.GetPropertyCount() == 1 ? text.GetString()!
            : output;
    }

    private static string Transcript(IReadOnlyList<ChatMessage> messages)
    {
        if (messages is [{ Text: var only }] && messages[0].Role == ChatRole.User)
            return only;
        var text = new StringBuilder();
        foreach (var message in messages.Where(m => m.Text.Length > 0))
        {
            var who = message.Role.Value;
            text.Append(text.Length > 0 ? "\n\n" : "").Append(char.ToUpperInvariant(who[0])).Append(who, 1, who.Length - 1).Append(": ").Append(message.Text);
        }

        return text.ToString();
    }

    private static string Write(string text, AIContent[] images)
    {
        using var buffer = new MemoryStream(text.Length + 16);
        using (var writer = new Utf8JsonWriter(buffer, Writing))
        {
            writer.WriteStartObject();
            writer.WriteString("text"u8, text);
            if (images.Length > 0)
            {
                writer.WriteStartArray("images"u8);
                foreach (var image in images)
                {
                    writer.WriteStartObject();
                    writer.WriteString("url"u8, image is DataContent data ? data.Uri : ((UriContent)image).Uri.OriginalString);
                    if (image.AdditionalProperties?.TryGetValue("detail", out string? detail) == true)
                        writer.WriteString("detail"u8, detail);
                    writer.WriteEndObject();
                }

                writer.WriteEndArray();
            }

            writer.WriteEndObject();
        }

        return Encoding.UTF8.GetString(buffer.GetBuffer(), 0, (int)buffer.Length);
    }
}
