using System.Data;
using System.Data.Common;
using OsMEN.Executions;
using OsMEN.Executions.Catalog;
using OsMEN.Gateway.Alerts.Measuring;
using OsMEN.Gateway.Alerts.Rules;

namespace OsMEN.Gateway.Alerts.State;

/// <summary>Alerts in the table <c>alerts</c>: those that are pending or fire, and those that fired once.</summary>
internal sealed class AlertTable(DbDataSource database)
{
    private const string Columns =
        "id, rule, fingerprint, labels, severity, state, value, summary, description, runbook, active_at, fired_at, resolved_at, acknowledged_at, acknowledged_by, nullif(note, '') AS note, resolution";

    static AlertTable() => SharedSql.Map<LabelSet>(DbType.String, labels => labels.ToJson(), json => LabelSet.FromJson((string)json));

    /// <summary>Pending and firing, oldest first.</summary>
    public Task<List<Alert>> ReadActiveAsync(CancellationToken cancellationToken) =>
        database.QueryAsync<Alert>($"SELECT {Columns} FROM alerts WHERE state <> 'resolved' ORDER BY active_at, id", null, cancellationToken);

    public async Task<Alert?> FindAsync(string id, CancellationToken cancellationToken) =>
        (await database.QueryAsync<Alert>($"SELECT {Columns} FROM alerts WHERE id = @id", new { id }, cancellationToken)).FirstOrDefault();

    /// <summary>Alerts that fired since then, or before and still after it; newest first.</summary>
    public Task<List<Alert>> ReadHistoryAsync(DateTimeOffset since, int limit, CancellationToken cancellationToken) => database.QueryAsync<Alert>(
        $"SELECT {Columns} FROM alerts WHERE fired_at IS NOT NULL AND (fired_at >= @since OR resolved_at >= @since OR state = 'firing') ORDER BY fired_at DESC, id DESC LIMIT @limit",
        new { since, limit }, cancellationToken);

    public async Task<IReadOnlyDictionary<AlertSeverity, long>> CountFiringAsync(CancellationToken cancellationToken) =>
        (await database.QueryAsync<(AlertSeverity Severity, long Count)>("SELECT severity, count(*) FROM alerts WHERE state = 'firing' GROUP BY severity", null, cancellationToken))
            .ToDictionary(c => c.Severity, c => c.Count);

    /// <summary>False where there is no such alert, or it no longer fires. Who acknowledged first stays.</summary>
    public async Task<bool> AcknowledgeAsync(string id, string by, string? note, DateTimeOffset now, CancellationToken cancellationToken) =>
        await database.ExecuteAsync(
            """
            UPDATE alerts SET acknowledged_by = coalesce(acknowledged_by, @by), acknowledged_at = coalesce(acknowledged_at, @now), note = CASE WHEN @note = '' THEN note ELSE @note END
            WHERE id = @id AND state = 'firing'
            """,
            new { id, by, note = note ?? "", now }, cancellationToken) == 1;

    /// <summary>Writes what an evaluation changed; what people set meanwhile stays.</summary>
    public static async Task WriteAsync(DbTransaction transaction, AlertChanges changes, CancellationToken cancellationToken)
    {
        foreach (var alert in changes.Removed)
            await transaction.ExecuteAsync("DELETE FROM alerts WHERE id = @Id AND state = 'pending'", new { alert.Id }, cancellationToken);
        foreach (var alert in changes.Written)
        {
            await transaction.ExecuteAsync(
                """
                INSERT INTO alerts (id, rule, fingerprint, labels, severity, state, value, summary, description, runbook, active_at, fired_at, resolved_at, resolution)
                VALUES (@Id, @Rule, @Fingerprint, @Labels, @severity, @state, @Value, @Summary, @Description, @Runbook, @ActiveAt, @FiredAt, @ResolvedAt, @Resolution)
                ON CONFLICT (id) DO UPDATE SET state = excluded.state, value = excluded.value, summary = excluded.summary, description = excluded.description,
                  runbook = excluded.runbook, fired_at = excluded.fired_at, resolved_at = excluded.resolved_at, resolution = excluded.resolution
                """,
                new
                {
                    alert.Id, alert.Rule, alert.Fingerprint, alert.Labels, severity = JsonFields.WireName(alert.Severity), state = JsonFields.WireName(alert.State), alert.Value,
                    alert.Summary, alert.Description, alert.Runbook, alert.ActiveAt, alert.FiredAt, alert.ResolvedAt, alert.Resolution,
                },
                cancellationToken);
        }
    }
}
