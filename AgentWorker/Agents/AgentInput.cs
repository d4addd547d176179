using System.Text.Encodings.Web;
using System.Text.Json;
using Microsoft.Extensions.AI;

namespace OsMEN.AgentWorker.Agents;

/// <summary>Between the JSON of an execution and the text that a model reads and writes.</summary>
internal static class AgentInput
{
    private static readonly JsonWriterOptions Readable = new() { Indented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>A text as it is; an object with nothing but <c>text</c> as that text; any other as indented JSON.</summary>
    public static string ToText(string input)
    {
        using var json = JsonDocument.Parse(input);
        var root = json.RootElement;
        if (root.ValueKind == JsonValueKind.String)
            return root.GetString()!;
        if (root.ValueKind == JsonValueKind.Object && root.TryGetProperty("text", out var text) && text.ValueKind == JsonValueKind.String && root.GetPropertyCount() == 1)
            return text.GetString()!;
        using var buffer = new MemoryStream();
        using (var writer = new Utf8JsonWriter(buffer, Readable))
            root.WriteTo(writer);
        return System.Text.Encoding.UTF8.GetString(buffer.GetBuffer(), 0, (int)buffer.Length);
    }

    /// <summary>
    /// The input of a model. An object with <c>images</c> and perhaps <c>text</c>, and no other field, is a text with images, each an address
    /// (https, http or data) or an object with <c>url</c> and <c>detail</c>. Any other input is text, see <see cref="ToText"/>.
    /// </summary>
    public static IList<AIContent> ToContents(string input)
    {
        using var json = JsonDocument.Parse(input);
        var root = json.RootElement;
        if (root.ValueKind != JsonValueKind.Object || !root.TryGetProperty("images", out var images) || images.ValueKind != JsonValueKind.Array)
            return [new TextContent(ToText(input))];
        var hasText = root.TryGetProperty("text", out var text);
        var contents = images.EnumerateArray().Select(ToImage).ToList();
        if (root.GetPropertyCount() != (hasText ? 2 : 1) || (hasText && text.ValueKind != JsonValueKind.String) || contents.Contains(null))
            return [new TextContent(ToText(input))];
        return hasText ? [new TextContent(text.GetString()), .. contents!] : [.. contents!];
    }

    private static AIContent? ToImage(JsonElement image)
    {
        var url = image.ValueKind == JsonValueKind.Object && image.TryGetProperty("url", out var field) ? field : image;
        if (url.ValueKind != JsonValueKind.String || !Uri.TryCreate(url.GetString(), UriKind.Absolute, out var address))
            return null;
        try
        {
            AIContent? content = address.Scheme switch
            {
                "data" => new DataContent(url.GetString()!),
                "http" or "https" => new UriContent(address, "image/*"),
                _ => null,
            };
            if (image.ValueKind == JsonValueKind.Object && image.TryGetProperty("detail", out var detail) && detail.ValueKind == JsonValueKind.String)
                content?.AdditionalProperties = new() { ["detail"] = detail.GetString() };
            return content;
        }
        catch (ArgumentException)
        {
            // A data address without data.
            return null;
        }
    }

    /// <summary>A model's answer as an execution's output: <c>{"text":…}</c>.</summary>
    public static string ToOutput(string text)
    {
        using var buffer = new MemoryStream(text.Length + 16);
        using (var writer = new Utf8JsonWriter(buffer, new JsonWriterOptions { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping }))
        {
            writer.WriteStartObject();
            writer.WriteString("text"u8, Whole(text));
            writer.WriteEndObject();
        }

        return System.Text.Encoding.UTF8.GetString(buffer.GetBuffer(), 0, (int)buffer.Length);
    }

    // PostgreSQL stores no NUL, and half a surrogate pair is no text: a model can send either.
    public static string Whole(string text) =>
        text.AsSpan().ContainsAnyInRange('\ud800', '\udfff') ? string.Concat(text.EnumerateRunes()) : text;
}
