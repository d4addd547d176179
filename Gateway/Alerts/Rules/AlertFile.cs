using OsMEN.Executions.Catalog;

namespace OsMEN.Gateway.Alerts.Rules;

/// <summary>What <c>monitoring/alerts.yaml</c> says.</summary>
/// <param name="Rules">In the file's order.</param>
/// <param name="Problems">Everything that is wrong with the file, with lines. Where there is any, the rules are not to be used.</param>
internal sealed record AlertFile(IReadOnlyList<AlertRule> Rules, IReadOnlyList<CatalogProblem> Problems)
{
    /// <summary>Each rule as it was written, in JSON, by name; variables are replaced.</summary>
    public IReadOnlyDictionary<string, string> Definitions { get; init; } = new Dictionary<string, string>(StringComparer.Ordinal);

    /// <summary>What other rules may measure.</summary>
    public KnownMetrics Metrics { get; init; } = new();

    /// <summary>The file of the sections that rules name.</summary>
    public string Runbook { get; init; } = "docs/operations.md";
}
