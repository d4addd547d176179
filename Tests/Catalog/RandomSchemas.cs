using System.Text.Json.Nodes;

namespace OsMEN.Tests.Catalog;

/// <summary>Schemas of the supported subset, and values that often nearly fit them; the same ones for a seed.</summary>
internal sealed class RandomSchemas(int seed)
{
    private static readonly string[] Names = ["a", "b", "c", "a b", "é"];
    private static readonly string[] Texts = ["", "a", "ab", "abc", "A1", "a\n", "😀", "😀a", "é", " ", "\u2028", "12", "_", "aaaa", "a-b", "٣"];
    private static readonly string[] Numbers = ["0", "-0", "1", "1.0", "2", "-1", "0.5", "1.5", "2.25", "1e2", "100", "-3e-1", "7"];
    private static readonly string[] Types = ["object", "array", "string", "number", "integer", "boolean", "null"];

    // Each with what .NET alone would match otherwise.
    private static readonly string[] Patterns =
    [
        "^a", "a$", "^.$", "^..$", "\\d", "^\\d+$", "\\w", "^\\W$", "^\\s$", "\\S", "[^a]", "^[^a-c]+$", "^[\\s\\S]{2}$", "a|b", "^(?:a|b)*$", "^(a){2,3}$", "^a{0,1}?b?$",
        "[\\d_]", "^[^\\D]$", "^[^\\S\\n]$", "\\u{1F600}", "😀{1}a", "^\\u0061\\x62", "[-a]b", "^$", "^[^]$", "\\.", "[\\]a]", "(|a)b", "-",
    ];

    private readonly Random _random = new(seed);

    public JsonObject Root()
    {
        var schema = Node(3);
        schema["type"] = "object";
        if (!schema.ContainsKey("properties") && One(4) > 0)
            schema["properties"] = Properties(3);
        return schema;
    }

    /// <summary>A value that keeps most of what the schema asks.</summary>
    public JsonNode? Value(JsonObject? schema, int depth = 4)
    {
        if (schema is null || One(8) == 0)
            return Any(depth);
        if (schema["const"] is { } only && One(2) == 0)
            return only.DeepClone();
        if (schema["enum"] is JsonArray choices && One(3) > 0)
            return Pick<JsonNode?>(choices)?.DeepClone();
        foreach (var keyword in new[] { "anyOf", "oneOf", "allOf" })
        {
            if (schema[keyword] is JsonArray alternatives && One(2) == 0)
                return Value((JsonObject)Pick<JsonNode?>(alternatives)!, depth);
        }
        var type = schema["type"] is JsonArray list ? (string)Pick<JsonNode?>(list)! : (string?)schema["type"];
        type ??= schema.ContainsKey("properties") ? "object" : schema.ContainsKey("items") ? "array" : Pick(Types);
        return type switch
        {
            "object" => ObjectFor(schema, depth),
            "array" => new JsonArray([.. Many(4, () => Value(schema["items"] as JsonObject, depth - 1))]),
            _ => OfType(type, depth),
        };
    }

    private JsonObject Node(int depth)
    {
        var schema = new JsonObject();
        if (One(3) > 0)
            schema["type"] = One(4) == 0 ? new JsonArray([.. Types.Where(_ => One(3) == 0).DefaultIfEmpty("null").Select(t => (JsonNode)t)]) : Pick(depth == 0 ? Types[2..] : Types);
        foreach (var _ in Enumerable.Range(0, One(4)))
            Add(schema, depth);
        return schema;
    }

    private void Add(JsonObject schema, int depth)
    {
        var nests = depth > 0;
        switch (One(22))
        {
            case 0 or 1 or 2 when nests:
                schema["properties"] = Properties(depth);
                break;
            case 3:
                schema["required"] = new JsonArray([.. Names.Where(_ => One(3) == 0).Select(n => (JsonNode)n)]);
                break;
            case 4:
                schema["additionalProperties"] = nests && One(2) == 0 ? Node(depth - 1) : One(2) == 0;
                break;
            case 5:
                schema["enum"] = new JsonArray([.. Many(4, () => Any(2)).DefaultIfEmpty(null)]);
                break;
            case 6 when One(3) == 0:
                schema["const"] = Any(2);
                break;
            case 7 or 8 when nests:
                schema["items"] = Node(depth - 1);
                break;
            case 9:
                schema[Pick(["minItems", "maxItems", "minLength", "maxLength"])] = One(4);
                break;
            case 10:
                schema["uniqueItems"] = One(3) > 0;
                break;
            case 11 or 12 or 13:
                schema["pattern"] = Pick(Patterns);
                break;
            case 14 or 15:
                schema[Pick(["minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"])] = Number();
                break;
            // Ajv divides doubles, so only what those divide exactly.
            case 16:
                schema["multipleOf"] = JsonNode.Parse(Pick(["1", "2", "0.5", "0.25", "1.0"]));
                break;
            case 17 or 18 or 19 when nests:
                schema[Pick(["anyOf", "oneOf", "allOf"])] = new JsonArray([.. Many(2, () => Node(depth - 1)).Append(Node(depth - 1))]);
                break;
            default:
                schema["title"] = "t";
                break;
        }
    }

    private JsonObject Properties(int depth) => new(Names.Where(_ => One(2) == 0).Select(n => KeyValuePair.Create(n, (JsonNode?)Node(depth - 1))));

    private JsonObject ObjectFor(JsonObject schema, int depth)
    {
        var value = new JsonObject();
        foreach (var (name, property) in schema["properties"] as JsonObject ?? [])
        {
            if (One(4) > 0)
                value[name] = Value((JsonObject)property!, depth - 1);
        }
        foreach (var name in schema["required"] as JsonArray ?? [])
        {
            if (One(8) > 0 && !value.ContainsKey((string)name!))
                value[(string)name!] = Any(depth - 1);
        }
        if (One(4) == 0)
            value[Pick(Names)] = Any(depth - 1);
        return value;
    }

    private JsonNode? Any(int depth) => OfType(Pick(depth > 0 ? Types : Types[2..]), depth);

    private JsonNode? OfType(string type, int depth) => type switch
    {
        "object" => new JsonObject(Names.Where(_ => One(3) == 0).Select(n => KeyValuePair.Create(n, Any(depth - 1)))),
        "array" => new JsonArray([.. Many(3, () => Any(depth - 1))]),
        "string" => JsonValue.Create(Pick(Texts)),
        "number" or "integer" => Number(),
        "boolean" => JsonValue.Create(One(2) == 0),
        _ => null,
    };

    private JsonNode Number() => JsonNode.Parse(Pick(Numbers))!;

    private IEnumerable<T> Many<T>(int most, Func<T> make) => Enumerable.Range(0, One(most)).Select(_ => make());

    private T Pick<T>(IList<T> from) => from[One(from.Count)];

    private int One(int below) => _random.Next(below);
}
