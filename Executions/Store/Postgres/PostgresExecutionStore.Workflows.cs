using Npgsql;
using OsMEN.Executions.Workflows;
using OsMEN.Llm;

namespace OsMEN.Executions;

internal sealed partial class PostgresExecutionStore
{
    private const string ApprovalColumns = "a.execution_id, a.step, a.message, a.role, a.asked_at, a.expires_at, a.decided_at, a.approved, a.decided_by, a.comment";

    // What was told is taken and applied together. Rows that another process is applying are its to finish; the workflow's own row is the
    // only one that is waited for.
    private const string ApplyWakesSql = """
        WITH told AS (
          DELETE FROM execution_wakes WHERE id IN (SELECT id FROM execution_wakes WHERE parent_id = $1 FOR UPDATE SKIP LOCKED)
          RETURNING parent_id)
        UPDATE execution_queue q SET wakes = q.wakes + 1, run_at = CASE WHEN q.status = 0 AND q.parked THEN now() ELSE q.run_at END
        WHERE q.id = $1 AND EXISTS (SELECT FROM told)
        """;

    public async Task<string> PinAsync(Guid execution, string definition, CancellationToken cancellationToken)
    {
        await using var command = database.CreateCommand("INSERT INTO workflow_runs VALUES ($1, $2) ON CONFLICT DO NOTHING");
        command.Parameters.Add(P(execution));
        command.Parameters.Add(P(definition));
        return await command.ExecuteNonQueryAsync(cancellationToken) == 1 ? definition : await FindPinnedAsync(execution, cancellationToken) ?? definition;
    }

    public async Task<string?> FindPinnedAsync(Guid execution, CancellationToken cancellationToken)
    {
        await using var command = database.CreateCommand("SELECT definition FROM workflow_runs WHERE execution_id = $1");
        command.Parameters.Add(P(execution));
        return (string?)await command.ExecuteScalarAsync(cancellationToken);
    }

    public async Task<IReadOnlyList<Approval>> ListApprovalsAsync(Guid execution, CancellationToken cancellationToken)
    {
        await using var command = database.CreateCommand($"SELECT {ApprovalColumns} FROM workflow_approvals a WHERE a.execution_id = $1 ORDER BY a.asked_at, a.step");
        command.Parameters.Add(P(execution));
        return await ReadApprovalsAsync(command, cancellationToken);
    }

    public async Task<IReadOnlyList<Approval>> ListOpenApprovalsAsync(string? user, int limit, CancellationToken cancellationToken)
    {
        await using var command = database.CreateCommand($"""
            SELECT {ApprovalColumns} FROM workflow_approvals a JOIN execution_queue q ON q.id = a.execution_id JOIN executions e ON e.id = q.id
            WHERE a.decided_at IS NULL AND a.expires_at > now() AND ($1 IS NULL OR e.user_id = $1) ORDER BY a.asked_at, a.step LIMIT $2
            """);
        command.Parameters.Add(new NpgsqlParameter { Value = (object?)user ?? DBNull.Value, NpgsqlDbType = NpgsqlTypes.NpgsqlDbType.Text });
        command.Parameters.Add(P(limit));
        return await ReadApprovalsAsync(command, cancellationToken);
    }

    public async Task<bool> AskAsync(LeaseId lease, Approval approval, CancellationToken cancellationToken)
    {
        await using var command = database.CreateCommand("""
            INSERT INTO workflow_approvals (execution_id, step, message, role, asked_at, expires_at)
            SELECT q.id, $3, $4, $5, $6, $7 FROM execution_queue q WHERE q.id = $1 AND q.fence = $2 AND q.status = 1
            ON CONFLICT DO NOTHING
            """);
        command.Parameters.Add(P(lease.Execution));
        command.Parameters.Add(P(lease.Fence));
        command.Parameters.Add(P(approval.Step));
        command.Parameters.Add(P(approval.Message));
        command.Parameters.Add(P(approval.Role));
        command.Parameters.Add(P(approval.AskedAt.UtcDateTime));
        command.Parameters.Add(P(approval.ExpiresAt.UtcDateTime));
        return await command.ExecuteNonQueryAsync(cancellationToken) == 1;
    }

