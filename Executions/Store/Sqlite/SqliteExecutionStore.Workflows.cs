using Microsoft.Data.Sqlite;
using OsMEN.Executions.Workflows;

namespace OsMEN.Executions;

internal sealed partial class SqliteExecutionStore
{
    private const string ApprovalColumns = "a.execution_id, a.step, a.message, a.role, a.asked_at, a.expires_at, a.decided_at, a.approved, a.decided_by, a.comment";

    public Task<string> PinAsync(Guid execution, string definition, CancellationToken cancellationToken) =>
        WriteAsync(
            connection =>
            {
                connection.Execute("INSERT INTO workflow_runs VALUES (@p0, @p1) ON CONFLICT DO NOTHING", execution.Text(), definition);
                return Pinned(connection, execution)!;
            },
            cancellationToken);

    public Task<string?> FindPinnedAsync(Guid execution, CancellationToken cancellationToken) => ReadAsync(c => Pinned(c, execution), cancellationToken);

    public Task<IReadOnlyList<Approval>> ListApprovalsAsync(Guid execution, CancellationToken cancellationToken) =>
        ReadAsync(
            connection => ReadApprovals(
                connection, $"SELECT {ApprovalColumns} FROM workflow_approvals a WHERE a.execution_id = @p0 ORDER BY a.asked_at, a.step", execution.Text()),
            cancellationToken);

    public Task<IReadOnlyList<Approval>> ListOpenApprovalsAsync(string? user, int limit, CancellationToken cancellationToken) =>
        ReadAsync(
            connection => ReadApprovals(
                connection,
                $"""
                SELECT {ApprovalColumns} FROM workflow_approvals a JOIN execution_queue q ON q.id = a.execution_id JOIN executions e ON e.id = q.id
                WHERE a.decided_at IS NULL AND a.expires_at > @p0 AND (@p1 IS NULL OR e.user_id = @p1) ORDER BY a.asked_at, a.step LIMIT @p2
                """,
                Now(), user, limit),
            cancellationToken);

    public Task<bool> AskAsync(LeaseId lease, Approval approval, CancellationToken cancellationToken) =>
        WriteAsync(
            connection => connection.Execute(
                """
                INSERT INTO workflow_approvals (execution_id, step, message, role, asked_at, expires_at)
                SELECT id, @p2, @p3, @p4, @p5, @p6 FROM execution_queue WHERE id = @p0 AND fence = @p1 AND status = 1
                ON CONFLICT DO NOTHING
                """,
                lease.Execution.Text(), lease.Fence, approval.Step, approval.Message, approval.Role, approval.AskedAt.Micros(), approval.ExpiresAt.Micros()) == 1,
            cancellationToken);

    public Task<Approval?> DecideAsync(Guid execution, string step, bool approved, string by, string? comment, CancellationToken cancellationToken) =>
        WriteAsync(
            connection =>
            {
                var now = Now();
                var decided = connection.Execute(
                    """
                    UPDATE workflow_approvals SET decided_at = @p2, approved = @p3, decided_by = @p4, comment = @p5
                    WHERE execution_id = @p0 AND step = @p1 AND decided_at IS NULL AND expires_at > @p2
                      AND EXISTS (SELECT 1 FROM execution_queue WHERE id = @p0)
                    """,
                    execution.Text(), step, now, approved ? 1 : 0, by, comment) == 1;
                if (!decided)
                    return null;
                Wake(connection, execution.Text(), now);
                return ReadApprovals(connection, $"SELECT {ApprovalColumns} FROM workflow_approvals a WHERE a.execution_id = @p0 AND a.step = @p1", execution.Text(), step)[0];
            },
            cancellationToken);

    public Task<decimal> SumAsync(LeaseId lease, CancellationToken cancellationToken) =>
        WriteAsync(
            connection => Sum(connection, lease.Execution.Text(), "EXISTS (SELECT 1 FROM execution_queue WHERE id = @p0 AND fence = @p1 AND status = 1)", lease.Fence),
            cancellationToken);

