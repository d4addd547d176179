using System.Text.Json.Serialization;

namespace OsMEN.Executions.Budgets;

/// <summary>Lists as they stand in columns of text.</summary>
[JsonSerializable(typeof(IReadOnlyList<decimal>))]
[JsonSerializable(typeof(IReadOnlyList<string>))]
internal sealed partial class BudgetJsonContext : JsonSerializerContext;
