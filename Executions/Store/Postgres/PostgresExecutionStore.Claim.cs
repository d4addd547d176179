using Npgsql;

namespace OsMEN.Executions;

internal sealed partial class PostgresExecutionStore
{
    // One index range a priority, so that many scheduled executions of a high priority don't stand before due ones of a lower.
    private const string ClaimSql = $"""
        WITH due AS (
          SELECT d.id FROM (VALUES (9), (8), (7), (6), (5), (4), (3), (2), (1), (0)) AS p(priority)
          CROSS JOIN LATERAL (
            SELECT q.id FROM execution_queue q
            WHERE q.status = 0 AND q.priority = p.priority AND q.run_at <= now()
            ORDER BY q.run_at, q.id LIMIT $2 FOR UPDATE SKIP LOCKED) d
          LIMIT $2),
        q AS (
          UPDATE execution_queue q SET status = 1, attempt = q.attempt + CASE WHEN q.parked THEN 0 ELSE 1 END, fence = q.fence + 1, worker = $1,
            lease_until = now() + $3 * interval '1 ms', started_at = CASE WHEN q.parked THEN q.started_at ELSE now() END
          FROM due WHERE q.id = due.id RETURNING q.*)
        SELECT {ExecutionColumns}, q.fence, CASE WHEN q.fence = 1 THEN 1 ELSE {LastSeq} END, q.parked, q.wakes, q.cancel_requested
        FROM q JOIN executions e ON e.id = q.id
        """;

    // Number 1 is the acceptance, which is not stored.
    private const string LastSeq =
        "coalesce((SELECT max(v.last_seq) FROM execution_events v WHERE v.execution_id = q.id), 1)";

    private const string HeldSql = $"""
        SELECT {ExecutionColumns}, q.fence, {LastSeq}, q.cancel_requested
        FROM execution_queue q JOIN executions e ON e.id = q.id WHERE q.status = 1
        """;

    private const string HeartbeatSql = """
        UPDATE execution_queue q SET lease_until = now() + $4 * interval '1 ms'
        FROM unnest($1::uuid[], $2::bigint[]) AS h(id, fence)
        WHERE q.id = h.id AND q.fence = h.fence AND q.status + 0 = 1 AND q.worker = $3
        RETURNING q.id, q.cancel_requested
        """;

    public async Task<IReadOnlyList<ClaimedExecution>> ClaimAsync(string worker, int max, TimeSpan lease, CancellationToken cancellationToken)
    {
        await using var command = database.CreateCommand(ClaimSql);
        command.Parameters.Add(P(worker));
        command.Parameters.Add(P(max));
        command.Parameters.Add(P(lease.TotalMilliseconds));
        var claimed = new List<ClaimedExecution>();
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken))
        {
            const int next = ExecutionColumnCount;
            claimed.Add(new ClaimedExecution(ReadExecution(reader), reader.GetInt64(next), reader.GetInt64(next + 1))
            {
                Resumed = reader.GetBoolean(next + 2),
                Wakes = reader.GetInt32(next + 3),
                CancelRequested = reader.GetBoolean(next + 4),
            });
        }

        claimed.Sort(ClaimedExecution.ByUrgency);
        return claimed;
    }

    public async Task<HeartbeatResult> HeartbeatAsync(
        string worker, IReadOnlyCollection<LeaseId> held, TimeSpan lease, CancellationToken cancellationToken)
    {
        if (held.Count == 0)
            return HeartbeatResult.Nothing;
        var lost = held.Select(h => h.Execution).ToHashSet();
        var cancel = new List<Guid>();
        await using var command = database.CreateCommand(HeartbeatSql);
        command.Parameters.Add(P(held.Select(h => h.Execution).ToArray()));
        command.Parameters.Add(P(held.Select(h => h.Fence).ToArray()));
        command.Parameters.Add(P(worker));
        command.Parameters.Add(P(lease.TotalMilliseconds));
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken))
        {
            lost.Remove(reader.GetGuid(0));
            if (reader.GetBoolean(1))
                cancel.Add(reader.GetGuid(0));
        }

        return new HeartbeatResult([.. lost], cancel);
    }

    public Task<IReadOnlyList<HeldExecution>> FindExpiredAsync(int max, CancellationToken cancellationToken) =>
        ReadHeldAsync(HeldSql + " AND q.lease_until < now() ORDER BY q.lease_until LIMIT $1", P(max), cancellationToken);

    public Task<IReadOnlyList<HeldExecution>> FindHeldAsync(string worker, CancellationToken cancellationToken) =>
        ReadHeldAsync(HeldSql + " AND q.worker = $1", P(worker), cancellationToken);

    private async Task<IReadOnlyList<HeldExecution>> ReadHeldAsync(string sql, NpgsqlParameter parameter, CancellationToken cancellationToken)
    {
        await using var command = database.CreateCommand(sql);
        command.Parameters.Add(parameter);
        var held = new List<HeldExecution>();
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken))
        {
            const int next = ExecutionColumnCount;
            held.Add(new HeldExecution(ReadExecution(reader), reader.GetInt64(next), reader.GetInt64(next + 1), reader.GetBoolean(next + 2)));
        }

        return held;
    }
}
