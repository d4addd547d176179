using System.Buffers.Text;
using System.Diagnostics;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Unicode;
using OsMEN.ServiceDefaults.Logging;

namespace OsMEN.ServiceDefaults.Tracing;

/// <summary>
/// Prepares a finished span for export: secrets are redacted, and the content of model calls (the JSON of
/// https://github.com/open-telemetry/semantic-conventions-genai) is limited to <see cref="MaxText"/> characters per attribute.
/// </summary>
public static class SpanAttributes
{
    /// <summary>The texts of one attribute share this many characters. The last ones get theirs first: earlier messages are in earlier spans.</summary>
    public const int MaxText = 32_768;

    private const string ErrorType = "error.type";

    // The names that say what a message and its parts are stay readable when the texts have used up their share.
    private const int MaxStructural = 200;
    private static readonly string[] Structural = ["mime_type", "modality", "type", "role", "id", "name", "finish_reason"];

    // Exporters and collectors may redact again, as plain text. In "password=***" they would take everything up to the next space for the
    // password and leave broken JSON. With = and : escaped they find none, and a reader of JSON sees the same text.
    private static readonly JsonSerializerOptions EscapesAssignments = new() { Encoder = CreateEncoder() };
    private static readonly JsonSerializerOptions Readable = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>Replaces the <c>error.type</c> that the instrumentation derives from an exception's class.</summary>
    public static void SetErrorType(Activity? span, string type) => span?.SetCustomProperty(ErrorType, type);

    /// <summary>Finishes the attributes. Safe to call twice.</summary>
    public static void Finish(Activity span)
    {
        ArgumentNullException.ThrowIfNull(span);
        if (span.GetCustomProperty(ErrorType) is string type)
            span.SetTag(ErrorType, type);

        // Setting the value of an existing tag keeps its place, so the enumeration stays valid.
        foreach (ref readonly var tag in span.EnumerateTagObjects())
        {
            if (tag.Value is not string text)
                continue;
            var clean = tag.Key.StartsWith("gen_ai.", StringComparison.Ordinal) && text is ['[' or '{', ..] ? CleanJson(text) : SecretRedactor.Redact(text);
            if (!ReferenceEquals(clean, text))
                span.SetTag(tag.Key, clean);
        }

        if (span.StatusDescription is { } description)
            span.SetStatus(span.Status, SecretRedactor.Redact(description));
    }

    internal static string CleanJson(string text)
    {
        try
        {
            var root = JsonNode.Parse(text)!;
            var left = MaxText;
            Clean(root, isSecret: false, ref left);
            var json = root.ToJsonString(Readable);
            return SecretRedactor.Redact(json) == json ? json : root.ToJsonString(EscapesAssignments);
        }
        catch (Exception e) when (e is JsonException or ArgumentException or InvalidOperationException)
        {
            // Not JSON, a name that is there twice, or half of a surrogate pair, which tool arguments may contain.
            return Cut(SecretRedactor.Redact(text), MaxText);
        }
    }

    private static JsonNode? Clean(JsonNode? node, bool isSecret, ref int left)
    {
        switch (node)
        {
            case JsonArray array:
                for (var i = array.Count - 1; i >= 0; i--)
                {
                    if (Clean(array[i], isSecret, ref left) is var item && !ReferenceEquals(item, array[i]))
                        array[i] = item;
                }

                return node;
            case JsonObject fields:
                foreach (var (name, value) in fields.Reverse().ToArray())
                {
                    if (CleanField(fields, name, value, ref left) is var clean && !ReferenceEquals(clean, value))
                        fields[name] = clean;
                }

                return node;
            case JsonValue value when value.TryGetValue(out string? text):
                var kept = isSecret ? "***" : Cut(SecretRedactor.Redact(text), left);
                left -= Math.Min(left, kept.Length);
                return kept == text ? node : JsonValue.Create(kept);
            default:
                return node;
        }
    }

    private static JsonNode? CleanField(JsonObject fields, string name, JsonNode? value, ref int left)
    {
        if (Structural.Contains(name))
        {
            var own = MaxStructural;
            return Clean(value, isSecret: false, ref own);
        }

        // Half an image or half a schema is useless. Base64 contains no secret in clear, but what looks like one.
        if (name == "content" && fields.ContainsKey("mime_type") && value is JsonValue file && file.TryGetValue(out string? text) && Base64.IsValid(text))
        {
            if (text.Length > left)
                return JsonValue.Create(FormattableString.Invariant($"({text.Length} characters, not recorded)"));
            left -= text.Length;
            return value;
        }

        return name == "parameters" && value?.ToJsonString().Length > left ? null : Clean(value, IsSecret(name), ref left);
    }

    private static string Cut(string text, int length)
    {
        if (text.Length <= length)
            return text;
        var kept = length > 0 && char.IsHighSurrogate(text[length - 1]) ? length - 1 : length;
        return string.Concat(text.AsSpan(0, kept), "…");
    }

    private static bool IsSecret(string property)
    {
        var sample = $"\"{property}\":\"value\"";
        return !ReferenceEquals(SecretRedactor.Redact(sample), sample);
    }

    private static JavaScriptEncoder CreateEncoder()
    {
        var settings = new TextEncoderSettings(UnicodeRanges.All);
        settings.ForbidCharacters('=', ':');
        return JavaScriptEncoder.Create(settings);
    }
}