    public Task ForgetAsync(Guid execution, IReadOnlyCollection<Guid> steps, CancellationToken cancellationToken) =>
        WriteAsync(
            connection =>
            {
                var changed = connection.Execute("DELETE FROM workflow_approvals WHERE execution_id = @p0 AND approved IS NOT 1", execution.Text());
                foreach (var step in steps)
                    changed += connection.Execute("UPDATE executions SET step = NULL, idempotency_key = NULL WHERE parent_id = @p0 AND id = @p1", execution.Text(), step.Text());
                return changed + connection.Execute("DELETE FROM workflow_runs WHERE execution_id = @p0", execution.Text());
            },
            cancellationToken);

    // A step's end and its workflow's waking are one transaction here.
    public Task<int> WakeForgottenAsync(CancellationToken cancellationToken) => Task.FromResult(0);

    private static void Wake(SqliteConnection connection, string workflow, long now)
    {
        var woken = connection.Execute(
            "UPDATE execution_queue SET wakes = wakes + 1, run_at = CASE WHEN status = 0 AND parked = 1 THEN @p1 ELSE run_at END WHERE id = @p0", workflow, now);

        // Nobody is left to be woken: the workflow ended before this step.
        if (woken == 0)
            Sum(connection, workflow, "status >= 2");
    }

    /// <summary>Writes what all below a workflow have used as its own usage, where that may be, and answers its dollars. What a workflow's own row says is a sum itself.</summary>
    private static decimal Sum(SqliteConnection connection, string workflow, string condition, long? fence = null)
    {
        const string below = """
            WITH RECURSIVE below AS (
              SELECT e.id, e.kind, e.input_tokens, e.output_tokens, e.cached_tokens, e.cache_write_tokens, e.reasoning_tokens, e.cost_nano FROM executions e WHERE e.parent_id = @p0
              UNION ALL
              SELECT e.id, e.kind, e.input_tokens, e.output_tokens, e.cached_tokens, e.cache_write_tokens, e.reasoning_tokens, e.cost_nano FROM executions e JOIN below b ON e.parent_id = b.id)
            SELECT coalesce(sum(input_tokens), 0), coalesce(sum(output_tokens), 0), coalesce(sum(cached_tokens), 0), coalesce(sum(cache_write_tokens), 0),
              coalesce(sum(reasoning_tokens), 0), coalesce(sum(cost_nano), 0)
            FROM below WHERE kind <> 2
            """;
        var sums = new long[6];
        using (var command = connection.Command(below, workflow))
        {
            using var reader = command.ExecuteReader();
            reader.Read();
            for (var i = 0; i < sums.Length; i++)
                sums[i] = reader.GetInt64(i);
        }

        connection.Execute(
            $"""
            UPDATE executions SET input_tokens = @p2, output_tokens = @p3, cached_tokens = @p4, cache_write_tokens = @p5, reasoning_tokens = @p6, cost_nano = @p7
            WHERE id = @p0 AND {condition} AND (input_tokens, output_tokens, cached_tokens, cache_write_tokens, reasoning_tokens, cost_nano) IS NOT (@p2, @p3, @p4, @p5, @p6, @p7)
            """,
            workflow, fence, sums[0], sums[1], sums[2], sums[3], sums[4], sums[5]);
        return sums[5] / 1_000_000_000m;
    }

    private static string? Pinned(SqliteConnection connection, Guid execution)
    {
        using var command = connection.Command("SELECT definition FROM workflow_runs WHERE execution_id = @p0", execution.Text());
        return (string?)command.ExecuteScalar();
    }

    private static IReadOnlyList<Approval> ReadApprovals(SqliteConnection connection, string sql, params ReadOnlySpan<object?> values)
    {
        using var command = connection.Command(sql, values);
        using var r = command.ExecuteReader();
        var found = new List<Approval>();
        while (r.Read())
        {
            found.Add(new Approval(
                Guid.Parse(r.GetString(0)), r.GetString(1), r.GetString(2), r.GetString(3), SqliteRows.Time(r.GetInt64(4)), SqliteRows.Time(r.GetInt64(5)),
                r.IsDBNull(6) ? null : SqliteRows.Time(r.GetInt64(6)), r.IsDBNull(7) ? null : r.GetBoolean(7), r.IsDBNull(8) ? null : r.GetString(8),
                r.IsDBNull(9) ? null : r.GetString(9)));
        }

        return found;
    }
}
