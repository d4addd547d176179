using System.Text.Json;

namespace OsMEN.Tests.Publishing;

/// <summary>
/// Checks JSON against the keywords of JSON Schema that the schemas of the manifest and of the chart's values use. An unknown keyword is an
/// error.
/// </summary>
internal sealed class JsonSchemaSubset(JsonElement root)
{
    private static readonly HashSet<string> s_described = new(StringComparer.Ordinal)
    {
        "$schema", "$id", "description", "definitions", "type", "$ref", "const", "enum", "required", "properties", "additionalProperties",
        "items", "oneOf", "not", "minLength", "minimum",
    };

    /// <summary>What is wrong; empty when nothing is.</summary>
    public IReadOnlyList<string> Check(JsonElement value)
    {
        var errors = new List<string>();
        Check(root, value, "$", errors);
        return errors;
    }

    private void Check(JsonElement schema, JsonElement value, string path, List<string> errors)
    {
        if (schema.ValueKind is JsonValueKind.True)
            return;
        if (schema.ValueKind is JsonValueKind.False)
        {
            errors.Add($"{path}: nothing is allowed here");
            return;
        }

        foreach (var keyword in schema.EnumerateObject().Where(k => !s_described.Contains(k.Name)))
            throw new NotSupportedException($"The keyword {keyword.Name} is not known.");
        if (schema.TryGetProperty("$ref", out var reference))
            Check(root.GetProperty("definitions").GetProperty(reference.GetString()!["#/definitions/".Length..]), value, path, errors);
        if (schema.TryGetProperty("type", out var type) && !IsOf(type.GetString()!, value))
            errors.Add($"{path}: is not {type.GetString()}");
        if (schema.TryGetProperty("const", out var constant) && !JsonElement.DeepEquals(constant, value))
            errors.Add($"{path}: is not {constant}");
        if (schema.TryGetProperty("enum", out var allowed) && !allowed.EnumerateArray().Any(a => JsonElement.DeepEquals(a, value)))
            errors.Add($"{path}: is none of {allowed}");
        CheckLimits(schema, value, path, errors);
        if (value.ValueKind == JsonValueKind.Object)
            CheckObject(schema, value, path, errors);
        if (value.ValueKind == JsonValueKind.Array && schema.TryGetProperty("items", out var items))
        {
            foreach (var (i, item) in value.EnumerateArray().Index())
                Check(items, item, $"{path}[{i}]", errors);
        }

        if (schema.TryGetProperty("oneOf", out var choices))
        {
            var tried = choices.EnumerateArray().Select(choice => Errors(choice, value, path)).ToArray();
            if (tried.Count(e => e.Count == 0) != 1)
                errors.Add($"{path}: {tried.Count(e => e.Count == 0)} choices fit; nearest: {string.Join("; ", tried.MinBy(e => e.Count)!)}");
        }

        if (schema.TryGetProperty("not", out var not) && Errors(not, value, path).Count == 0)
            errors.Add($"{path}: is what it must not be");
    }

    private static void CheckLimits(JsonElement schema, JsonElement value, string path, List<string> errors)
    {
        var (isText, isNumber) = (value.ValueKind == JsonValueKind.String, value.ValueKind == JsonValueKind.Number);
        if (isText && schema.TryGetProperty("minLength", out var minLength) && value.GetString()!.Length < minLength.GetInt32())
            errors.Add($"{path}: is shorter than {minLength}");
        if (isNumber && schema.TryGetProperty("minimum", out var minimum) && value.GetDecimal() < minimum.GetDecimal())
            errors.Add($"{path}: is less than {minimum}");
    }

    private void CheckObject(JsonElement schema, JsonElement value, string path, List<string> errors)
    {
        if (schema.TryGetProperty("required", out var required))
            errors.AddRange(required.EnumerateArray().Where(r => !value.TryGetProperty(r.GetString()!, out _)).Select(r => $"{path}: lacks {r}"));
        var known = schema.TryGetProperty("properties", out var properties);
        foreach (var member in value.EnumerateObject())
        {
            if (known && properties.TryGetProperty(member.Name, out var inner))
                Check(inner, member.Value, $"{path}.{member.Name}", errors);
            else if (schema.TryGetProperty("additionalProperties", out var additional))
                Check(additional, member.Value, $"{path}.{member.Name}", errors);
        }
    }

    private List<string> Errors(JsonElement schema, JsonElement value, string path)
    {
        var errors = new List<string>();
        Check(schema, value, path, errors);
        return errors;
    }

    private static bool IsOf(string type, JsonElement value) => type switch
    {
        "object" => value.ValueKind == JsonValueKind.Object,
        "array" => value.ValueKind == JsonValueKind.Array,
        "string" => value.ValueKind == JsonValueKind.String,
        "number" => value.ValueKind == JsonValueKind.Number,
        "integer" => value.ValueKind == JsonValueKind.Number && value.TryGetInt64(out _),
        "boolean" => value.ValueKind is JsonValueKind.True or JsonValueKind.False,
        _ => throw new NotSupportedException($"The type {type} is not known."),
    };
}
