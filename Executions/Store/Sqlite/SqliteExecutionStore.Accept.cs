using Microsoft.Data.Sqlite;

namespace OsMEN.Executions;

internal sealed partial class SqliteExecutionStore
{
    public Task<IReadOnlyList<AcceptResult>> AcceptAsync(IReadOnlyList<NewExecution> items, CancellationToken cancellationToken) =>
        WriteAsync<IReadOnlyList<AcceptResult>>(
            connection =>
            {
                using var insert = connection.Command(
                    """
                    INSERT INTO executions (id, kind, target, parent_id, user_id, priority, input, max_attempts, created_at, run_at, timeout_ms,
                      budget_nano, metadata, trace_parent, request_id, idempotency_key, request_hash, key_id, step)
                    VALUES (@p0, @p1, @p2, @p3, @p4, @p5, @p6, @p7, @p8, @p9, @p10, @p11, @p12, @p13, @p14, @p15, @p16, @p17, @p18)
                    ON CONFLICT DO NOTHING
                    """,
                    new object?[19]);
                using var queue = connection.Command("INSERT INTO execution_queue (id, kind, priority, run_at) VALUES (@p0, @p1, @p2, @p3)", new object?[4]);
                var results = new AcceptResult[items.Count];
                for (var n = 0; n < results.Length; n++)
                {
                    var i = items[n];
                    var created = insert.Run(
                        i.Id.Text(), (int)i.Kind, i.Target, i.ParentId?.Text(), i.User, i.Priority, i.Input, i.MaxAttempts, i.CreatedAt.Micros(),
                        (i.RunAt ?? i.CreatedAt).Micros(), (long?)i.Timeout?.TotalMilliseconds, i.BudgetUsd.Nanos(), i.Metadata, i.TraceParent,
                        i.RequestId, i.IdempotencyKey, i.RequestHash, i.KeyId, i.Step) == 1;
                    if (created)
                        queue.Run(i.Id.Text(), (int)i.Kind, i.Priority, i.RunAt?.Micros() ?? Now());
                    results[n] = created ? new AcceptResult(AcceptOutcome.Created, i.ToExecution()) 
                        : FindAccepted(connection, i) ?? throw new InvalidOperationException("An accepted execution was removed while its key was looked up.");
                }

                return results;
            },
            cancellationToken);

    public Task<AcceptResult?> FindAcceptedAsync(NewExecution item, CancellationToken cancellationToken) =>
        ReadAsync(connection => FindAccepted(connection, item), cancellationToken);

    private static AcceptResult? FindAccepted(SqliteConnection connection, NewExecution item)
    {
        using var command = connection.Command(
            $"SELECT {SqliteRows.ExecutionColumns}, e.request_hash FROM {SqliteRows.ExecutionTables} WHERE e.id = @p0 OR (e.user_id = @p1 AND e.idempotency_key = @p2)",
            item.Id.Text(), item.User, item.IdempotencyKey);
        using var reader = command.ExecuteReader();
        if (!reader.Read())
            return null;
        var found = SqliteRows.ReadExecution(reader);
        var hash = reader.IsDBNull(SqliteRows.ExecutionColumnCount) ? null : reader.GetFieldValue<byte[]>(SqliteRows.ExecutionColumnCount);
        return item.Repeats(found, hash) ? new AcceptResult(AcceptOutcome.Existing, found) : new AcceptResult(AcceptOutcome.Conflict, null);
    }
}
