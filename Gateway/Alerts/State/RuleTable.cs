using System.Data.Common;
using OsMEN.Executions;

namespace OsMEN.Gateway.Alerts.State;

/// <summary>A rule put by the API; null <paramref name="Definition"/> hides the file's.</summary>
internal sealed record StoredRule(string Name, string? Definition, DateTimeOffset UpdatedAt, string UpdatedBy);

/// <summary>Rules in the table <c>alert_rules</c>.</summary>
internal sealed class RuleTable(DbDataSource database)
{
    /// <summary>Changes whenever the table does, by whomever.</summary>
    public async Task<(long Count, long Latest)> ReadVersionAsync(CancellationToken cancellationToken) =>
        (await database.QueryAsync<(long, long)>("SELECT count(*), coalesce(max(updated_at), 0) FROM alert_rules", null, cancellationToken))[0];

    public Task<List<StoredRule>> ReadAllAsync(CancellationToken cancellationToken) => database.QueryAsync<StoredRule>(
        "SELECT name, CASE WHEN deleted = 0 THEN definition END AS definition, updated_at, updated_by FROM alert_rules ORDER BY name", null, cancellationToken);

    public Task WriteAsync(StoredRule rule, CancellationToken cancellationToken) => database.ExecuteAsync(
        """
        INSERT INTO alert_rules (name, definition, deleted, updated_at, updated_by) VALUES (@Name, @definition, @deleted, @UpdatedAt, @UpdatedBy)
        ON CONFLICT (name) DO UPDATE SET definition = excluded.definition, deleted = excluded.deleted, updated_at = excluded.updated_at, updated_by = excluded.updated_by
        """,
        new { rule.Name, definition = rule.Definition ?? "", deleted = rule.Definition is null ? 1 : 0, rule.UpdatedAt, rule.UpdatedBy }, cancellationToken);
}
