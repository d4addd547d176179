using Npgsql;
using OsMEN.Executions.Retention;
using OsMEN.ServiceDefaults;

namespace OsMEN.Executions;

internal sealed partial class PostgresExecutionStore
{
    // About what a row takes besides its texts.
    private const int ExecutionRowBytes = 300;
    private const int EventRowBytes = 60;

    // Pages that an estimate reads.
    private const int SamplePages = 2000;

    // The rows that a batch looks at come first and by themselves, in the order of the key: however large the tables are, the
    // rest is looked up row by row.
    private static readonly string TrimExecutionsSql = $"""
        WITH seen AS MATERIALIZED (
          SELECT id, parent_id FROM executions
          WHERE id > $1 AND id < $2 AND status >= 2 AND completed_at < $3
          ORDER BY id LIMIT $4 FOR UPDATE SKIP LOCKED),
        old AS MATERIALIZED (
          SELECT s.id FROM seen s LEFT JOIN executions p ON p.id = s.parent_id
          WHERE (p.id IS NULL OR (p.status >= 2 AND p.completed_at < $3)) AND NOT EXISTS (SELECT FROM executions c WHERE c.parent_id = s.id)),
        gone_events AS (DELETE FROM execution_events t USING old WHERE t.execution_id = old.id),
        gone_turns AS (DELETE FROM agent_turns t USING old WHERE t.execution_id = old.id),
        gone_calls AS (DELETE FROM tool_calls t USING old WHERE t.execution_id = old.id),
        gone_runs AS (DELETE FROM workflow_runs t USING old WHERE t.execution_id = old.id),
        gone_approvals AS (DELETE FROM workflow_approvals t USING old WHERE t.execution_id = old.id),
        gone AS (
          DELETE FROM executions e USING old WHERE e.id = old.id
          RETURNING e.id, e.kind, e.target, e.user_id, e.created_at, e.revenue_usd, {ExecutionBytes} AS bytes),
        kept AS (
          INSERT INTO execution_usage (id, kind, target, user_id, created_at, revenue_usd)
          SELECT id, kind, target, user_id, created_at, revenue_usd FROM gone ON CONFLICT DO NOTHING)
        SELECT (SELECT count(*)::integer FROM seen), count(*)::integer, coalesce(sum(bytes), 0)::bigint,
          (SELECT id FROM seen ORDER BY id DESC LIMIT 1), 0::bigint
        FROM gone
        """;

    // The last chunk stays without its frames: it tells how far the numbers went, and that the end is told from the record.
    private static readonly string TrimEventsSql = $"""
        WITH seen AS MATERIALIZED (
          SELECT execution_id, first_seq, {EventBytes} AS bytes FROM execution_events
          WHERE (execution_id, first_seq) > ($1, $2) AND execution_id < $3 AND frames <> ''
          ORDER BY execution_id, first_seq LIMIT $5 FOR UPDATE SKIP LOCKED),
        old AS MATERIALIZED (
          SELECT s.execution_id, s.first_seq, s.bytes,
            EXISTS (SELECT FROM execution_events n WHERE n.execution_id = s.execution_id AND n.first_seq > s.first_seq) AS is_followed
          FROM seen s LEFT JOIN executions e ON e.id = s.execution_id
          WHERE e.id IS NULL OR (e.status >= 2 AND e.completed_at < $4)),
        gone AS (
          DELETE FROM execution_events t USING old o WHERE t.execution_id = o.execution_id AND t.first_seq = o.first_seq AND o.is_followed),
        emptied AS (
          UPDATE execution_events t SET first_seq = t.last_seq, frames = ''
          FROM old o WHERE t.execution_id = o.execution_id AND t.first_seq = o.first_seq AND NOT o.is_followed)
        SELECT s.rows, o.rows, o.bytes, l.execution_id, coalesce(l.first_seq, 0)
        FROM (SELECT count(*)::integer AS rows FROM seen) s
        CROSS JOIN (SELECT count(*)::integer AS rows, coalesce(sum(bytes), 0)::bigint AS bytes FROM old) o
        LEFT JOIN (SELECT execution_id, first_seq FROM seen ORDER BY 1 DESC, 2 DESC LIMIT 1) l ON true
        """;

    private static string ExecutionBytes => $"{ExecutionRowBytes} + pg_column_size(input) + coalesce(pg_column_size(output), 0) + coalesce(pg_column_size(metadata), 0)";

    private static string EventBytes => $"{EventRowBytes} + pg_column_size(frames)";

    public async Task<TrimBatch> TrimExecutionsAsync(Guid after, DateTimeOffset before, int max, CancellationToken cancellationToken)
    {
        await using var command = database.CreateCommand(TrimExecutionsSql);
        command.Parameters.Add(P(after));
        command.Parameters.Add(P(OrderedIds.FirstOf(before)));
        command.Parameters.Add(P(before.UtcDateTime));
        command.Parameters.Add(P(max));
        return await ReadTrimAsync(command, cancellationToken);
    }

