using System.Text.Json;
using OsMEN.Executions.Catalog.Parameters;

namespace OsMEN.Executions.Catalog;

/// <summary>What commands and workflows have in common as JSON.</summary>
internal static class CatalogJson
{
    private const string NoParameters = """{"type":"object"}""";

    /// <summary>The schema of <c>parameters</c>; without one, any object is an input.</summary>
    public static ParameterSchema? Parameters(JsonFields fields, List<FieldError> errors)
    {
        var schema = fields.Take("parameters");
        if (schema.ValueKind is not (JsonValueKind.Undefined or JsonValueKind.Null))
            return ParameterSchema.Read(schema, "parameters", errors);
        using var any = JsonDocument.Parse(NoParameters);
        return ParameterSchema.Read(any.RootElement, "parameters", errors);
    }

    /// <summary>The field <c>example</c> as JSON text; null when it is absent.</summary>
    public static string? Example(JsonFields fields, List<FieldError> errors) => Raw(fields, "example", errors);

    /// <summary>A field's value as JSON text, whatever it is; null when it is absent.</summary>
    public static string? Raw(JsonFields fields, string name, List<FieldError> errors, string? path = null)
    {
        var value = fields.Take(name);
        if (value.ValueKind is JsonValueKind.Undefined or JsonValueKind.Null)
            return null;
        if (JsonFields.IsUnicode(value))
            return JsonSerializer.Serialize(value, AgentJsonContext.Default.JsonElement);
        errors.Add(new(path ?? name, "must be valid Unicode"));
        return null;
    }

    public static void WriteRaw(Utf8JsonWriter writer, string name, string? json)
    {
        if (json is null)
            return;
        writer.WritePropertyName(name);
        writer.WriteRawValue(json);
    }
}
