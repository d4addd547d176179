using Npgsql;
using OsMEN.Executions.Usage;
using OsMEN.Llm;

namespace OsMEN.Executions;

internal sealed partial class PostgresExecutionStore
{
    public async Task<IReadOnlyList<ExecutionCall>> ReadCallsAsync(ExecutionCallQuery query, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(query);
        var calls = new List<ExecutionCall>();
        await using (var command = database.CreateCommand($"""
            SELECT key, started_at, took_ms, status, error, platform, model, first_token_ms, input_tokens, output_tokens, cached_tokens, cache_write_tokens,
              reasoning_tokens, estimated, cost_usd, tool, round, attempt, result
            FROM (
              SELECT c.id::text COLLATE "C" AS key, c.started_at, c.duration_ms AS took_ms, c.status::integer AS status, left(c.error, 2000) AS error, c.platform, c.model,
                c.first_token_ms, c.input_tokens, c.output_tokens, c.cached_tokens, c.cache_write_tokens, c.reasoning_tokens, c.estimated, c.cost_usd,
                NULL::text AS tool, 0 AS round, 0 AS attempt, NULL::text AS result
              FROM llm_calls c WHERE c.execution_id = $1
              UNION ALL
              SELECT t.round || '/' || t.call_id, t.started_at, (extract(epoch FROM t.ended_at - t.started_at) * 1000)::double precision,
                CASE WHEN t.ended_at IS NULL THEN 3 WHEN t.failed THEN 1 ELSE 0 END, CASE WHEN t.failed THEN left(t.result, 2000) END, NULL, NULL,
                NULL, 0, 0, 0, 0, 0, false, NULL, t.tool, t.round, t.attempt, CASE WHEN NOT t.failed THEN left(t.result, 2000) END
              FROM tool_calls t WHERE t.execution_id = $1) u
            {(query.After is null ? "" : "WHERE (started_at, key) > ($2, $3)")}
            ORDER BY started_at, key LIMIT {query.Limit}
            """))
        {
            command.Parameters.Add(P(query.Execution));
            if (query.After is { } after)
            {
                command.Parameters.Add(P(after.StartedAt.UtcDateTime));
                command.Parameters.Add(P(after.Key));
            }

            await using var reader = await command.ExecuteReaderAsync(cancellationToken);
            while (await reader.ReadAsync(cancellationToken))
                calls.Add(ReadCall(reader));
        }

        if (!calls.Exists(c => c.Tool is not null))
            return calls;
        var turns = new Dictionary<int, string>();
        await using var asked = database.CreateCommand("SELECT round, message FROM agent_turns WHERE execution_id = $1 AND round = ANY($2)");
        asked.Parameters.Add(P(query.Execution));
        asked.Parameters.Add(P(calls.Where(c => c.Tool is not null).Select(c => c.Round).Distinct().ToArray()));
        await using var messages = await asked.ExecuteReaderAsync(cancellationToken);
        while (await messages.ReadAsync(cancellationToken))
            turns[messages.GetInt32(0)] = messages.GetString(1);
        return [.. calls.Select(c => c.With(turns))];
    }

    private static ExecutionCall ReadCall(NpgsqlDataReader r) => new()
    {
        Key = r.GetString(0),
        StartedAt = r.GetFieldValue<DateTimeOffset>(1),
        Duration = r.IsDBNull(2) ? null : TimeSpan.FromMilliseconds(r.GetDouble(2)),
        Status = (ExecutionCallStatus)r.GetInt32(3),
        Error = r.IsDBNull(4) ? null : r.GetString(4),
        Platform = r.IsDBNull(5) ? null : r.GetString(5),
        Model = r.IsDBNull(6) ? null : r.GetString(6),
        TimeToFirstToken = r.IsDBNull(7) ? null : TimeSpan.FromMilliseconds(r.GetDouble(7)),
        Tokens = new TokenUsage(r.GetInt64(8), r.GetInt64(9), r.GetInt64(10), r.GetInt64(11), r.GetInt64(12)),
        Estimated = r.GetBoolean(13),
        CostUsd = r.IsDBNull(14) ? null : r.GetDecimal(14),
        Tool = r.IsDBNull(15) ? null : r.GetString(15),
        Round = r.GetInt32(16),
        Attempt = r.GetInt32(17),
        Result = r.IsDBNull(18) ? null : r.GetString(18),
    };
}