    public async Task<TrimBatch> TrimEventsAsync(TrimPosition after, DateTimeOffset before, int max, CancellationToken cancellationToken)
    {
        await using var command = database.CreateCommand(TrimEventsSql);
        command.Parameters.Add(P(after.Execution));
        command.Parameters.Add(P(after.FirstSeq));
        command.Parameters.Add(P(OrderedIds.FirstOf(before)));
        command.Parameters.Add(P(before.UtcDateTime));
        command.Parameters.Add(P(max));
        return await ReadTrimAsync(command, cancellationToken);
    }

    public async Task<int> TrimUsageAsync(DateTimeOffset before, int max, CancellationToken cancellationToken)
    {
        await using var command = database.CreateCommand(
            "DELETE FROM execution_usage WHERE id = ANY(ARRAY(SELECT id FROM execution_usage WHERE id < $1 ORDER BY id LIMIT $2 FOR UPDATE SKIP LOCKED))");
        command.Parameters.Add(P(OrderedIds.FirstOf(before)));
        command.Parameters.Add(P(max));
        return await command.ExecuteNonQueryAsync(cancellationToken);
    }

    public async Task<(long Executions, long Events)> EstimateBytesAsync(long executionsLimit, long eventsLimit, CancellationToken cancellationToken) =>
        (await EstimateAsync("executions", ExecutionBytes, cancellationToken), await EstimateAsync("execution_events", EventBytes, cancellationToken));

    public async Task<IReadOnlyList<StoredData>> MeasureStorageAsync(Guid eventsFrom, CancellationToken cancellationToken)
    {
        await using var command = database.CreateCommand(
            """
            SELECT pg_database_size(current_database()),
              pg_total_relation_size('executions'::regclass) + pg_total_relation_size('execution_queue'::regclass), pg_total_relation_size('execution_events'::regclass),
              (SELECT coalesce(sum(pg_total_relation_size(inhrelid)), 0)::bigint FROM pg_inherits WHERE inhparent = 'llm_calls'::regclass),
              pg_total_relation_size('agent_turns'::regclass) + pg_total_relation_size('tool_calls'::regclass),
              (SELECT id FROM executions ORDER BY id LIMIT 1),
              (SELECT execution_id FROM execution_events WHERE execution_id >= $1 AND frames <> '' ORDER BY execution_id, first_seq LIMIT 1),
              (SELECT id FROM llm_calls ORDER BY id LIMIT 1),
              least((SELECT min(created_at) FROM agent_turns), (SELECT min(started_at) FROM tool_calls))
            """);
        command.Parameters.Add(P(eventsFrom));
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        await reader.ReadAsync(cancellationToken);
        DateTimeOffset? Oldest(int column) => reader.IsDBNull(column) ? null : OrderedIds.TimeOf(reader.GetGuid(column));
        return
        [
            new("database", reader.GetInt64(0), null),
            new("executions", reader.GetInt64(1), Oldest(5)),
            new("events", reader.GetInt64(2), Oldest(6)),
            new("calls", reader.GetInt64(3), Oldest(7)),
            new("journal", reader.GetInt64(4), reader.IsDBNull(8) ? null : reader.GetFieldValue<DateTimeOffset>(8)),
        ];
    }

    private static async Task<TrimBatch> ReadTrimAsync(NpgsqlCommand command, CancellationToken cancellationToken)
    {
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        await reader.ReadAsync(cancellationToken);
        return new(
            reader.GetInt32(0), reader.GetInt32(1), reader.GetInt64(2),
            reader.IsDBNull(3) ? default : new TrimPosition(reader.GetGuid(3), reader.GetInt64(4)));
    }

    // The size of a table's files tells nothing: they keep the room of what was deleted. A sample of their pages tells what is in them.
    private async Task<long> EstimateAsync(string table, string bytes, CancellationToken cancellationToken)
    {
        await using var size = database.CreateCommand($"SELECT pg_relation_size('{table}'::regclass) / current_setting('block_size')::bigint");
        var pages = (long)(await size.ExecuteScalarAsync(cancellationToken))!;
        var percent = pages <= SamplePages ? 100d : 100d * SamplePages / pages;
        await using var sample = database.CreateCommand($"SELECT coalesce(sum({bytes}), 0)::bigint FROM {table} TABLESAMPLE SYSTEM ($1)");
        sample.Parameters.Add(P((float)percent));
        return (long)((long)(await sample.ExecuteScalarAsync(cancellationToken))! * 100 / percent);
    }
}
