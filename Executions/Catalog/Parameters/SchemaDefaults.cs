using System.Text.Json;

namespace OsMEN.Executions.Catalog.Parameters;

/// <summary>Writes a value with the defaults of what it lacks.</summary>
internal static class SchemaDefaults
{
    public static ReadOnlyMemory<byte> Fill(SchemaNode node, JsonElement value)
    {
        using var stream = new MemoryStream();
        using (var writer = new Utf8JsonWriter(stream))
        {
            Write(writer, [node], value);
        }
        return stream.ToArray();
    }

    /// <param name="writer">Gets the value.</param>
    /// <param name="nodes">All schemas that hold for it.</param>
    /// <param name="value">Where its kind isn't what the schemas say, it is written as it is.</param>
    public static void Write(Utf8JsonWriter writer, IReadOnlyList<SchemaNode> nodes, JsonElement value)
    {
        var all = Flatten(nodes);
        if (value.ValueKind == JsonValueKind.Object && all.Count > 0)
        {
            WriteObject(writer, all, value);
        }
        else if (value.ValueKind == JsonValueKind.Array && all.Any(n => n.Items is not null))
        {
            SchemaNode[] items = [.. all.Select(n => n.Items).OfType<SchemaNode>()];
            writer.WriteStartArray();
            foreach (var item in value.EnumerateArray())
            {
                Write(writer, items, item);
            }
            writer.WriteEndArray();
        }
        else
        {
            value.WriteTo(writer);
        }
    }

    private static void WriteObject(Utf8JsonWriter writer, IReadOnlyList<SchemaNode> nodes, JsonElement value)
    {
        writer.WriteStartObject();
        var present = new HashSet<string>(StringComparer.Ordinal);
        foreach (var property in value.EnumerateObject())
        {
            present.Add(property.Name);
            writer.WritePropertyName(property.Name);
            Write(writer, [.. nodes.Select(n => n.Properties.GetValueOrDefault(property.Name) ?? n.Others).OfType<SchemaNode>()], property.Value);
        }
        foreach (var (name, schema) in nodes.SelectMany(n => n.Properties))
        {
            if (schema.Default is { } filled && present.Add(name))
            {
                writer.WritePropertyName(name);
                Write(writer, [.. nodes.Select(n => n.Properties.GetValueOrDefault(name)).OfType<SchemaNode>()], filled);
            }
        }
        writer.WriteEndObject();
    }

    private static List<SchemaNode> Flatten(IEnumerable<SchemaNode> nodes)
    {
        var all = new List<SchemaNode>();
        foreach (var node in nodes)
        {
            all.Add(node);
            all.AddRange(Flatten(node.AllOf));
        }
        return all;
    }
}
