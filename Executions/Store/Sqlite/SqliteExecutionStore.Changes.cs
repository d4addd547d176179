using Microsoft.Data.Sqlite;

namespace OsMEN.Executions;

internal sealed partial class SqliteExecutionStore
{
    public Task<ChangeResult?> CancelAsync(Guid id, CancellationToken cancellationToken) =>
        WriteAsync(connection => Changed(connection, id, TryCancel(connection, id.Text())), cancellationToken);

    public Task<ChangeResult?> RetryAsync(Guid id, CancellationToken cancellationToken) =>
        WriteAsync(connection => Changed(connection, id, TryRetry(connection, id.Text())), cancellationToken);

    private ChangeResult? Changed(SqliteConnection connection, Guid id, ExecutionStatus? status)
    {
        if (status is { } s and not ExecutionStatus.Running)
            AddStatusEvent(connection, id, s);
        if (Get(connection, id) is not { } execution)
            return null;
        if (status == ExecutionStatus.Cancelled && execution is { Step: not null, ParentId: { } workflow })
            Wake(connection, workflow.Text(), Now());
        return new ChangeResult(status is not null, execution) { Ended = status == ExecutionStatus.Cancelled };
    }

    /// <summary>The state after the change; null when there was none to make.</summary>
    private ExecutionStatus? TryCancel(SqliteConnection connection, string id)
    {
        if (connection.Execute("UPDATE execution_queue SET cancel_requested = 1 WHERE id = @p0 AND status = 1", id) == 1)
            return ExecutionStatus.Running;
        connection.Execute(
            """
            UPDATE executions SET status = @p1, completed_at = @p2,
              (attempt, fence, started_at) = (SELECT attempt, fence, started_at FROM execution_queue WHERE id = @p0)
            WHERE id = @p0 AND EXISTS (SELECT 1 FROM execution_queue WHERE id = @p0)
            """,
            id, (int)ExecutionStatus.Cancelled, Now());
        return connection.Execute("DELETE FROM execution_queue WHERE id = @p0", id) == 1 ? ExecutionStatus.Cancelled : null;
    }

    private ExecutionStatus? TryRetry(SqliteConnection connection, string id)
    {
        var changed = connection.Execute(
            """
            UPDATE executions SET status = 0, completed_at = NULL, output = NULL, error_type = NULL, error_message = NULL,
              max_attempts = max(max_attempts, attempt + 1)
            WHERE id = @p0 AND status IN (3, 4, 5)
            """,
            id);
        if (changed == 0)
            return null;
        // Fence 1 is that of a claim that finds no events; here there are some.
        connection.Execute(
            "INSERT INTO execution_queue (id, kind, priority, run_at, attempt, fence) SELECT id, kind, priority, @p1, attempt, max(fence, 1) FROM executions WHERE id = @p0",
            id, Now());
        return ExecutionStatus.Pending;
    }

    private void AddStatusEvent(SqliteConnection connection, Guid id, ExecutionStatus status)
    {
        using var last = connection.Command("SELECT coalesce(max(last_seq), 1) FROM execution_events WHERE execution_id = @p0", id.Text());
        var seq = (long)last.ExecuteScalar()! + 1;
        connection.Execute(
            "INSERT INTO execution_events VALUES (@p0, @p1, @p1, @p2, @p3)", id.Text(), seq, Now(), EventFrames.Status(id, seq, status, time.GetUtcNow()));
    }
}
