namespace OsMEN.Executions;

internal sealed partial class SqliteExecutionStore
{
    private const string HeldForJournal = "FROM execution_queue WHERE id = @p0 AND fence = @p1 AND status = 1";

    public Task<ToolJournal> ReadJournalAsync(Guid id, CancellationToken cancellationToken) =>
        ReadAsync(
            connection =>
            {
                using var transaction = connection.BeginTransaction(deferred: true);
                var turns = new List<JournaledTurn>();
                using (var command = connection.Command("SELECT round, tokens, message FROM agent_turns WHERE execution_id = @p0 ORDER BY round", id.Text()))
                {
                    using var reader = command.ExecuteReader();
                    while (reader.Read())
                        turns.Add(new JournaledTurn(reader.GetInt32(0), reader.GetInt64(1), reader.GetString(2)));
                }

                var calls = new List<JournaledCall>();
                using (var command = connection.Command("SELECT round, call_id, tool, attempt, failed, result FROM tool_calls WHERE execution_id = @p0", id.Text()))
                {
                    using var reader = command.ExecuteReader();
                    while (reader.Read())
                    {
                        calls.Add(new JournaledCall(
                            reader.GetInt32(0), reader.GetString(1), reader.GetString(2), reader.GetInt32(3), reader.GetBoolean(4), reader.IsDBNull(5) ? null : reader.GetString(5)));
                    }
                }

                return new ToolJournal(turns, calls);
            },
            cancellationToken);

    public Task<bool> JournalTurnAsync(LeaseId lease, JournaledTurn turn, CancellationToken cancellationToken) =>
        WriteAsync(
            connection => connection.Execute(
                $"""
                INSERT INTO agent_turns SELECT id, @p2, @p3, @p4, @p5 {HeldForJournal}
                ON CONFLICT (execution_id, round) DO UPDATE SET tokens = excluded.tokens, message = excluded.message
                """,
                lease.Execution.Text(), lease.Fence, turn.Round, turn.Tokens, turn.Message, Now()) == 1,
            cancellationToken);

    public Task<bool> JournalCallAsync(LeaseId lease, JournaledCall call, CancellationToken cancellationToken) =>
        WriteAsync(
            connection => connection.Execute(
                $"""
                INSERT INTO tool_calls SELECT id, @p2, @p3, @p4, @p5, @p6, CASE WHEN @p8 IS NOT NULL THEN @p6 END, @p7, @p8 {HeldForJournal}
                ON CONFLICT (execution_id, round, call_id) DO UPDATE SET
                  attempt = excluded.attempt, ended_at = excluded.ended_at, failed = excluded.failed, result = excluded.result
                """,
                lease.Execution.Text(), lease.Fence, call.Round, call.CallId, call.Tool, call.Attempt, Now(), call.Failed ? 1 : 0, call.Result) == 1,
            cancellationToken);

    public Task<int> TrimJournalAsync(DateTimeOffset before, int max, CancellationToken cancellationToken) =>
        WriteAsync(
            connection =>
                connection.Execute(
                    """
                    DELETE FROM agent_turns WHERE (execution_id, round) IN (
                      SELECT execution_id, round FROM agent_turns t WHERE created_at < @p0 AND NOT EXISTS (SELECT 1 FROM execution_queue q WHERE q.id = t.execution_id)
                      ORDER BY created_at LIMIT @p1)
                    """,
                    before.Micros(), max) +
                connection.Execute(
                    """
                    DELETE FROM tool_calls WHERE (execution_id, round, call_id) IN (
                      SELECT execution_id, round, call_id FROM tool_calls t WHERE started_at < @p0 AND NOT EXISTS (SELECT 1 FROM execution_queue q WHERE q.id = t.execution_id)
                      ORDER BY started_at LIMIT @p1)
                    """,
                    before.Micros(), max),
            cancellationToken);
}
