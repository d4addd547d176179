using Microsoft.Data.Sqlite;

namespace OsMEN.Executions;

internal sealed partial class SqliteExecutionStore
{
    // Number 1 is the acceptance, which is not stored.
    private const string LastSeq = "coalesce((SELECT max(v.last_seq) FROM execution_events v WHERE v.execution_id = q.id), 1)";

    private const string HeldSql = $"""
        SELECT {SqliteRows.ExecutionColumns}, q.fence, {LastSeq}, q.cancel_requested
        FROM execution_queue q JOIN executions e ON e.id = q.id WHERE q.status = 1
        """;

    public async Task<IReadOnlyList<ClaimedExecution>> ClaimAsync(string worker, int max, TimeSpan lease, CancellationToken cancellationToken)
    {
        // A look without the write lock first: idle pollers must not hold up whoever has work to write.
        var now = Now();
        if (!await ReadAsync(c => HasDue(c, now), cancellationToken))
            return [];
        return await WriteAsync<IReadOnlyList<ClaimedExecution>>(
            connection =>
            {
                var ids = new List<string>();
                using (var claim = connection.Command(
                    """
                    UPDATE execution_queue SET status = 1, attempt = attempt + (parked = 0), fence = fence + 1, worker = @p0, lease_until = @p1,
                      started_at = CASE WHEN parked = 1 THEN started_at ELSE @p2 END
                    WHERE id IN (SELECT id FROM execution_queue WHERE status = 0 AND run_at <= @p2 ORDER BY priority DESC, run_at, id LIMIT @p3)
                    RETURNING id
                    """,
                    worker, now + lease.Micros(), now, max))
                {
                    using var reader = claim.ExecuteReader();
                    while (reader.Read())
                        ids.Add(reader.GetString(0));
                }

                using var read = connection.Command(
                    $"""
                    SELECT {SqliteRows.ExecutionColumns}, q.fence, CASE WHEN q.fence = 1 THEN 1 ELSE {LastSeq} END, q.parked, q.wakes, q.cancel_requested
                    FROM execution_queue q JOIN executions e ON e.id = q.id WHERE q.id = @p0
                    """,
                    [null]);
                var claimed = new List<ClaimedExecution>(ids.Count);
                foreach (var id in ids)
                {
                    read.Parameters[0].Value = id;
                    using var reader = read.ExecuteReader();
                    reader.Read();
                    const int next = SqliteRows.ExecutionColumnCount;
                    claimed.Add(new ClaimedExecution(SqliteRows.ReadExecution(reader), reader.GetInt64(next), reader.GetInt64(next + 1))
                    {
                        Resumed = reader.GetBoolean(next + 2),
                        Wakes = reader.GetInt32(next + 3),
                        CancelRequested = reader.GetBoolean(next + 4),
                    });
                }

                claimed.Sort(ClaimedExecution.ByUrgency);
                return claimed;
            },
            cancellationToken);
    }

    public async Task<HeartbeatResult> HeartbeatAsync(
        string worker, IReadOnlyCollection<LeaseId> held, TimeSpan lease, CancellationToken cancellationToken)
    {
        if (held.Count == 0)
            return HeartbeatResult.Nothing;
        return await WriteAsync(
            connection =>
            {
                var lost = new List<Guid>();
                var cancel = new List<Guid>();
                using var extend = connection.Command(
                    """
                    UPDATE execution_queue SET lease_until = @p0 WHERE id = @p1 AND fence = @p2 AND worker = @p3 AND status = 1
                    RETURNING cancel_requested
                    """,
                    Now() + lease.Micros(), null, null, worker);
                foreach (var item in held)
                {
                    extend.Parameters[1].Value = item.Execution.Text();
                    extend.Parameters[2].Value = item.Fence;
                    switch (extend.ExecuteScalar())
                    {
                        case null:
                            lost.Add(item.Execution);
                            break;
                        case 1L:
                            cancel.Add(item.Execution);
                            break;
                    }
                }

                return new HeartbeatResult(lost, cancel);
            },
            cancellationToken);
    }

    public Task<IReadOnlyList<HeldExecution>> FindExpiredAsync(int max, CancellationToken cancellationToken) =>
        ReadAsync(c => ReadHeld(c, " AND q.lease_until < @p0 ORDER BY q.lease_until LIMIT @p1", Now(), max), cancellationToken);

    public Task<IReadOnlyList<HeldExecution>> FindHeldAsync(string worker, CancellationToken cancellationToken) =>
        ReadAsync(c => ReadHeld(c, " AND q.worker = @p0", worker), cancellationToken);

    private static IReadOnlyList<HeldExecution> ReadHeld(SqliteConnection connection, string condition, params ReadOnlySpan<object?> values)
    {
        const int next = SqliteRows.ExecutionColumnCount;
        var held = new List<HeldExecution>();
        using var command = connection.Command(HeldSql + condition, values);
        using var reader = command.ExecuteReader();
        while (reader.Read())
            held.Add(new HeldExecution(SqliteRows.ReadExecution(reader), reader.GetInt64(next), reader.GetInt64(next + 1), reader.GetBoolean(next + 2)));
        return held;
    }

    private static bool HasDue(SqliteConnection connection, long now)
    {
        using var look = connection.Command("SELECT EXISTS (SELECT 1 FROM execution_queue WHERE status = 0 AND run_at <= @p0)", now);
        return look.ExecuteScalar() is 1L;
    }
}
