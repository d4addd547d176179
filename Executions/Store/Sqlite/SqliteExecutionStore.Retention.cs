using Microsoft.Data.Sqlite;
using OsMEN.Executions.Retention;
using OsMEN.ServiceDefaults;

namespace OsMEN.Executions;

internal sealed partial class SqliteExecutionStore
{
    private const string ExecutionBytes = "300 + length(CAST(input AS blob)) + coalesce(length(CAST(output AS blob)), 0) + coalesce(length(CAST(metadata AS blob)), 0)";
    private const string EventBytes = "60 + length(CAST(frames AS blob))";
    private const int CallBytes = 400;

    private const string UsedBytes =
        "SELECT (SELECT page_size FROM pragma_page_size) * ((SELECT page_count FROM pragma_page_count) - (SELECT freelist_count FROM pragma_freelist_count))";

    private static readonly string[] OfExecutions = ["execution_events", "agent_turns", "tool_calls", "workflow_runs", "workflow_approvals"];

    public Task<TrimBatch> TrimExecutionsAsync(Guid after, DateTimeOffset before, int max, CancellationToken cancellationToken) =>
        WriteAsync(
            connection =>
            {
                var seen = new List<(Guid Id, bool MayGo, long Bytes)>();
                using (var select = connection.Command(
                    $"""
                    SELECT e.id, (p.id IS NULL OR (p.status >= 2 AND p.completed_at < @p2)) AND NOT EXISTS (SELECT 1 FROM executions c WHERE c.parent_id = e.id), e.bytes
                    FROM (
                      SELECT id, parent_id, {ExecutionBytes} AS bytes FROM executions
                      WHERE id > @p0 AND id < @p1 AND status >= 2 AND completed_at < @p2 ORDER BY id LIMIT @p3) e
                    LEFT JOIN executions p ON p.id = e.parent_id
                    ORDER BY e.id
                    """,
                    after.Text(), OrderedIds.FirstOf(before).Text(), before.Micros(), max))
                {
                    using var reader = select.ExecuteReader();
                    while (reader.Read())
                        seen.Add((Guid.Parse(reader.GetString(0)), reader.GetBoolean(1), reader.GetInt64(2)));
                }

                var old = seen.FindAll(s => s.MayGo);
                using var keep = connection.Command(
                    """
                    INSERT INTO execution_usage (id, kind, target, user_id, created_at, revenue_nano)
                    SELECT id, kind, target, user_id, created_at, revenue_nano FROM executions WHERE id = @p0 ON CONFLICT DO NOTHING
                    """,
                    new object?[1]);
                var removes = OfExecutions.Select(t => connection.Command($"DELETE FROM {t} WHERE execution_id = @p0", new object?[1]))
                    .Append(connection.Command("DELETE FROM executions WHERE id = @p0", new object?[1])).ToArray();
                try
                {
                    foreach (var (id, _, _) in old)
                    {
                        keep.Run(id.Text());
                        foreach (var remove in removes)
                            remove.Run(id.Text());
                    }
                }
                finally
                {
                    Array.ForEach(removes, r => r.Dispose());
                }

                return new TrimBatch(seen.Count, old.Count, old.Sum(o => o.Bytes), seen.Count == 0 ? default : new(seen[^1].Id, 0));
            },
            cancellationToken);

