using System.Collections.Frozen;
using System.Globalization;
using System.Text.Json;

namespace OsMEN.Executions.Catalog.Parameters;

/// <summary>Reads schemas strictly: what it doesn't know is a fault, never ignored.</summary>
internal sealed class SchemaReader(Faults faults)
{
    private const int MaxDepth = 16;
    private const int MaxSchemas = 1000;
    private const string Draft = "https://json-schema.org/draft/2020-12/schema";
    private const string Supported =
        "type, properties, required, additionalProperties, enum, const, items, minItems, maxItems, uniqueItems, minLength, maxLength, pattern, "
        + "minimum, maximum, exclusiveMinimum, exclusiveMaximum, multipleOf, anyOf, oneOf, allOf, format, title, description, default, examples";

    private static readonly FrozenDictionary<string, JsonTypes> Types = Enum.GetValues<JsonTypes>()
        .Where(t => t != JsonTypes.Any)
        .ToFrozenDictionary(t => t.ToString().ToLowerInvariant(), StringComparer.Ordinal);

    private int _schemas;

    public SchemaNode? Root(JsonElement schema, string field)
    {
        var root = Node(schema, field, 1, isAlternative: false);
        if (root is { Types: not JsonTypes.Object })
        {
            faults.Add(Faults.Member(field, "type"), "must be object: parameters are named");
        }
        return root;
    }

    private SchemaNode? Node(JsonElement schema, string field, int depth, bool isAlternative)
    {
        if (schema.ValueKind != JsonValueKind.Object)
        {
            faults.Add(field, "must be a schema: an object with keywords");
            return null;
        }
        if (depth > MaxDepth || ++_schemas > MaxSchemas)
        {
            faults.Add(field, depth > MaxDepth ? $"is nested too deep: {MaxDepth} schemas within each other are supported" : $"is too much: {MaxSchemas} schemas are supported");
            return null;
        }
        var node = new SchemaNode();
        foreach (var property in schema.EnumerateObject())
        {
            if (faults.Full)
            {
                return null;
            }
            Keyword(node, property.Name, property.Value, field, depth, isAlternative);
        }
        if (!faults.Any)
        {
            CheckDefault(node, Faults.Member(field, "default"));
        }
        return node;
    }

    private void Keyword(SchemaNode node, string keyword, JsonElement value, string parent, int depth, bool isAlternative)
    {
        var field = Faults.Member(parent, keyword);
        switch (keyword)
        {
            case "type":
                node.Types = ReadTypes(value, field);
                break;
            case "properties":
                Properties(node, value, field, depth, isAlternative);
                break;
            case "required":
                node.Required.AddRange(Names(value, field));
                break;
            case "additionalProperties":
                if (value.ValueKind is JsonValueKind.True or JsonValueKind.False)
                {
                    node.AllowsOthers = value.GetBoolean();
                }
                else
                {
                    node.Others = Node(value, field, depth + 1, isAlternative);
                }
                break;
            case "enum":
                node.Enum = Need(value.ValueKind == JsonValueKind.Array && value.GetArrayLength() is > 0 and <= 1000, field, "must be a list of 1 to 1000 values")
                    ? Allowed([.. value.EnumerateArray()]) : null;
                break;
            case "const":
                node.Const = Allowed([value]);
                break;
            case "items":
                node.Items = Node(value, field, depth + 1, isAlternative);
                break;
            case "minItems":
                node.MinItems = Size(value, field) ?? 0;
                break;
            case "maxItems":
                node.MaxItems = Size(value, field) ?? 0;
                break;
            case "uniqueItems":
                node.UniqueItems = Need(value.ValueKind is JsonValueKind.True or JsonValueKind.False, field, "must be true or false") && value.GetBoolean();
                break;
            case "minLength":
                node.MinLength = Size(value, field) ?? 0;
                break;
            case "maxLength":
                node.MaxLength = Size(value, field) ?? 0;
                break;
            case "pattern":
                Pattern(node, value, field);
                break;
            case "minimum":
                node.Minimum = Number(value, field);
                break;
            case "maximum":
                node.Maximum = Number(value, field);
                break;
            case "exclusiveMinimum":
                node.ExclusiveMinimum = Number(value, field);
                break;
            case "exclusiveMaximum":
                node.ExclusiveMaximum = Number(value, field);
                break;
            case "multipleOf":
                node.MultipleOf = Number(value, field);
                Need(node.MultipleOf is null or { IsPositive: true }, field, "must be a number above 0");
                break;
            case "anyOf":
                Schemas(node.AnyOf, value, field, depth, isAlternative: true);
                break;
            case "oneOf":
                Schemas(node.OneOf, value, field, depth, isAlternative: true);
                break;
            case "allOf":
                Schemas(node.AllOf, value, field, depth, isAlternative);
                break;
            case "format" or "title" or "description":
                Need(value.ValueKind == JsonValueKind.String, field, "must be text");
                break;
            case "default":
                // Which alternative a value is meant to be is only known once it is whole.
                node.Default = Need(!isAlternative, field, "is not supported inside anyOf and oneOf") ? value.Clone() : null;
                break;
            case "examples":
                Need(value.ValueKind == JsonValueKind.Array, field, "must be a list of values");
                break;
            case "$schema" when depth == 1:
                Need(value.ValueKind == JsonValueKind.String && value.GetString()!.TrimEnd('#') == Draft, field, $"must be {Draft}, the draft that is supported");
                break;
            default:
                faults.Add(field, $"is not supported; there are: {Supported}");
                break;
        }
    }

