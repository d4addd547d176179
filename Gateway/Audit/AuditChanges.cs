using System.Buffers;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using OsMEN.ServiceDefaults.Logging;

namespace OsMEN.Gateway.Audit;

/// <summary>
/// What changed, for the audit log: <c>{"role":{"before":"user","after":"admin"}}</c>, the fields that differ. Long values are left out, as are prompts
/// and what may hold a secret: of them only that they changed is said.
/// </summary>
internal static class AuditChanges
{
    private const int LongestValue = 200;
    private const int MostFields = 40;
    private const string LeftOut = "(left out)";

    // Written for models or programs, or where keys are put.
    private static readonly string[] Withheld = ["instructions", "prompt", "template", "input", "example", "env", "environment", "headers", "command", "args", "url"];

    private static readonly JsonWriterOptions Writing = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>The fields that differ; null where none does. Without <paramref name="before"/> it was made, without <paramref name="after"/> removed.</summary>
    public static string? Between(JsonObject? before, JsonObject? after)
    {
        var names = (before ?? []).Concat(after ?? []).Select(p => p.Key).Distinct(StringComparer.Ordinal).Where(n => !JsonNode.DeepEquals(before?[n], after?[n])).ToArray();
        if (names.Length == 0)
            return null;
        var buffer = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(buffer, Writing))
        {
            json.WriteStartObject();
            foreach (var name in names.Take(MostFields))
            {
                json.WriteStartObject(Shorten(name));
                Write(json, "before", name, before?[name]);
                Write(json, "after", name, after?[name]);
                json.WriteEndObject();
            }

            json.WriteEndObject();
        }

        return Encoding.UTF8.GetString(buffer.WrittenSpan);
    }

    /// <summary>The same of two JSON texts, each an object.</summary>
    public static string? BetweenJson(string? before, string? after) => Between(Parse(before), Parse(after));

    private static JsonObject? Parse(string? json) => json is null ? null : JsonNode.Parse(json) as JsonObject;

    private static void Write(Utf8JsonWriter json, string side, string field, JsonNode? value)
    {
        if (value is null)
            return;
        json.WritePropertyName(side);
        var text = value.ToJsonString();
        if (text.Length > LongestValue || Withheld.Contains(field, StringComparer.OrdinalIgnoreCase) || HasSecret($"\"{field}\":{text}"))
            json.WriteStringValue(LeftOut);
        else
            value.WriteTo(json);
    }

    private static bool HasSecret(string text) => SecretRedactor.Redact(text) != text;

    private static string Shorten(string name) => name.Length <= 64 ? name : name[..64];
}
