using Microsoft.Data.Sqlite;
using OsMEN.Executions.Usage;
using OsMEN.Llm;

namespace OsMEN.Executions;

internal sealed partial class SqliteExecutionStore
{
    public Task<IReadOnlyList<ExecutionCall>> ReadCallsAsync(ExecutionCallQuery query, CancellationToken cancellationToken) =>
        ReadAsync<IReadOnlyList<ExecutionCall>>(
            connection =>
            {
                using var transaction = connection.BeginTransaction(deferred: true);
                var calls = new List<ExecutionCall>();
                using (var command = connection.Command(
                    $"""
                    SELECT key, started_at, took_us, status, error, platform, model, first_token_ms, input_tokens, output_tokens, cached_tokens, cache_write_tokens,
                      reasoning_tokens, estimated, cost_nano, tool, round, attempt, result
                    FROM (
                      SELECT id AS key, started_at, CAST(duration_ms * 1000 AS integer) AS took_us, status, substr(error, 1, 2000) AS error, platform, model,
                        first_token_ms, input_tokens, output_tokens, cached_tokens, cache_write_tokens, reasoning_tokens, estimated, cost_nano,
                        NULL AS tool, 0 AS round, 0 AS attempt, NULL AS result
                      FROM llm_calls WHERE execution_id = @p0
                      UNION ALL
                      SELECT round || '/' || call_id, started_at, ended_at - started_at, CASE WHEN ended_at IS NULL THEN 3 WHEN failed THEN 1 ELSE 0 END,
                        CASE WHEN failed THEN substr(result, 1, 2000) END, NULL, NULL, NULL, 0, 0, 0, 0, 0, 0, NULL, tool, round, attempt,
                        CASE WHEN NOT failed THEN substr(result, 1, 2000) END
                      FROM tool_calls WHERE execution_id = @p0)
                    {(query.After is null ? "" : "WHERE (started_at, key) > (@p1, @p2)")}
                    ORDER BY started_at, key LIMIT {query.Limit}
                    """,
                    [query.Execution.Text(), .. query.After is { } after ? new object?[] { after.StartedAt.Micros(), after.Key } : []]))
                {
                    using var reader = command.ExecuteReader();
                    while (reader.Read())
                        calls.Add(ReadCall(reader));
                }

                if (!calls.Exists(c => c.Tool is not null))
                    return calls;
                var turns = new Dictionary<int, string>();
                foreach (var round in calls.Where(c => c.Tool is not null).Select(c => c.Round).Distinct())
                {
                    using var command = connection.Command("SELECT message FROM agent_turns WHERE execution_id = @p0 AND round = @p1", query.Execution.Text(), round);
                    if (command.ExecuteScalar() is string message)
                        turns[round] = message;
                }

                return [.. calls.Select(c => c.With(turns))];
            },
            cancellationToken);

    private static ExecutionCall ReadCall(SqliteDataReader r) => new()
    {
        Key = r.GetString(0),
        StartedAt = SqliteRows.Time(r.GetInt64(1)),
        Duration = r.IsDBNull(2) ? null : TimeSpan.FromMicroseconds(r.GetInt64(2)),
        Status = (ExecutionCallStatus)r.GetInt32(3),
        Error = r.IsDBNull(4) ? null : r.GetString(4),
        Platform = r.IsDBNull(5) ? null : r.GetString(5),
        Model = r.IsDBNull(6) ? null : r.GetString(6),
        TimeToFirstToken = r.IsDBNull(7) ? null : TimeSpan.FromMilliseconds(r.GetDouble(7)),
        Tokens = new TokenUsage(r.GetInt64(8), r.GetInt64(9), r.GetInt64(10), r.GetInt64(11), r.GetInt64(12)),
        Estimated = r.GetInt64(13) != 0,
        CostUsd = r.IsDBNull(14) ? null : SqliteRows.Dollars(r.GetInt64(14)),
        Tool = r.IsDBNull(15) ? null : r.GetString(15),
        Round = r.GetInt32(16),
        Attempt = r.GetInt32(17),
        Result = r.IsDBNull(18) ? null : r.GetString(18),
    };
}