    private JsonTypes ReadTypes(JsonElement value, string field)
    {
        var good = value.ValueKind is JsonValueKind.String or JsonValueKind.Array;
        var types = JsonTypes.Any;
        foreach (var name in good && value.ValueKind == JsonValueKind.Array ? [.. value.EnumerateArray()] : new[] { value })
        {
            good = good && name.ValueKind == JsonValueKind.String && Types.TryGetValue(name.GetString()!, out var type) && (types & type) == JsonTypes.Any && (types |= type) == types;
        }
        Need(good && types != JsonTypes.Any, field, $"must be one of {string.Join(", ", Types.Keys.Order(StringComparer.Ordinal))}, or a list of them, each once");
        return types;
    }

    private void Properties(SchemaNode node, JsonElement value, string field, int depth, bool isAlternative)
    {
        if (!Need(value.ValueKind == JsonValueKind.Object, field, "must be an object: a schema for each name"))
        {
            return;
        }
        foreach (var property in value.EnumerateObject())
        {
            if (Node(property.Value, Faults.Member(field, property.Name), depth + 1, isAlternative) is { } child)
            {
                node.Properties.Add(property.Name, child);
            }
        }
    }

    private void Schemas(List<SchemaNode> into, JsonElement value, string field, int depth, bool isAlternative)
    {
        if (!Need(value.ValueKind == JsonValueKind.Array && value.GetArrayLength() > 0, field, "must be a list of at least one schema"))
        {
            return;
        }
        foreach (var item in value.EnumerateArray())
        {
            if (Node(item, Faults.Item(field, into.Count), depth + 1, isAlternative) is not { } child)
            {
                return;
            }
            into.Add(child);
        }
    }

    private string[] Names(JsonElement value, string field)
    {
        var good = value.ValueKind == JsonValueKind.Array && value.EnumerateArray().All(n => n.ValueKind == JsonValueKind.String);
        string[] names = good ? [.. value.EnumerateArray().Select(n => n.GetString()!)] : [];
        Need(good && names.Distinct(StringComparer.Ordinal).Count() == names.Length, field, "must be a list of names, each once");
        return names;
    }

    private void Pattern(SchemaNode node, JsonElement value, string field)
    {
        if (!Need(value.ValueKind == JsonValueKind.String, field, "must be text"))
        {
            return;
        }
        node.PatternText = value.GetString()!;
        try
        {
            node.Pattern = EcmaPattern.Compile(node.PatternText);
        }
        catch (FormatException e)
        {
            faults.Add(field, e.Message);
        }
    }

    private int? Size(JsonElement value, string field)
    {
        if (value.ValueKind == JsonValueKind.Number && ExactNumber.TryRead(value, out var number) && number.IsInteger
            && decimal.TryParse(number.Text, NumberStyles.Float, CultureInfo.InvariantCulture, out var size) && size is >= 0 and <= int.MaxValue)
        {
            return (int)size;
        }
        faults.Add(field, "must be a whole number, 0 or more");
        return null;
    }

    private ExactNumber? Number(JsonElement value, string field) =>
        Need(value.ValueKind == JsonValueKind.Number, field, "must be a number") && ExactNumber.TryRead(value, out var number) ? number : null;

    private static AllowedValues Allowed(JsonElement[] values) => new(
        values.Select(CanonicalJson.Of).ToFrozenSet(StringComparer.Ordinal),
        Faults.Names([.. values.Select(v => v.ValueKind == JsonValueKind.String ? v.GetString()! : v.GetRawText())]));

    private void CheckDefault(SchemaNode node, string field)
    {
        if (node.Default is { } value)
        {
            using var filled = JsonDocument.Parse(SchemaDefaults.Fill(node, value));
            SchemaValidator.Check(node, filled.RootElement, field, faults);
        }
    }

    private bool Need(bool good, string field, string message)
    {
        if (!good)
        {
            faults.Add(field, message);
        }
        return good;
    }
}
