using System.Text;
using Npgsql;
using OsMEN.Llm;
using OsMEN.ServiceDefaults;

namespace OsMEN.Executions;

internal sealed partial class PostgresExecutionStore
{
    // Live columns come from the queue's row (q) where there is one, else from the record (e).
    private const string ExecutionColumns = """
        e.id, e.kind, e.target, e.parent_id, e.user_id, coalesce(CASE WHEN q.parked THEN 1 ELSE q.status END, e.status), e.priority, e.input, e.output, e.error_type,
        e.error_message, coalesce(q.attempt, e.attempt), e.max_attempts, e.created_at, CASE WHEN q.parked THEN e.run_at ELSE coalesce(q.run_at, e.run_at) END,
        coalesce(q.started_at, e.started_at), e.completed_at, e.timeout_ms, e.budget_usd, e.metadata, e.platform, e.model,
        e.input_tokens, e.output_tokens, e.cached_tokens, e.cache_write_tokens, e.reasoning_tokens, e.cost_usd,
        coalesce(q.worker, e.worker), e.trace_parent, e.request_id, e.key_id, e.step
        """;

    private const int ExecutionColumnCount = 33;

    private const string ExecutionTables = "executions e LEFT JOIN execution_queue q ON q.id = e.id";

    public async Task<Execution?> GetAsync(Guid id, CancellationToken cancellationToken)
    {
        await using var command = database.CreateCommand($"SELECT {ExecutionColumns} FROM {ExecutionTables} WHERE e.id = $1");
        command.Parameters.Add(P(id));
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        return await reader.ReadAsync(cancellationToken) ? ReadExecution(reader) : null;
    }

    public async Task<IReadOnlyList<Execution>> ListAsync(ExecutionQuery query, CancellationToken cancellationToken)
    {
        await using var command = database.CreateCommand();
        var where = new StringBuilder();
        void And<T>(string condition, T value)
        {
            command.Parameters.Add(P(value));
            where.Append(where.Length == 0 ? "WHERE " : " AND ").Append(condition).Append('$').Append(command.Parameters.Count);
        }

        if (query.Kind is { } kind)
            And("e.kind = ", (short)kind);
        if (query.Target is { } target)
            And("e.target = ", target);
        if (query.User is { } user)
            And("e.user_id = ", user);
        if (query.ParentId is { } parent)
            And("e.parent_id = ", parent);
        if (query.IsStep)
            And("(e.step IS NOT NULL) = ", true);
        if (query.Status is { } status)
            And(status.IsFinal() ? "e.status = " : "CASE WHEN q.parked THEN 1 ELSE q.status END = ", (short)status);
        if (query.Since is { } since)
            And("e.id >= ", OrderedIds.FirstOf(since));
        if (query.Until is { } until)
            And("e.id < ", OrderedIds.FirstOf(until));
        if (query.Before is { } before)
            And("e.id < ", before);

        // A live state is looked for from the queue's side, which is small; all else from the record's.
        var tables = query.Status is { } s && !s.IsFinal() ? "execution_queue q JOIN executions e ON e.id = q.id" : ExecutionTables;
        command.CommandText = $"SELECT {ExecutionColumns} FROM {tables} {where} ORDER BY e.id DESC LIMIT {query.Limit}";
        var found = new List<Execution>();
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken))
            found.Add(ReadExecution(reader));
        return found;
    }

    public async Task<EventPage?> ReadEventsAsync(Guid id, long after, int limit, CancellationToken cancellationToken)
    {
        await using var batch = database.CreateBatch();
        batch.BatchCommands.Add(new NpgsqlBatchCommand(
            $"SELECT coalesce(q.status, e.status), e.created_at FROM {ExecutionTables} WHERE e.id = $1") { Parameters = { P(id) } });

        // Chunks are small (a flush each), so a number of them bounds the page well enough.
        batch.BatchCommands.Add(new NpgsqlBatchCommand(
            "SELECT first_seq, frames FROM execution_events WHERE execution_id = $1 AND last_seq > $2 ORDER BY first_seq LIMIT $3")
        { Parameters = { P(id), P(after), P(limit) } });
        await using var reader = await batch.ExecuteReaderAsync(cancellationToken);
        if (!await reader.ReadAsync(cancellationToken))
            return null;
        var page = new EventPageBuilder(id, after, limit, (ExecutionStatus)reader.GetInt16(0), reader.GetFieldValue<DateTimeOffset>(1));
        await reader.NextResultAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken) && page.Add(reader.GetInt64(0), reader.GetString(1)))
        {
        }

        await reader.DisposeAsync();
        if (page.RemovedEnd is not null && await GetAsync(id, cancellationToken) is { } execution)
            page.AddEnd(execution);
        return page.Build();
    }

    public async Task<QueueDepth> GetDepthAsync(CancellationToken cancellationToken)
    {
        await using var command = database.CreateCommand("""
            SELECT priority, kind, count(*) FILTER (WHERE status = 0 AND run_at <= now()), count(*) FILTER (WHERE status = 0 AND run_at > now() AND NOT parked),
              count(*) FILTER (WHERE status = 1), count(*) FILTER (WHERE status = 0 AND run_at > now() AND parked),
              coalesce(extract(epoch FROM now() - min(run_at) FILTER (WHERE status = 0 AND run_at <= now())), 0)::double precision
            FROM execution_queue GROUP BY priority, kind
            """);
        var depth = new QueueDepthBuilder();
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken))
            depth.Add(reader.GetInt16(0), reader.GetInt16(1), reader.GetInt64(2), reader.GetInt64(3), reader.GetInt64(4), reader.GetInt64(5), TimeSpan.FromSeconds(reader.GetDouble(6)));
        return depth.Build();
    }

    private static Execution ReadExecution(NpgsqlDataReader r)
    {
        string? Text(int i) => r.IsDBNull(i) ? null : r.GetString(i);
        DateTimeOffset? Time(int i) => r.IsDBNull(i) ? null : r.GetFieldValue<DateTimeOffset>(i);
        return new Execution
        {
            Id = r.GetGuid(0),
            Kind = (ExecutionKind)r.GetInt16(1),
            Target = r.GetString(2),
            ParentId = r.IsDBNull(3) ? null : r.GetGuid(3),
            User = r.GetString(4),
            Status = (ExecutionStatus)r.GetInt16(5),
            Priority = r.GetInt16(6),
            Input = r.GetString(7),
            Output = Text(8),
            Error = Text(9) is { } type ? new ExecutionError(type, Text(10) ?? "") : null,
            Attempt = r.GetInt32(11),
            MaxAttempts = r.GetInt32(12),
            CreatedAt = r.GetFieldValue<DateTimeOffset>(13),
            RunAt = r.GetFieldValue<DateTimeOffset>(14),
            StartedAt = Time(15),
            CompletedAt = Time(16),
            Timeout = r.IsDBNull(17) ? null : TimeSpan.FromMilliseconds(r.GetInt64(17)),
            BudgetUsd = r.IsDBNull(18) ? null : r.GetDecimal(18),
            Metadata = Text(19),
            Platform = Text(20),
            Model = Text(21),
            Tokens = new TokenUsage(r.GetInt64(22), r.GetInt64(23), r.GetInt64(24), r.GetInt64(25), r.GetInt64(26)),
            CostUsd = r.GetDecimal(27),
            Worker = Text(28),
            TraceParent = Text(29),
            RequestId = Text(30),
            KeyId = Text(31),
            Step = Text(32),
        };
    }
}
