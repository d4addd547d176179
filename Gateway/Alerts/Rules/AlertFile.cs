using OsMEN.Executions.Catalog;

namespace OsMEN.Gateway.Alerts.Rules;

/// <summary>What <c>monitoring/alerts.yaml</c> says.</summary>
/// <param name="Rules">In the file's order.</param>
/// <param name="Problems">Everything that is wrong with the file, with lines. Where there is any, the rules are not to be used.</param>
internal sealed record AlertFile(IReadOnlyList<AlertRule> Rules, IReadOnlyList<CatalogProblem> Problems);
