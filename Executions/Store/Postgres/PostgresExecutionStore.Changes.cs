using Npgsql;

namespace OsMEN.Executions;

internal sealed partial class PostgresExecutionStore
{
    public Task<ChangeResult?> CancelAsync(Guid id, CancellationToken cancellationToken) =>
        ChangeAsync(id, TryCancelAsync, cancellationToken);

    public Task<ChangeResult?> RetryAsync(Guid id, CancellationToken cancellationToken) =>
        ChangeAsync(id, TryRetryAsync, cancellationToken);

    private async Task<ChangeResult?> ChangeAsync(
        Guid id, Func<NpgsqlConnection, Guid, CancellationToken, Task<ExecutionStatus?>> change, CancellationToken cancellationToken)
    {
        ExecutionStatus? changed;
        await using (var connection = await database.OpenConnectionAsync(cancellationToken))
        {
            await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
            changed = await change(connection, id, cancellationToken);
            await transaction.CommitAsync(cancellationToken);
        }

        if (await GetAsync(id, cancellationToken) is not { } execution)
            return null;
        var ended = changed == ExecutionStatus.Cancelled;
        if (ended && execution is { Step: not null, ParentId: { } workflow })
            await ApplyWakesAsync(workflow, cancellationToken);
        return new ChangeResult(changed is not null, execution) { Ended = ended };
    }

    /// <summary>The state after the change; null when there was none to make.</summary>
    private async Task<ExecutionStatus?> TryCancelAsync(NpgsqlConnection connection, Guid id, CancellationToken cancellationToken)
    {
        // The lock keeps a claim from taking it between the look and the change: a claim skips locked rows.
        await using (var look = new NpgsqlCommand("SELECT status FROM execution_queue WHERE id = $1 FOR UPDATE", connection) { Parameters = { P(id) } })
        {
            switch (await look.ExecuteScalarAsync(cancellationToken))
            {
                case null:
                    return null;
                case (short)ExecutionStatus.Running:
                    await using (var ask = new NpgsqlCommand("UPDATE execution_queue SET cancel_requested = true WHERE id = $1", connection) { Parameters = { P(id) } })
                        await ask.ExecuteNonQueryAsync(cancellationToken);
                    return ExecutionStatus.Running;
            }
        }

        await using var cancel = new NpgsqlCommand(
            """
            WITH q AS (DELETE FROM execution_queue WHERE id = $1 RETURNING *),
            ended AS (
              UPDATE executions e SET status = $2, completed_at = now(), attempt = q.attempt, fence = q.fence, started_at = q.started_at
              FROM q WHERE e.id = q.id RETURNING e.id, e.parent_id, e.step)
            INSERT INTO execution_wakes SELECT id, parent_id FROM ended WHERE step IS NOT NULL ON CONFLICT DO NOTHING
            """,
            connection)
        { Parameters = { P(id), P((short)ExecutionStatus.Cancelled) } };
        await cancel.ExecuteNonQueryAsync(cancellationToken);
        await AddStatusEventAsync(connection, id, ExecutionStatus.Cancelled, cancellationToken);
        return ExecutionStatus.Cancelled;
    }

    private async Task<ExecutionStatus?> TryRetryAsync(NpgsqlConnection connection, Guid id, CancellationToken cancellationToken)
    {
        // Fence 1 is that of a claim that finds no events; here there are some.
        await using var retry = new NpgsqlCommand(
            """
            WITH e AS (
              UPDATE executions SET status = 0, completed_at = NULL, output = NULL, error_type = NULL, error_message = NULL,
                max_attempts = greatest(max_attempts, attempt + 1)
              WHERE id = $1 AND status IN (3, 4, 5) RETURNING id, kind, priority, attempt, fence)
            INSERT INTO execution_queue (id, kind, priority, run_at, attempt, fence) SELECT id, kind, priority, now(), attempt, greatest(fence, 1) FROM e
            """,
            connection)
        { Parameters = { P(id) } };
        if (await retry.ExecuteNonQueryAsync(cancellationToken) == 0)
            return null;
        await AddStatusEventAsync(connection, id, ExecutionStatus.Pending, cancellationToken);
        return ExecutionStatus.Pending;
    }

    private async Task AddStatusEventAsync(NpgsqlConnection connection, Guid id, ExecutionStatus status, CancellationToken cancellationToken)
    {
        await using var last = new NpgsqlCommand(
            "SELECT coalesce(max(last_seq), 1) FROM execution_events WHERE execution_id = $1", connection)
        { Parameters = { P(id) } };
        var seq = (long)(await last.ExecuteScalarAsync(cancellationToken))! + 1;
        await using var add = new NpgsqlCommand(
            "INSERT INTO execution_events (execution_id, first_seq, last_seq, frames) VALUES ($1, $2, $2, $3)", connection)
        { Parameters = { P(id), P(seq), P(EventFrames.Status(id, seq, status, time.GetUtcNow())) } };
        await add.ExecuteNonQueryAsync(cancellationToken);
    }
}
