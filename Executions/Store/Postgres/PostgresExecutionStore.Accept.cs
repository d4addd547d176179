namespace OsMEN.Executions;

internal sealed partial class PostgresExecutionStore
{
    private const string AcceptSql = """
        WITH item AS (
          SELECT * FROM unnest($1::uuid[], $2::smallint[], $3::text[], $4::uuid[], $5::text[], $6::smallint[], $7::text[],
            $8::integer[], $9::timestamptz[], $10::timestamptz[], $11::bigint[], $12::numeric[], $13::text[], $14::text[],
            $15::text[], $16::text[], $17::bytea[], $18::text[], $19::text[])
          AS i(id, kind, target, parent_id, user_id, priority, input, max_attempts, created_at, run_at, timeout_ms, budget_usd,
            metadata, trace_parent, request_id, idempotency_key, request_hash, key_id, step)),
        written AS (
          INSERT INTO executions (id, kind, target, parent_id, user_id, priority, input, max_attempts, created_at, run_at,
            timeout_ms, budget_usd, metadata, trace_parent, request_id, idempotency_key, request_hash, key_id, step)
          SELECT id, kind, target, parent_id, user_id, priority, input, max_attempts, created_at, coalesce(run_at, created_at),
            timeout_ms, budget_usd, metadata, trace_parent, request_id, idempotency_key, request_hash, key_id, step FROM item
          ON CONFLICT DO NOTHING
          RETURNING id, priority),
        queued AS (
          INSERT INTO execution_queue (id, kind, priority, run_at)
          SELECT w.id, i.kind, w.priority, coalesce(i.run_at, now()) FROM written w JOIN item i ON i.id = w.id)
        SELECT id FROM written
        """;

    public async Task<IReadOnlyList<AcceptResult>> AcceptAsync(IReadOnlyList<NewExecution> items, CancellationToken cancellationToken)
    {
        await using var command = database.CreateCommand(AcceptSql);
        var p = command.Parameters;
        p.Add(P(Column(items, i => i.Id)));
        p.Add(P(Column(items, i => (short)i.Kind)));
        p.Add(P(Column(items, i => i.Target)));
        p.Add(P(Column(items, i => i.ParentId)));
        p.Add(P(Column(items, i => i.User)));
        p.Add(P(Column(items, i => (short)i.Priority)));
        p.Add(P(Column(items, i => i.Input)));
        p.Add(P(Column(items, i => i.MaxAttempts)));
        p.Add(Times(Column(items, i => (DateTimeOffset?)i.CreatedAt)));
        p.Add(Times(Column(items, i => i.RunAt)));
        p.Add(P(Column(items, i => (long?)i.Timeout?.TotalMilliseconds)));
        p.Add(P(Column(items, i => i.BudgetUsd)));
        p.Add(P(Column(items, i => i.Metadata)));
        p.Add(P(Column(items, i => i.TraceParent)));
        p.Add(P(Column(items, i => i.RequestId)));
        p.Add(P(Column(items, i => i.IdempotencyKey)));
        p.Add(P(Column(items, i => i.RequestHash)));
        p.Add(P(Column(items, i => i.KeyId)));
        p.Add(P(Column(items, i => i.Step)));

        var written = new HashSet<Guid>(items.Count);
        await using (var reader = await command.ExecuteReaderAsync(cancellationToken))
        {
            while (await reader.ReadAsync(cancellationToken))
                written.Add(reader.GetGuid(0));
        }

        var results = new AcceptResult[items.Count];
        for (var i = 0; i < results.Length; i++)
        {
            // The same item twice in one batch is written once: the second occurrence finds the first.
            results[i] = written.Remove(items[i].Id)
                ? new AcceptResult(AcceptOutcome.Created, items[i].ToExecution())
                : await FindAcceptedAsync(items[i], cancellationToken) ?? throw new InvalidOperationException("An accepted execution was removed while its key was looked up.");
        }

        return results;
    }

    public async Task<AcceptResult?> FindAcceptedAsync(NewExecution item, CancellationToken cancellationToken)
    {
        await using var command = database.CreateCommand(
            $"SELECT {ExecutionColumns}, e.request_hash FROM {ExecutionTables} WHERE e.id = $1 OR (e.user_id = $2 AND e.idempotency_key = $3)");
        command.Parameters.Add(P(item.Id));
        command.Parameters.Add(P(item.User));
        command.Parameters.Add(P(item.IdempotencyKey));
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        if (!await reader.ReadAsync(cancellationToken))
            return null;
        var found = ReadExecution(reader);
        var hash = reader.IsDBNull(ExecutionColumnCount) ? null : reader.GetFieldValue<byte[]>(ExecutionColumnCount);
        return item.Repeats(found, hash) ? new AcceptResult(AcceptOutcome.Existing, found) : new AcceptResult(AcceptOutcome.Conflict, null);
    }

    private static T[] Column<TItem, T>(IReadOnlyList<TItem> items, Func<TItem, T> value)
    {
        var column = new T[items.Count];
        for (var i = 0; i < column.Length; i++)
            column[i] = value(items[i]);
        return column;
    }
}
