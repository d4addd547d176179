using Npgsql;

namespace OsMEN.Executions;

internal sealed partial class PostgresExecutionStore
{
    // The lock makes whoever takes the lease away wait for this write: the next holder then finds it.
    private const string HeldForJournal = "FROM execution_queue WHERE id = $1 AND fence = $2 AND status + 0 = 1 FOR UPDATE";

    public async Task<ToolJournal> ReadJournalAsync(Guid id, CancellationToken cancellationToken)
    {
        await using var batch = database.CreateBatch();
        batch.BatchCommands.Add(new NpgsqlBatchCommand("SELECT round, tokens, message FROM agent_turns WHERE execution_id = $1 ORDER BY round")
        { Parameters = { P(id) } });
        batch.BatchCommands.Add(new NpgsqlBatchCommand("SELECT round, call_id, tool, attempt, failed, result FROM tool_calls WHERE execution_id = $1")
        { Parameters = { P(id) } });
        var turns = new List<JournaledTurn>();
        var calls = new List<JournaledCall>();
        await using var reader = await batch.ExecuteReaderAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken))
            turns.Add(new JournaledTurn(reader.GetInt32(0), reader.GetInt64(1), reader.GetString(2)));
        await reader.NextResultAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken))
        {
            calls.Add(new JournaledCall(
                reader.GetInt32(0), reader.GetString(1), reader.GetString(2), reader.GetInt32(3), reader.GetBoolean(4), reader.IsDBNull(5) ? null : reader.GetString(5)));
        }

        return new ToolJournal(turns, calls);
    }

    public async Task<bool> JournalTurnAsync(LeaseId lease, JournaledTurn turn, CancellationToken cancellationToken)
    {
        await using var command = database.CreateCommand(
            $"""
            WITH held AS (SELECT id {HeldForJournal})
            INSERT INTO agent_turns (execution_id, round, tokens, message) SELECT id, $3, $4, $5 FROM held
            ON CONFLICT (execution_id, round) DO UPDATE SET tokens = excluded.tokens, message = excluded.message
            """);
        command.Parameters.Add(P(lease.Execution));
        command.Parameters.Add(P(lease.Fence));
        command.Parameters.Add(P(turn.Round));
        command.Parameters.Add(P(turn.Tokens));
        command.Parameters.Add(P(turn.Message));
        return await command.ExecuteNonQueryAsync(cancellationToken) == 1;
    }

    public async Task<bool> JournalCallAsync(LeaseId lease, JournaledCall call, CancellationToken cancellationToken)
    {
        await using var command = database.CreateCommand(
            $"""
            WITH held AS (SELECT id {HeldForJournal})
            INSERT INTO tool_calls (execution_id, round, call_id, tool, attempt, ended_at, failed, result)
            SELECT id, $3, $4, $5, $6, CASE WHEN $8 IS NOT NULL THEN now() END, $7, $8 FROM held
            ON CONFLICT (execution_id, round, call_id) DO UPDATE SET
              attempt = excluded.attempt, ended_at = excluded.ended_at, failed = excluded.failed, result = excluded.result
            """);
        command.Parameters.Add(P(lease.Execution));
        command.Parameters.Add(P(lease.Fence));
        command.Parameters.Add(P(call.Round));
        command.Parameters.Add(P(call.CallId));
        command.Parameters.Add(P(call.Tool));
        command.Parameters.Add(P(call.Attempt));
        command.Parameters.Add(P(call.Failed));
        command.Parameters.Add(P(call.Result));
        return await command.ExecuteNonQueryAsync(cancellationToken) == 1;
    }

    public async Task<int> TrimJournalAsync(DateTimeOffset before, int max, CancellationToken cancellationToken)
    {
        var removed = 0;
        foreach (var (table, column) in ((string, string)[])[("agent_turns", "created_at"), ("tool_calls", "started_at")])
        {
            await using var command = database.CreateCommand(
                $"""
                DELETE FROM {table} WHERE ctid = ANY(ARRAY(
                  SELECT t.ctid FROM {table} t WHERE t.{column} < $1 AND NOT EXISTS (SELECT FROM execution_queue q WHERE q.id = t.execution_id)
                  ORDER BY t.{column} LIMIT $2))
                """);
            command.Parameters.Add(P(before.UtcDateTime));
            command.Parameters.Add(P(max));
            removed += await command.ExecuteNonQueryAsync(cancellationToken);
        }

        return removed;
    }
}
