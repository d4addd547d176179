using Microsoft.Data.Sqlite;
using OsMEN.Executions.Workflows;
using OsMEN.Llm;

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

    public Task SetTotalsAsync(LeaseId lease, TokenUsage tokens, decimal costUsd, CancellationToken cancellationToken) =>
        WriteAsync(
            connection => connection.Execute(
                """
                UPDATE executions SET input_tokens = @p2, output_tokens = @p3, cached_tokens = @p4, cache_write_tokens = @p5, reasoning_tokens = @p6, cost_nano = @p7
                WHERE id = @p0 AND EXISTS (SELECT 1 FROM execution_queue WHERE id = @p0 AND fence = @p1 AND status = 1)
                """,
                lease.Execution.Text(), lease.Fence, tokens.Input, tokens.Output, tokens.CachedInput, tokens.CacheWrite, tokens.Reasoning, ((decimal?)costUsd).Nanos()),
            cancellationToken);

    public Task ForgetAsync(Guid execution, CancellationToken cancellationToken) =>
        WriteAsync(
            connection =>
                connection.Execute("DELETE FROM workflow_approvals WHERE execution_id = @p0 AND approved IS NOT 1", execution.Text()) +
                connection.Execute("DELETE FROM workflow_runs WHERE execution_id = @p0", execution.Text()),
            cancellationToken);

    // A step's end and its workflow's waking are one transaction here.
    public Task<int> WakeForgottenAsync(CancellationToken cancellationToken) => Task.FromResult(0);

    private static void Wake(SqliteConnection connection, string workflow, long now) => connection.Execute(
        "UPDATE execution_queue SET wakes = wakes + 1, run_at = CASE WHEN status = 0 AND parked = 1 THEN @p1 ELSE run_at END WHERE id = @p0", workflow, now);

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