    public Task<TrimBatch> TrimEventsAsync(TrimPosition after, DateTimeOffset before, int max, CancellationToken cancellationToken) =>
        WriteAsync(
            connection =>
            {
                var seen = new List<(TrimPosition At, bool MayGo, bool IsFollowed, long Bytes)>();
                using (var select = connection.Command(
                    $"""
                    SELECT v.execution_id, v.first_seq, e.id IS NULL OR (e.status >= 2 AND e.completed_at < @p3),
                      EXISTS (SELECT 1 FROM execution_events n WHERE n.execution_id = v.execution_id AND n.first_seq > v.first_seq), v.bytes
                    FROM (
                      SELECT execution_id, first_seq, {EventBytes} AS bytes FROM execution_events
                      WHERE (execution_id, first_seq) > (@p0, @p1) AND execution_id < @p2 AND frames <> '' ORDER BY execution_id, first_seq LIMIT @p4) v
                    LEFT JOIN executions e ON e.id = v.execution_id
                    ORDER BY v.execution_id, v.first_seq
                    """,
                    after.Execution.Text(), after.FirstSeq, OrderedIds.FirstOf(before).Text(), before.Micros(), max))
                {
                    using var reader = select.ExecuteReader();
                    while (reader.Read())
                        seen.Add((new(Guid.Parse(reader.GetString(0)), reader.GetInt64(1)), reader.GetBoolean(2), reader.GetBoolean(3), reader.GetInt64(4)));
                }

                var old = seen.FindAll(s => s.MayGo);

                // The last chunk stays without its frames: it tells how far the numbers went, and that the end is told from the record.
                using var remove = connection.Command("DELETE FROM execution_events WHERE execution_id = @p0 AND first_seq = @p1", new object?[2]);
                using var empty = connection.Command("UPDATE execution_events SET first_seq = last_seq, frames = '' WHERE execution_id = @p0 AND first_seq = @p1", new object?[2]);
                foreach (var (at, _, isFollowed, _) in old)
                    (isFollowed ? remove : empty).Run(at.Execution.Text(), at.FirstSeq);
                return new TrimBatch(seen.Count, old.Count, old.Sum(o => o.Bytes), seen.Count == 0 ? default : seen[^1].At);
            },
            cancellationToken);

    public Task<int> TrimUsageAsync(DateTimeOffset before, int max, CancellationToken cancellationToken) =>
        WriteAsync(
            connection => connection.Execute(
                "DELETE FROM execution_usage WHERE id IN (SELECT id FROM execution_usage WHERE id < @p0 ORDER BY id LIMIT @p1)", OrderedIds.FirstOf(before).Text(), max),
            cancellationToken);

    // What is in use of the whole file is known at once; only where that is above a limit are rows added up.
    public Task<(long Executions, long Events)> EstimateBytesAsync(long executionsLimit, long eventsLimit, CancellationToken cancellationToken) =>
        ReadAsync(
            connection =>
            {
                var used = Number(connection, UsedBytes);
                return (
                    used <= executionsLimit ? used : Number(connection, $"SELECT coalesce(sum({ExecutionBytes}), 0) FROM executions"),
                    used <= eventsLimit ? used : Number(connection, $"SELECT coalesce(sum({EventBytes}), 0) FROM execution_events"));
            },
            cancellationToken);

    public Task<IReadOnlyList<StoredData>> MeasureStorageAsync(Guid eventsFrom, CancellationToken cancellationToken) =>
        ReadAsync<IReadOnlyList<StoredData>>(
            connection =>
            {
                using var command = connection.Command(
                    """
                    SELECT (SELECT id FROM executions ORDER BY id LIMIT 1),
                      (SELECT execution_id FROM execution_events WHERE execution_id >= @p0 AND frames <> '' ORDER BY execution_id, first_seq LIMIT 1),
                      (SELECT id FROM llm_calls ORDER BY id LIMIT 1),
                      (SELECT min(at) FROM (SELECT min(created_at) AS at FROM agent_turns UNION ALL SELECT min(started_at) FROM tool_calls))
                    """,
                    eventsFrom.Text());
                using var reader = command.ExecuteReader();
                reader.Read();
                DateTimeOffset? Oldest(int column) => reader.IsDBNull(column) ? null : OrderedIds.TimeOf(Guid.Parse(reader.GetString(column)));
                return
                [
                    new("database", Number(connection, UsedBytes), null),
                    new("executions", null, Oldest(0)),
                    new("events", null, Oldest(1)),
                    new("calls", null, Oldest(2)),
                    new("journal", null, reader.IsDBNull(3) ? null : DateTimeOffset.UnixEpoch.AddMicroseconds(reader.GetInt64(3))),
                ];
            },
            cancellationToken);

    private static long Number(SqliteConnection connection, string sql)
    {
        using var command = connection.Command(sql);
        return Convert.ToInt64(command.ExecuteScalar(), System.Globalization.CultureInfo.InvariantCulture);
    }
}
