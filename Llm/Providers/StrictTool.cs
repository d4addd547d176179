using System.Text.Json;
using Microsoft.Extensions.AI;

namespace OsMEN.Llm.Providers;

/// <summary>A tool whose arguments the provider has to keep to the schema (<c>strict</c>).</summary>
public sealed class StrictTool(AIFunctionDeclaration inner) : AIFunctionDeclaration
{
    public override string Name => inner.Name;

    public override string Description => inner.Description;

    public override JsonElement JsonSchema => inner.JsonSchema;

    public override IReadOnlyDictionary<string, object?> AdditionalProperties { get; } = new Dictionary<string, object?>(StringComparer.Ordinal) { ["strict"] = true };
}
