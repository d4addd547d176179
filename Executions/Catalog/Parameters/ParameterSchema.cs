using System.Text;
using System.Text.Json;

namespace OsMEN.Executions.Catalog.Parameters;

/// <summary>
/// What the parameters of a command or a workflow may be: a subset of JSON Schema, draft 2020-12, of which nothing is ignored.
/// A schema that has a keyword from outside the subset is refused when it is read, so what was read is checked whole.
/// </summary>
/// <remarks>
/// Numbers are compared exactly: 1.0 is 1 and an integer, and 0.3 is a multiple of 0.1. A <c>pattern</c> is what ECMAScript takes
/// with its flag u, without look-around, back references, <c>\b</c> and <c>\p</c>; matching takes linear time.
/// <c>format</c>, <c>title</c>, <c>description</c> and <c>examples</c> say something to people only.
/// </remarks>
public sealed class ParameterSchema
{
    private readonly SchemaNode _root;

    private ParameterSchema(SchemaNode root, JsonElement json)
    {
        _root = root;
        Json = json;
    }

    /// <summary>The schema as it was read.</summary>
    public JsonElement Json { get; }

    /// <summary>Reads a schema; null, and what is wrong with it, when any of it is not supported. Its root must be of type object.</summary>
    /// <param name="schema">The schema; what it belongs to may be disposed afterwards.</param>
    /// <param name="field">Name of the field that holds it, such as <c>parameters</c>.</param>
    /// <param name="errors">Gets at most 50 errors, such as <c>parameters.properties.text.minLength</c>.</param>
    public static ParameterSchema? Read(JsonElement schema, string field, List<FieldError> errors)
    {
        ArgumentNullException.ThrowIfNull(field);
        ArgumentNullException.ThrowIfNull(errors);
        var faults = new Faults();
        WellFormed.Check(schema, field, faults);
        // Broken text or names that are there twice have no meaning that could be told further.
        var root = faults.Any ? null : new SchemaReader(faults).Root(schema, field);
        errors.AddRange(faults.List);
        return root is null || faults.Any ? null : new(root, schema.Clone());
    }

    /// <summary>What is wrong with a value, at most 50 faults; empty when it fits. To fill in defaults first is the caller's part.</summary>
    /// <param name="value">Any JSON.</param>
    /// <param name="field">Name of the field that holds it, such as <c>input</c>; faults stand at <c>input.sources[2].name</c>.</param>
    public IReadOnlyList<FieldError> Validate(JsonElement value, string field)
    {
        ArgumentNullException.ThrowIfNull(field);
        var faults = new Faults();
        WellFormed.Check(value, field, faults);
        if (!faults.Any)
        {
            SchemaValidator.Check(_root, value, field, faults);
        }
        return faults.List;
    }

    /// <summary>
    /// The value as JSON, with the <c>default</c> of every property that it lacks; also in objects and lists inside it. What doesn't
    /// fit the schema stays as it is: <see cref="Validate"/> tells it.
    /// </summary>
    /// <exception cref="InvalidOperationException">The value holds text that is no Unicode.</exception>
    public string WithDefaults(JsonElement value)
    {
        using var stream = new MemoryStream();
        using (var writer = new Utf8JsonWriter(stream))
        {
            SchemaDefaults.Write(writer, [_root], value);
        }
        return Encoding.UTF8.GetString(stream.GetBuffer().AsSpan(0, (int)stream.Length));
    }
}
