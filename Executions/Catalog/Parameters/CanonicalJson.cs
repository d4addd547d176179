using System.Globalization;
using System.Text;
using System.Text.Json;

namespace OsMEN.Executions.Catalog.Parameters;

/// <summary>A text that is the same for JSON values that are equal: whatever the order of names and the way numbers are written.</summary>
internal static class CanonicalJson
{
    public static string Of(JsonElement value)
    {
        var text = new StringBuilder();
        Append(text, value);
        return text.ToString();
    }

    private static void Append(StringBuilder text, JsonElement value)
    {
        switch (value.ValueKind)
        {
            case JsonValueKind.String:
                AppendText(text, value.GetString()!);
                break;
            case JsonValueKind.Number:
                _ = ExactNumber.TryRead(value, out var number);
                text.Append(number.Canonical);
                break;
            case JsonValueKind.Array:
                text.Append('[');
                foreach (var item in value.EnumerateArray())
                {
                    Append(text, item);
                    text.Append(',');
                }
                text.Append(']');
                break;
            case JsonValueKind.Object:
                text.Append('{');
                foreach (var property in value.EnumerateObject().OrderBy(p => p.Name, StringComparer.Ordinal))
                {
                    AppendText(text, property.Name);
                    Append(text, property.Value);
                    text.Append(',');
                }
                text.Append('}');
                break;
            default:
                text.Append(value.ValueKind);
                break;
        }
    }

    // The length tells where it ends, so nothing has to be escaped.
    private static void AppendText(StringBuilder text, string value) =>
        text.Append(CultureInfo.InvariantCulture, $"\"{value.Length}:").Append(value);
}
