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
        (await database.QueryAsync("SELECT count(*), coalesce(max(updated_at), 0) FROM alert_rules", [], r => (r.GetInt64(0), r.GetInt64(1)), cancellationToken)).Single();

    public Task<List<StoredRule>> ReadAllAsync(CancellationToken cancellationToken) => database.QueryAsync(
        "SELECT name, definition, deleted, updated_at, updated_by FROM alert_rules ORDER BY name", [],
        r => new StoredRule(r.GetString(0), r.GetInt64(2) == 0 ? r.GetString(1) : null, r.Time(3), r.GetString(4)), cancellationToken);

    public Task WriteAsync(StoredRule rule, CancellationToken cancellationToken) => database.ExecuteAsync(
        """
        INSERT INTO alert_rules (name, definition, deleted, updated_at, updated_by) VALUES (@name, @definition, @deleted, @at, @by)
        ON CONFLICT (name) DO UPDATE SET definition = excluded.definition, deleted = excluded.deleted, updated_at = excluded.updated_at, updated_by = excluded.updated_by
        """,
        [("@name", rule.Name), ("@definition", rule.Definition ?? ""), ("@deleted", rule.Definition is null ? 1L : 0L), ("@at", rule.UpdatedAt), ("@by", rule.UpdatedBy)], cancellationToken);
}
