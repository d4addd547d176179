using System.Text.Json;

namespace OsMEN.Executions.Catalog.Parameters;

/// <summary>Holds a well-formed value against a schema. Takes time in proportion to the schema times the value.</summary>
internal static class SchemaValidator
{
    private static readonly (JsonTypes Type, string Words)[] TypeWords =
    [
        (JsonTypes.String, "text"),
        (JsonTypes.Number, "a number"),
        (JsonTypes.Integer, "a whole number"),
        (JsonTypes.Boolean, "true or false"),
        (JsonTypes.Array, "a list"),
        (JsonTypes.Object, "an object with named fields"),
        (JsonTypes.Null, "null"),
    ];

    public static void Check(SchemaNode node, JsonElement value, string field, Faults faults)
    {
        if (faults.Full)
        {
            return;
        }
        if (node.Types != JsonTypes.Any && (node.Types & TypesOf(value)) == JsonTypes.Any)
        {
            faults.Add(field, $"must be {string.Join(", or ", TypeWords.Where(t => node.Types.HasFlag(t.Type)).Select(t => t.Words))}");
            return;
        }
        if (node.Enum is { } allowed && !allowed.Canonical.Contains(CanonicalJson.Of(value)))
        {
            faults.Add(field, $"must be one of: {allowed.Text}");
        }
        if (node.Const is { } only && !only.Canonical.Contains(CanonicalJson.Of(value)))
        {
            faults.Add(field, $"must be {only.Text}");
        }
        switch (value.ValueKind)
        {
            case JsonValueKind.Object:
                CheckObject(node, value, field, faults);
                break;
            case JsonValueKind.Array:
                CheckArray(node, value, field, faults);
                break;
            case JsonValueKind.String:
                CheckText(node, value.GetString()!, field, faults);
                break;
            case JsonValueKind.Number:
                CheckNumber(node, value, field, faults);
                break;
            default:
                break;
        }
        CheckAlternatives(node, value, field, faults);
    }

    private static JsonTypes TypesOf(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.Object => JsonTypes.Object,
        JsonValueKind.Array => JsonTypes.Array,
        JsonValueKind.String => JsonTypes.String,
        JsonValueKind.Number => ExactNumber.TryRead(value, out var number) && number.IsInteger ? JsonTypes.Number | JsonTypes.Integer : JsonTypes.Number,
        JsonValueKind.True or JsonValueKind.False => JsonTypes.Boolean,
        _ => JsonTypes.Null,
    };

    private static void CheckObject(SchemaNode node, JsonElement value, string field, Faults faults)
    {
        foreach (var name in node.Required)
        {
            if (!value.TryGetProperty(name, out _))
            {
                faults.Add(Faults.Member(field, name), "is required");
            }
        }
        foreach (var property in value.EnumerateObject())
        {
            if (faults.Full)
            {
                return;
            }
            var at = Faults.Member(field, property.Name);
            if (node.Properties.TryGetValue(property.Name, out var schema) || (schema = node.Others) is not null)
            {
                Check(schema, property.Value, at, faults);
            }
            else if (!node.AllowsOthers)
            {
                faults.Add(at, node.Properties.Count == 0 ? "is not known; there are none" : $"is not known; there are: {Faults.Names(node.Properties.Keys)}");
            }
        }
    }

    private static void CheckArray(SchemaNode node, JsonElement value, string field, Faults faults)
    {
        var length = value.GetArrayLength();
        if (length < node.MinItems)
        {
            faults.Add(field, $"must have at least {Faults.Count(node.MinItems, "item")}");
        }
        if (length > node.MaxItems)
        {
            faults.Add(field, $"must have at most {Faults.Count(node.MaxItems, "item")}");
        }
        var seen = new Dictionary<string, int>(StringComparer.Ordinal);
        var index = 0;
        foreach (var item in value.EnumerateArray())
        {
            if (faults.Full)
            {
                return;
            }
            var at = Faults.Item(field, index);
            if (node.UniqueItems && CanonicalJson.Of(item) is var canonical && !seen.TryAdd(canonical, index))
            {
                faults.Add(at, $"must not be there twice: it is the same as {Faults.Item(field, seen[canonical])}");
            }
            if (node.Items is { } items)
            {
                Check(items, item, at, faults);
            }
            index++;
        }
    }

    private static void CheckText(SchemaNode node, string text, string field, Faults faults)
    {
        if (node.MinLength > 0 || node.MaxLength < int.MaxValue)
        {
            var length = text.Length - text.Count(char.IsLowSurrogate);
            if (length < node.MinLength)
            {
                faults.Add(field, $"must be at least {Faults.Count(node.MinLength, "character")}");
            }
            if (length > node.MaxLength)
            {
                faults.Add(field, $"must be at most {Faults.Count(node.MaxLength, "character")}");
            }
        }
        if (node.Pattern?.IsMatch(text) == false)
        {
            faults.Add(field, $"must match the pattern {Faults.Shorten(node.PatternText!, 200)}");
        }
    }

    private static void CheckNumber(SchemaNode node, JsonElement value, string field, Faults faults)
    {
        if (!ExactNumber.TryRead(value, out var number))
        {
            return;
        }
        void Need(ExactNumber? limit, Func<ExactNumber, bool> good, string words)
        {
            if (limit is { } given && !good(given))
            {
                faults.Add(field, $"must be {words} {given.Text}");
            }
        }
        Need(node.Minimum, m => ExactNumber.Compare(number, m) >= 0, "at least");
        Need(node.Maximum, m => ExactNumber.Compare(number, m) <= 0, "at most");
        Need(node.ExclusiveMinimum, m => ExactNumber.Compare(number, m) > 0, "more than");
        Need(node.ExclusiveMaximum, m => ExactNumber.Compare(number, m) < 0, "less than");
        Need(node.MultipleOf, number.IsMultipleOf, "a multiple of");
    }

    private static void CheckAlternatives(SchemaNode node, JsonElement value, string field, Faults faults)
    {
        foreach (var schema in node.AllOf)
        {
            Check(schema, value, field, faults);
        }
        if (node.AnyOf.Count > 0 && FirstFaults(node.AnyOf, value, field) is var any && any.Count == node.AnyOf.Count)
        {
            faults.Add(field, $"fits none of the alternatives: {Told(any)}");
        }
        if (node.OneOf.Count > 0 && FirstFaults(node.OneOf, value, field) is var one && one.Count != node.OneOf.Count - 1)
        {
            faults.Add(field, one.Count == node.OneOf.Count
                ? $"fits none of the alternatives: {Told(one)}"
                : $"must fit exactly one of the alternatives, and fits {node.OneOf.Count - one.Count}");
        }
    }

    // The first fault that each has which has one.
    private static List<FieldError> FirstFaults(List<SchemaNode> schemas, JsonElement value, string field)
    {
        var first = new List<FieldError>();
        foreach (var schema in schemas)
        {
            var faults = new Faults(1);
            Check(schema, value, field, faults);
            first.AddRange(faults.List);
        }
        return first;
    }

    private static string Told(List<FieldError> faults) =>
        Faults.Shorten(string.Join("; ", faults.Take(5).Select(f => $"{f.Field} {f.Message}").Distinct(StringComparer.Ordinal)), 500);
}