    public async Task<Approval?> DecideAsync(Guid execution, string step, bool approved, string by, string? comment, CancellationToken cancellationToken)
    {
        await using var command = database.CreateCommand($"""
            WITH a AS (
              UPDATE workflow_approvals SET decided_at = now(), approved = $3, decided_by = $4, comment = $5
              WHERE execution_id = $1 AND step = $2 AND decided_at IS NULL AND expires_at > now()
                AND EXISTS (SELECT FROM execution_queue q WHERE q.id = $1)
              RETURNING *),
            told AS (INSERT INTO execution_wakes SELECT $6, execution_id FROM a)
            SELECT {ApprovalColumns} FROM a
            """);
        command.Parameters.Add(P(execution));
        command.Parameters.Add(P(step));
        command.Parameters.Add(P(approved));
        command.Parameters.Add(P(by));
        command.Parameters.Add(new NpgsqlParameter { Value = (object?)comment ?? DBNull.Value, NpgsqlDbType = NpgsqlTypes.NpgsqlDbType.Text });
        command.Parameters.Add(P(ExecutionIds.New(time.GetUtcNow())));
        if (await ReadApprovalsAsync(command, cancellationToken) is not [var decided])
            return null;
        await ApplyWakesAsync(execution, cancellationToken);
        return decided;
    }

    public async Task SetTotalsAsync(LeaseId lease, TokenUsage tokens, decimal costUsd, CancellationToken cancellationToken)
    {
        await using var command = database.CreateCommand("""
            UPDATE executions e SET input_tokens = $3, output_tokens = $4, cached_tokens = $5, cache_write_tokens = $6, reasoning_tokens = $7, cost_usd = $8
            FROM execution_queue q WHERE e.id = $1 AND q.id = $1 AND q.fence = $2 AND q.status = 1
            """);
        command.Parameters.Add(P(lease.Execution));
        command.Parameters.Add(P(lease.Fence));
        command.Parameters.Add(P(tokens.Input));
        command.Parameters.Add(P(tokens.Output));
        command.Parameters.Add(P(tokens.CachedInput));
        command.Parameters.Add(P(tokens.CacheWrite));
        command.Parameters.Add(P(tokens.Reasoning));
        command.Parameters.Add(P(costUsd));
        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    public async Task ForgetAsync(Guid execution, CancellationToken cancellationToken)
    {
        await using var command = database.CreateCommand("""
            WITH a AS (DELETE FROM workflow_approvals WHERE execution_id = $1 AND approved IS NOT TRUE)
            DELETE FROM workflow_runs WHERE execution_id = $1
            """);
        command.Parameters.Add(P(execution));
        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    public async Task<int> WakeForgottenAsync(CancellationToken cancellationToken)
    {
        var forgotten = new List<Guid>();
        await using (var command = database.CreateCommand("SELECT DISTINCT parent_id FROM execution_wakes LIMIT 1000"))
        {
            await using var reader = await command.ExecuteReaderAsync(cancellationToken);
            while (await reader.ReadAsync(cancellationToken))
                forgotten.Add(reader.GetGuid(0));
        }

        foreach (var workflow in forgotten)
            await ApplyWakesAsync(workflow, cancellationToken);
        return forgotten.Count;
    }

    private async Task ApplyWakesAsync(Guid workflow, CancellationToken cancellationToken)
    {
        await using var command = database.CreateCommand(ApplyWakesSql);
        command.Parameters.Add(P(workflow));
        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    private static async Task<IReadOnlyList<Approval>> ReadApprovalsAsync(NpgsqlCommand command, CancellationToken cancellationToken)
    {
        var found = new List<Approval>();
        await using var r = await command.ExecuteReaderAsync(cancellationToken);
        while (await r.ReadAsync(cancellationToken))
        {
            found.Add(new Approval(
                r.GetGuid(0), r.GetString(1), r.GetString(2), r.GetString(3), r.GetFieldValue<DateTimeOffset>(4), r.GetFieldValue<DateTimeOffset>(5),
                r.IsDBNull(6) ? null : r.GetFieldValue<DateTimeOffset>(6), r.IsDBNull(7) ? null : r.GetBoolean(7), r.IsDBNull(8) ? null : r.GetString(8),
                r.IsDBNull(9) ? null : r.GetString(9)));
        }

        return found;
    }
}
