using OsMEN.Executions.Usage;
using OsMEN.Llm;
using OsMEN.ServiceDefaults;

namespace OsMEN.Executions;

internal sealed partial class SqliteExecutionStore
{
    // Whose a call is and for what it was made: its execution tells, or what is left of it (x); a call without one names its user itself.
    private const string CallUser = "coalesce(e.user_id, x.user_id, c.user_id, '(direct)')";
    private const string CallAgent = "coalesce(e.target, x.target, '(direct)')";

    // Between two batches others write.
    private const int DeleteBatch = 500;

    public Task<IReadOnlyList<UsageRow>> ReadUsageAsync(UsageQuery query, CancellationToken cancellationToken)
    {
        var (asked, called) = query.By switch
        {
            UsageGroup.Agent => ("e.target", CallAgent),
            UsageGroup.User => ("e.user_id", CallUser),
            UsageGroup.Day => ("date(e.created_at / 1000000, 'unixepoch')", "date(c.started_at / 1000000, 'unixepoch')"),
            UsageGroup.Platform => (null, "c.platform"),
            _ => (null, "c.platform || '/' || c.model"),
        };
        var user = query.User is null ? "" : "AND e.user_id = @p2";
        var caller = query.User is null ? "" : $"AND {CallUser} = @p2";
        var kind = query.By == UsageGroup.Agent ? "AND e.kind <> 2" : "";
        var join = query.User is not null || query.By is UsageGroup.Agent or UsageGroup.User ? "LEFT JOIN executions e ON e.id = c.execution_id LEFT JOIN execution_usage x ON x.id = c.execution_id" : "";
        string Accepted(string table) => asked is null ? "" : $"""
            SELECT {asked} AS g, count(*) AS executions, 0 AS input, 0 AS output, 0 AS cached, 0 AS written, 0 AS reasoning,
              0 AS cost, 0 AS unpriced, 0 AS estimated, sum(e.revenue_nano) AS revenue
            FROM {table} e WHERE e.id >= @p0 AND e.id < @p1 {kind} {user} GROUP BY 1
            UNION ALL
            """;
        var sql = $"""
            SELECT g, sum(executions), sum(input), sum(output), sum(cached), sum(written), sum(reasoning), sum(cost), sum(unpriced), sum(estimated), sum(revenue)
            FROM ({Accepted("executions")} {Accepted("execution_usage")}
              SELECT {called} AS g, {(asked is null ? "count(DISTINCT c.execution_id)" : "0")} AS executions,
                sum(c.input_tokens) AS input, sum(c.output_tokens) AS output, sum(c.cached_tokens) AS cached, sum(c.cache_write_tokens) AS written,
                sum(c.reasoning_tokens) AS reasoning, coalesce(sum(c.cost_nano), 0) AS cost,
                sum(CASE WHEN c.cost_nano IS NULL THEN c.input_tokens + c.output_tokens ELSE 0 END) AS unpriced,
                sum(CASE WHEN c.estimated = 1 THEN c.input_tokens + c.output_tokens ELSE 0 END) AS estimated, NULL AS revenue
              FROM llm_calls c {join} WHERE c.id >= @p0 AND c.id < @p1 {caller} GROUP BY 1) u
            {(query.After is null ? "" : "WHERE g > @p3")}
            GROUP BY g ORDER BY g LIMIT {query.Limit}
            """;
        return ReadAsync<IReadOnlyList<UsageRow>>(
            connection =>
            {
                using var command = connection.Command(
                    sql, OrderedIds.FirstOf(query.Since).Text(), OrderedIds.FirstOf(query.Until).Text(), query.User, query.After);
                using var reader = command.ExecuteReader();
                var rows = new List<UsageRow>();
                while (reader.Read())
                {
                    rows.Add(new UsageRow(
                        reader.GetString(0),
                        reader.GetInt64(1),
                        new TokenUsage(reader.GetInt64(2), reader.GetInt64(3), reader.GetInt64(4), reader.GetInt64(5), reader.GetInt64(6)),
                        SqliteRows.Dollars(reader.GetInt64(7)),
                        reader.GetInt64(8),
                        reader.GetInt64(9),
                        reader.IsDBNull(10) ? null : SqliteRows.Dollars(reader.GetInt64(10))));
                }

                return rows;
            },
            cancellationToken);
    }

    public Task<long> KeepCallsAsync(DateTimeOffset now, TimeSpan keep, long maxBytes, CancellationToken cancellationToken) =>
        WriteAsync(
            connection =>
            {
                var before = now - keep;
                if (Number(connection, UsedBytes) > maxBytes && Number(connection, "SELECT count(*) FROM llm_calls") * CallBytes > maxBytes)
                    before = new DateTimeOffset(now.UtcDateTime.Year, now.UtcDateTime.Month, 1, 0, 0, 0, TimeSpan.Zero);
                return (long)connection.Execute(
                    $"DELETE FROM llm_calls WHERE id IN (SELECT id FROM llm_calls WHERE id < @p0 ORDER BY id LIMIT {DeleteBatch})", OrderedIds.FirstOf(before).Text());
            },
            cancellationToken);
}
