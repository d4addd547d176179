using Npgsql;
using OsMEN.Executions.Usage;
using OsMEN.Llm;
using OsMEN.ServiceDefaults;

namespace OsMEN.Executions;

internal sealed partial class PostgresExecutionStore
{
    // Whose a call is and for what it was made: its execution tells, or what is left of it (x); a call without one names its user itself.
    private const string CallUser = "coalesce(e.user_id, x.user_id, c.user_id, '(direct)')";
    private const string CallAgent = "coalesce(e.target, x.target, '(direct)')";

    public async Task<IReadOnlyList<UsageRow>> ReadUsageAsync(UsageQuery query, CancellationToken cancellationToken)
    {
        var (asked, called) = query.By switch
        {
            UsageGroup.Agent => ("e.target", CallAgent),
            UsageGroup.User => ("e.user_id", CallUser),
            UsageGroup.Day => ("to_char(e.created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD')", "to_char(c.started_at AT TIME ZONE 'UTC', 'YYYY-MM-DD')"),
            UsageGroup.Platform => (null, "c.platform"),
            _ => (null, "c.platform || '/' || c.model"),
        };
        var user = query.User is null ? "" : "AND e.user_id = $3";
        var caller = query.User is null ? "" : $"AND {CallUser} = $3";
        var kind = query.By == UsageGroup.Agent ? "AND e.kind <> 2" : "";
        var join = query.User is not null || query.By is UsageGroup.Agent or UsageGroup.User ? "LEFT JOIN executions e ON e.id = c.execution_id LEFT JOIN execution_usage x ON x.id = c.execution_id" : "";
        string Accepted(string table) => asked is null ? "" : $"""
            SELECT {asked} AS g, count(*) AS executions, 0::bigint AS input, 0::bigint AS output, 0::bigint AS cached, 0::bigint AS written, 0::bigint AS reasoning,
              0::numeric AS cost, 0::bigint AS unpriced, 0::bigint AS estimated, sum(e.revenue_usd) AS revenue
            FROM {table} e WHERE e.id >= $1 AND e.id < $2 {kind} {user} GROUP BY 1
            UNION ALL
            """;
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        await ExecuteAsync(connection, ReportSettings, cancellationToken);
        await using var command = new NpgsqlCommand { Connection = connection };
        command.CommandText = $"""
            SELECT g, sum(executions)::bigint, sum(input)::bigint, sum(output)::bigint, sum(cached)::bigint, sum(written)::bigint, sum(reasoning)::bigint,
              sum(cost), sum(unpriced)::bigint, sum(estimated)::bigint, sum(revenue)
            FROM ({Accepted("executions")} {Accepted("execution_usage")}
              SELECT {called} AS g, {(asked is null ? "count(DISTINCT c.execution_id)" : "0::bigint")} AS executions,
                sum(c.input_tokens) AS input, sum(c.output_tokens) AS output, sum(c.cached_tokens) AS cached, sum(c.cache_write_tokens) AS written,
                sum(c.reasoning_tokens) AS reasoning, coalesce(sum(c.cost_usd), 0) AS cost,
                coalesce(sum(c.input_tokens + c.output_tokens) FILTER (WHERE c.cost_usd IS NULL), 0) AS unpriced,
                coalesce(sum(c.input_tokens + c.output_tokens) FILTER (WHERE c.estimated), 0) AS estimated, NULL::numeric AS revenue
              FROM llm_calls c {join} WHERE c.id >= $1 AND c.id < $2 {caller} GROUP BY 1) u
            {(query.After is null ? "" : $"WHERE g COLLATE \"C\" > ${(query.User is null ? 3 : 4)}")}
            GROUP BY g ORDER BY g COLLATE "C" LIMIT {query.Limit}
            """;
        command.Parameters.Add(P(OrderedIds.FirstOf(query.Since)));
        command.Parameters.Add(P(OrderedIds.FirstOf(query.Until)));
        foreach (var text in (string?[])[query.User, query.After])
        {
            if (text is not null)
                command.Parameters.Add(P(text));
        }

        var rows = new List<UsageRow>();
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken))
        {
            rows.Add(new UsageRow(
                reader.GetString(0),
                reader.GetInt64(1),
                new TokenUsage(reader.GetInt64(2), reader.GetInt64(3), reader.GetInt64(4), reader.GetInt64(5), reader.GetInt64(6)),
                reader.GetDecimal(7),
                reader.GetInt64(8),
                reader.GetInt64(9),
                reader.IsDBNull(10) ? null : reader.GetDecimal(10)));
        }

        return rows;
    }

    public async Task<long> KeepCallsAsync(DateTimeOffset now, TimeSpan keep, long maxBytes, CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);

        // Whoever records calls must not wait long for this; and one process at a time is enough.
        await ExecuteAsync(connection, "SET LOCAL lock_timeout = '5s'", cancellationToken);
        await using var first = new NpgsqlCommand($"SELECT pg_try_advisory_xact_lock({MigrationLock + 1})", connection);
        if (await first.ExecuteScalarAsync(cancellationToken) is not true)
            return 0;
        var (before, rows) = await FindOldMonthsAsync(connection, now, now - keep, maxBytes, cancellationToken);
        await using var command = new NpgsqlCommand("SELECT add_llm_calls_month($1), add_llm_calls_month($2), drop_llm_calls($3)", connection);
        command.Parameters.Add(P(now.UtcDateTime));
        command.Parameters.Add(P(now.UtcDateTime.AddMonths(1)));
        command.Parameters.Add(P(before.UtcDateTime));
        await command.ExecuteNonQueryAsync(cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        return rows;
    }

    // Months are dropped that ended before a time, and the oldest beyond a size; nothing is deleted from them, so their size is what they hold.
    private static async Task<(DateTimeOffset Before, long Rows)> FindOldMonthsAsync(
        NpgsqlConnection connection, DateTimeOffset now, DateTimeOffset before, long maxBytes, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand(
            """
            SELECT (to_date(right(c.relname, 7), 'YYYY_MM') + CASE WHEN c.relname LIKE 'llm_calls_until_%' THEN interval '0' ELSE interval '1 month' END) AT TIME ZONE 'UTC',
              pg_total_relation_size(c.oid), greatest(c.reltuples, 0)::bigint
            FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
            WHERE i.inhparent = 'llm_calls'::regclass AND c.relname ~ '^llm_calls_(until_)?[0-9]{4}_[0-9]{2}$'
            ORDER BY 1
            """,
            connection);
        var months = new List<(DateTimeOffset Ends, long Bytes, long Rows)>();
        await using (var reader = await command.ExecuteReaderAsync(cancellationToken))
        {
            while (await reader.ReadAsync(cancellationToken))
                months.Add((reader.GetFieldValue<DateTimeOffset>(0), reader.GetInt64(1), reader.GetInt64(2)));
        }

        var bytes = months.Sum(m => m.Bytes);
        foreach (var month in months.TakeWhile(m => m.Ends <= now))
        {
            if (bytes > maxBytes && month.Ends > before)
                before = month.Ends;
            bytes -= month.Bytes;
        }

        return (before, months.Where(m => m.Ends <= before).Sum(m => m.Rows));
    }
}
