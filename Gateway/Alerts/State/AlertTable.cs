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
        "id, rule, fingerprint, labels, severity, state, value, summary, description, runbook, active_at, fired_at, resolved_at, acknowledged_at, acknowledged_by, note, resolution";

    /// <summary>Pending and firing, oldest first.</summary>
    public Task<List<Alert>> ReadActiveAsync(CancellationToken cancellationToken) =>
        database.QueryAsync($"SELECT {Columns} FROM alerts WHERE state <> 'resolved' ORDER BY active_at, id", [], Read, cancellationToken);

    public async Task<Alert?> FindAsync(string id, CancellationToken cancellationToken) =>
        (await database.QueryAsync($"SELECT {Columns} FROM alerts WHERE id = @id", [("@id", id)], Read, cancellationToken)).FirstOrDefault();

    /// <summary>Alerts that fired since then, or before and still after it; newest first.</summary>
    public Task<List<Alert>> ReadHistoryAsync(DateTimeOffset since, int limit, CancellationToken cancellationToken) => database.QueryAsync(
        $"SELECT {Columns} FROM alerts WHERE fired_at IS NOT NULL AND (fired_at >= @since OR resolved_at >= @since OR state = 'firing') ORDER BY fired_at DESC, id DESC LIMIT @limit",
        [("@since", since), ("@limit", limit)], Read, cancellationToken);

    public async Task<IReadOnlyDictionary<AlertSeverity, long>> CountFiringAsync(CancellationToken cancellationToken)
    {
        var counts = await database.QueryAsync(
            "SELECT severity, count(*) FROM alerts WHERE state = 'firing' GROUP BY severity", [], r => (Severity: Enum.Parse<AlertSeverity>(r.GetString(0), ignoreCase: true), Count: r.GetInt64(1)), cancellationToken);
        return counts.ToDictionary(c => c.Severity, c => c.Count);
    }

    /// <summary>False where there is no such alert, or it no longer fires. Who acknowledged first stays.</summary>
    public async Task<bool> AcknowledgeAsync(string id, string by, string? note, DateTimeOffset now, CancellationToken cancellationToken) =>
        await database.ExecuteAsync(
            """
            UPDATE alerts SET acknowledged_by = coalesce(acknowledged_by, @by), acknowledged_at = coalesce(acknowledged_at, @now), note = CASE WHEN @note = '' THEN note ELSE @note END
            WHERE id = @id AND state = 'firing'
            """,
            [("@id", id), ("@by", by), ("@note", note ?? ""), ("@now", now)], cancellationToken) == 1;

    /// <summary>Writes what an evaluation changed; what people set meanwhile stays.</summary>
    public static async Task WriteAsync(DbConnection connection, DbTransaction transaction, AlertChanges changes, CancellationToken cancellationToken)
    {
        foreach (var alert in changes.Removed)
        {
            await using var delete = connection.Command(transaction, "DELETE FROM alerts WHERE id = @id AND state = 'pending'", ("@id", alert.Id));
            await delete.ExecuteNonQueryAsync(cancellationToken);
        }
        foreach (var alert in changes.Written)
        {
            await using var write = connection.Command(
                transaction,
                """
                INSERT INTO alerts (id, rule, fingerprint, labels, severity, state, value, summary, description, runbook, active_at, fired_at, resolved_at, resolution)
                VALUES (@id, @rule, @fingerprint, @labels, @severity, @state, @value, @summary, @description, @runbook, @active, @fired, @resolved, @resolution)
                ON CONFLICT (id) DO UPDATE SET state = excluded.state, value = excluded.value, summary = excluded.summary, description = excluded.description,
                  runbook = excluded.runbook, fired_at = excluded.fired_at, resolved_at = excluded.resolved_at, resolution = excluded.resolution
                """,
                ("@id", alert.Id), ("@rule", alert.Rule), ("@fingerprint", alert.Fingerprint), ("@labels", alert.Labels.ToJson()),
                ("@severity", JsonFields.WireName(alert.Severity)), ("@state", JsonFields.WireName(alert.State)), ("@value", alert.Value),
                ("@summary", alert.Summary), ("@description", alert.Description), ("@runbook", alert.Runbook),
                ("@active", alert.ActiveAt), ("@fired", (object?)alert.FiredAt?.ToUnixTimeMilliseconds()), ("@resolved", (object?)alert.ResolvedAt?.ToUnixTimeMilliseconds()), ("@resolution", alert.Resolution));
            await write.ExecuteNonQueryAsync(cancellationToken);
        }
    }

    private static Alert Read(DbDataReader reader) => new()
    {
        Id = reader.GetString(0),
        Rule = reader.GetString(1),
        Fingerprint = reader.GetString(2),
        Labels = LabelSet.FromJson(reader.GetString(3)),
        Severity = Enum.Parse<AlertSeverity>(reader.GetString(4), ignoreCase: true),
        State = Enum.Parse<AlertState>(reader.GetString(5), ignoreCase: true),
        Value = reader.GetDouble(6),
        Summary = reader.GetString(7),
        Description = reader.GetString(8),
        Runbook = reader.GetString(9),
        ActiveAt = reader.Time(10),
        FiredAt = reader.TimeOrNull(11),
        ResolvedAt = reader.TimeOrNull(12),
        AcknowledgedAt = reader.TimeOrNull(13),
        AcknowledgedBy = reader.TextOrNull(14),
        Note = reader.TextOrNull(15) is { Length: > 0 } note ? note : null,
        Resolution = reader.TextOrNull(16),
    };
}
