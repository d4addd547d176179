using Npgsql;
using OsMEN.Executions.Workflows;
using OsMEN.ServiceDefaults;

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

    // What a workflow's own row says is a sum itself.
    private const string SumSql = """
        WITH RECURSIVE below AS (
          SELECT e.id, e.kind, e.input_tokens, e.output_tokens, e.cached_tokens, e.cache_write_tokens, e.reasoning_tokens, e.cost_usd
          FROM executions e WHERE e.parent_id = $1
          UNION ALL
          SELECT e.id, e.kind, e.input_tokens, e.output_tokens, e.cached_tokens, e.cache_write_tokens, e.reasoning_tokens, e.cost_usd
          FROM executions e JOIN below b ON e.parent_id = b.id),
        total AS (
          SELECT coalesce(sum(input_tokens), 0)::bigint AS input, coalesce(sum(output_tokens), 0)::bigint AS output, coalesce(sum(cached_tokens), 0)::bigint AS cached,
            coalesce(sum(cache_write_tokens), 0)::bigint AS written, coalesce(sum(reasoning_tokens), 0)::bigint AS reasoning, coalesce(sum(cost_usd), 0) AS cost
          FROM below WHERE kind <> 2),
        summed AS (
          UPDATE executions e SET input_tokens = t.input, output_tokens = t.output, cached_tokens = t.cached, cache_write_tokens = t.written,
            reasoning_tokens = t.reasoning, cost_usd = t.cost
          FROM total t
          WHERE e.id = $1 AND (e.input_tokens, e.output_tokens, e.cached_tokens, e.cache_write_tokens, e.reasoning_tokens, e.cost_usd)
            IS DISTINCT FROM (t.input, t.output, t.cached, t.written, t.reasoning, t.cost)
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
        command.Parameters.Add(P(OrderedIds.New(time.GetUtcNow())));
        if (await ReadApprovalsAsync(command, cancellationToken) is not [var decided])
            return null;
        await ApplyWakesAsync(execution, cancellationToken);
        return decided;
    }

    public async Task<decimal> SumAsync(LeaseId lease, CancellationToken cancellationToken)
    {
        await using var command = database.CreateCommand(
            $"{SumSql} AND EXISTS (SELECT FROM execution_queue q WHERE q.id = $1 AND q.fence = $2 AND q.status = 1)) SELECT cost FROM total");
        command.Parameters.Add(P(lease.Execution));
        command.Parameters.Add(P(lease.Fence));
        return (decimal)(await command.ExecuteScalarAsync(cancellationToken))!;
    }

    public async Task ForgetAsync(Guid execution, IReadOnlyCollection<Guid> steps, CancellationToken cancellationToken)
    {
        await using var command = database.CreateCommand("""
            WITH a AS (DELETE FROM workflow_approvals WHERE execution_id = $1 AND approved IS NOT TRUE),
            s AS (UPDATE executions SET step = NULL, idempotency_key = NULL WHERE parent_id = $1 AND id = ANY ($2))
            DELETE FROM workflow_runs WHERE execution_id = $1
            """);
        command.Parameters.Add(P(execution));
        command.Parameters.Add(P(steps.ToArray()));
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
        if (await command.ExecuteNonQueryAsync(cancellationToken) > 0)
            return;

        // Nobody is left to be woken: the workflow ended before this step.
        await using var sum = database.CreateCommand($"{SumSql} AND e.status >= 2) SELECT 1");
        sum.Parameters.Add(P(workflow));
        await sum.ExecuteScalarAsync(cancellationToken);
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
