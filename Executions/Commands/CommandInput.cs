using System.Text.Json;
using OsMEN.Executions.Catalog;
using OsMEN.Executions.Catalog.Parameters;
using OsMEN.Executions.Templates;

namespace OsMEN.Executions.Commands;

/// <summary>The input of a command or a workflow: an object of parameters; a text counts as one with that <c>text</c>.</summary>
public static class CommandInput
{
    /// <summary>What is wrong with an input; empty when nothing is. Fields begin with <c>input</c>.</summary>
    public static IReadOnlyList<FieldError> Check(ParameterSchema schema, string input)
    {
        ArgumentNullException.ThrowIfNull(schema);
        using var given = JsonDocument.Parse(AsObject(input));
        using var json = JsonDocument.Parse(schema.WithDefaults(given.RootElement));
        return schema.Validate(json.RootElement, "input");
    }

    /// <summary>The input for templates: with the defaults of what was left out, and null for what has none.</summary>
    public static object? Complete(ParameterSchema schema, string input)
    {
        ArgumentNullException.ThrowIfNull(schema);
        using var json = JsonDocument.Parse(AsObject(input));
        var values = TemplateData.Parse(schema.WithDefaults(json.RootElement));
        if (values is Dictionary<string, object?> map && schema.Json.TryGetProperty("properties", out var properties))
        {
            foreach (var property in properties.EnumerateObject())
                map.TryAdd(property.Name, null);
        }

        return values;
    }

    private static string AsObject(string input) => TemplateData.Json(TemplateData.Input(input));
}
