namespace OsMEN.Executions;

internal sealed partial class SqliteExecutionStore
{
    public Task RecordCallsAsync(IReadOnlyList<DirectCall> calls, CancellationToken cancellationToken) =>
        WriteAsync(
            connection =>
            {
                using var insert = connection.Command(
                    """
                    INSERT INTO llm_calls (id, user_id, platform, model, started_at, duration_ms, first_token_ms, status, error, input_tokens,
                      output_tokens, cached_tokens, cache_write_tokens, reasoning_tokens, estimated, cost_nano)
                    VALUES (@p0, @p1, @p2, @p3, @p4, @p5, @p6, @p7, @p8, @p9, @p10, @p11, @p12, @p13, @p14, @p15)
                    ON CONFLICT DO NOTHING
                    """,
                    new object?[16]);
                foreach (var (c, user) in calls)
                {
                    var t = c.Tokens;
                    insert.Run(
                        c.Id.Text(), user, c.Platform, c.Model, c.StartedAt.Micros(), c.Duration.TotalMilliseconds, c.TimeToFirstToken?.TotalMilliseconds,
                        (int)c.Status, c.Error, t.Input, t.Output, t.CachedInput, t.CacheWrite, t.Reasoning, c.Estimated ? 1 : 0, c.CostUsd.Nanos());
                    if (c.HeldUsd is not null)
                        Settle(connection, c.Id.Text(), c.CostUsd.Nanos());
                }

                return true;
            },
            cancellationToken);
}
