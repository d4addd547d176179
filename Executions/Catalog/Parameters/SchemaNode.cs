using System.Collections.Frozen;
using System.Text.Json;
using System.Text.RegularExpressions;

namespace OsMEN.Executions.Catalog.Parameters;

[Flags]
internal enum JsonTypes
{
    Any = 0,
    Object = 1,
    Array = 2,
    String = 4,
    Number = 8,
    Integer = 16,
    Boolean = 32,
    Null = 64,
}

/// <summary>Values that are allowed, in canonical form, and as they are told.</summary>
internal sealed record AllowedValues(FrozenSet<string> Canonical, string Text);

/// <summary>One schema, read and checked. What is not set allows everything.</summary>
internal sealed class SchemaNode
{
    public JsonTypes Types { get; set; }

    public Dictionary<string, SchemaNode> Properties { get; } = new(StringComparer.Ordinal);

    public List<string> Required { get; } = [];

    /// <summary>False when an object may have no other properties.</summary>
    public bool AllowsOthers { get; set; } = true;

    public SchemaNode? Others { get; set; }

    public AllowedValues? Enum { get; set; }

    public AllowedValues? Const { get; set; }

    public SchemaNode? Items { get; set; }

    public int MinItems { get; set; }

    public int MaxItems { get; set; } = int.MaxValue;

    public bool UniqueItems { get; set; }

    public int MinLength { get; set; }

    public int MaxLength { get; set; } = int.MaxValue;

    public string? PatternText { get; set; }

    public Regex? Pattern { get; set; }

    public ExactNumber? Minimum { get; set; }

    public ExactNumber? Maximum { get; set; }

    public ExactNumber? ExclusiveMinimum { get; set; }

    public ExactNumber? ExclusiveMaximum { get; set; }

    public ExactNumber? MultipleOf { get; set; }

    public List<SchemaNode> AnyOf { get; } = [];

    public List<SchemaNode> OneOf { get; } = [];

    public List<SchemaNode> AllOf { get; } = [];

    public JsonElement? Default { get; set; }
}
