namespace OsMEN.Executions;

internal sealed partial class PostgresExecutionStore
{
    // One statement, so one round trip and one transaction. Only what its fence still holds is changed; calls are recorded
    // in any case, since their money was spent whoever holds the execution now. A batch may hold several records of one
    // execution (events, then its end), so what ends it comes with the row that it deleted.
    // Rows are found by their id: "+ 0" keeps the planner from the index of all that is held, where each would be compared with each.
    private const string RecordSql = """
        WITH item AS (
          SELECT * FROM unnest($1::uuid[], $2::bigint[], $3::smallint[], $4::text[], $5::text[], $6::text[], $7::timestamptz[], $8::integer[],
            $30::numeric[], $31::integer[])
          AS i(id, fence, finish, output, error_type, error_message, run_at, uncounted, revenue, wakes)),
        gone AS (
          DELETE FROM execution_queue q USING item i
          WHERE i.finish >= 2 AND q.id = i.id AND q.fence = i.fence AND q.status + 0 = 1
          RETURNING q.id, q.attempt, q.started_at, q.worker, q.fence, i.finish, i.output, i.error_type, i.error_message, i.revenue),
        back AS (
          UPDATE execution_queue q SET status = 0, worker = NULL, lease_until = NULL, run_at = coalesce(i.run_at, now()),
            attempt = q.attempt + CASE WHEN q.parked THEN 1 ELSE 0 END - i.uncounted
          FROM item i WHERE i.finish = 0 AND q.id = i.id AND q.fence = i.fence AND q.status + 0 = 1
          RETURNING q.id, q.fence),
        parked AS (
          UPDATE execution_queue q SET status = 0, parked = true, worker = NULL, lease_until = NULL, attempt = e.attempt + 1,
            run_at = CASE WHEN q.wakes <> i.wakes OR q.cancel_requested THEN now() ELSE i.run_at END
          FROM item i JOIN executions e ON e.id = i.id WHERE i.finish = 1 AND q.id = i.id AND q.fence = i.fence AND q.status + 0 = 1
          RETURNING q.id, q.fence),
        kept AS (
          SELECT q.id, q.fence FROM execution_queue q JOIN item i ON q.id = i.id AND q.fence = i.fence
          WHERE i.finish = -1 AND q.status + 0 = 1 FOR UPDATE OF q),
        held AS (SELECT id, fence FROM gone UNION ALL SELECT id, fence FROM back UNION ALL SELECT id, fence FROM parked UNION ALL SELECT id, fence FROM kept),
        written_events AS (
          INSERT INTO execution_events (execution_id, first_seq, last_seq, frames)
          SELECT v.id, v.first_seq, v.last_seq, v.frames
          FROM unnest($9::uuid[], $10::bigint[], $11::bigint[], $12::bigint[], $13::text[]) AS v(id, fence, first_seq, last_seq, frames)
          JOIN held USING (id, fence)
          ON CONFLICT DO NOTHING),
        written_calls AS (
          INSERT INTO llm_calls (id, execution_id, platform, model, started_at, duration_ms, first_token_ms, status, error,
            input_tokens, output_tokens, cached_tokens, cache_write_tokens, reasoning_tokens, estimated, cost_usd)
          SELECT * FROM unnest($14::uuid[], $15::uuid[], $16::text[], $17::text[], $18::timestamptz[], $19::double precision[],
            $20::double precision[], $21::smallint[], $22::text[], $23::bigint[], $24::bigint[], $25::bigint[], $26::bigint[],
            $27::bigint[], $28::boolean[], $29::numeric[])
          ON CONFLICT DO NOTHING
          RETURNING *),
        used AS (
          SELECT execution_id AS id, sum(input_tokens) AS input, sum(output_tokens) AS output, sum(cached_tokens) AS cached,
            sum(cache_write_tokens) AS cache_write, sum(reasoning_tokens) AS reasoning, coalesce(sum(cost_usd), 0) AS cost,
            (array_agg(platform ORDER BY started_at DESC))[1] AS platform, (array_agg(model ORDER BY started_at DESC))[1] AS model
          FROM written_calls GROUP BY execution_id),
        ended AS (
          UPDATE executions e SET status = g.finish, output = g.output, error_type = g.error_type, error_message = g.error_message,
            attempt = g.attempt, fence = g.fence, started_at = g.started_at, worker = g.worker, completed_at = clock_timestamp(), revenue_usd = g.revenue,
            platform = coalesce(u.platform, e.platform), model = coalesce(u.model, e.model),
            input_tokens = e.input_tokens + coalesce(u.input, 0), output_tokens = e.output_tokens + coalesce(u.output, 0),
            cached_tokens = e.cached_tokens + coalesce(u.cached, 0), cache_write_tokens = e.cache_write_tokens + coalesce(u.cache_write, 0),
            reasoning_tokens = e.reasoning_tokens + coalesce(u.reasoning, 0), cost_usd = e.cost_usd + coalesce(u.cost, 0)
          FROM gone g LEFT JOIN used u ON u.id = g.id
          WHERE e.id = g.id
          RETURNING e.id, e.parent_id, e.step),
        told AS (INSERT INTO execution_wakes SELECT id, parent_id FROM ended WHERE step IS NOT NULL ON CONFLICT DO NOTHING),
        spent AS (
          UPDATE executions e SET platform = u.platform, model = u.model,
            input_tokens = e.input_tokens + u.input, output_tokens = e.output_tokens + u.output,
            cached_tokens = e.cached_tokens + u.cached, cache_write_tokens = e.cache_write_tokens + u.cache_write,
            reasoning_tokens = e.reasoning_tokens + u.reasoning, cost_usd = e.cost_usd + u.cost
          FROM used u WHERE e.id = u.id AND NOT EXISTS (SELECT FROM gone g WHERE g.id = u.id))
        SELECT id, fence FROM held
        """;

    // The same for a batch with calls that money is held for: their cost takes its place.
    private static readonly string RecordAndSettleSql = RecordSql.Replace(
        "SELECT id, fence FROM held",
        $"""
        , settled AS (
          DELETE FROM budget_reservations r USING unnest($14::uuid[], $29::numeric[]) AS c(id, cost) WHERE r.id = c.id
          RETURNING r.budgets, r.amount_usd AS amount, coalesce(c.cost, r.amount_usd) AS cost),
        {ChargeSql}
        SELECT id, fence FROM held
        """,
        StringComparison.Ordinal);

    public async Task<IReadOnlyList<bool>> RecordAsync(IReadOnlyList<ExecutionRecord> items, CancellationToken cancellationToken)
    {
        var events = items.Where(i => i.Events is not null).ToArray();
        var calls = items.SelectMany(i => i.Calls, (i, call) => (Execution: i.Lease.Execution, Call: call)).ToArray();
        await using var command = database.CreateCommand(Array.Exists(calls, c => c.Call.HeldUsd is not null) ? RecordAndSettleSql : RecordSql);
        var p = command.Parameters;
        p.Add(P(Column(items, i => i.Lease.Execution)));
        p.Add(P(Column(items, i => i.Lease.Fence)));
        p.Add(P(Column(items, i => i.End is { } end ? (short)end.Status : (short)-1)));
        p.Add(P(Column(items, i => i.End?.Output)));
        p.Add(P(Column(items, i => i.End?.Error?.Type)));
        p.Add(P(Column(items, i => i.End?.Error?.Message)));
        p.Add(Times(Column(items, i => i.End?.RunAt)));
        p.Add(P(Column(items, i => i.End is { CountAttempt: false } ? 1 : 0)));
        p.Add(P(Column(events, i => i.Lease.Execution)));
        p.Add(P(Column(events, i => i.Lease.Fence)));
        p.Add(P(Column(events, i => i.Events!.FirstSeq)));
        p.Add(P(Column(events, i => i.Events!.LastSeq)));
        p.Add(P(Column(events, i => i.Events!.Text)));
        p.Add(P(Column(calls, c => c.Call.Id)));
        p.Add(P(Column(calls, c => c.Execution)));
        AddCalls(p, Array.ConvertAll(calls, c => c.Call));
        p.Add(P(Column(items, i => i.End?.RevenueUsd)));
        p.Add(P(Column(items, i => i.End?.Wakes ?? 0)));

        var held = new HashSet<LeaseId>(items.Count);
        await using (var reader = await command.ExecuteReaderAsync(cancellationToken))
        {
            while (await reader.ReadAsync(cancellationToken))
                held.Add(new LeaseId(reader.GetGuid(0), reader.GetInt64(1)));
        }

        if (!items.All(i => held.Contains(i.Lease)))
            await AddEndedBeforeAsync(items, held, cancellationToken);
        foreach (var workflow in items.Where(i => i.End?.Status.IsFinal() == true).Select(i => i.Workflow).OfType<Guid>().Distinct())
            await ApplyWakesAsync(workflow, cancellationToken);
        return Column(items, i => held.Contains(i.Lease));
    }

    // A batch whose commit was confirmed to nobody (the connection broke) is sent again: its ends stand under their own fence.
    private async Task AddEndedBeforeAsync(IReadOnlyList<ExecutionRecord> items, HashSet<LeaseId> held, CancellationToken cancellationToken)
    {
        var missing = items.Where(i => i.End is { } end && end.Status.IsFinal() && !held.Contains(i.Lease)).ToArray();
        if (missing.Length == 0)
            return;
        await using var command = database.CreateCommand("""
            SELECT e.id, e.fence FROM executions e JOIN unnest($1::uuid[], $2::bigint[], $3::smallint[]) AS i(id, fence, finish)
              ON e.id = i.id AND e.fence = i.fence AND e.status = i.finish
            """);
        command.Parameters.Add(P(Column(missing, i => i.Lease.Execution)));
        command.Parameters.Add(P(Column(missing, i => i.Lease.Fence)));
        command.Parameters.Add(P(Column(missing, i => (short)i.End!.Status)));
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken))
            held.Add(new LeaseId(reader.GetGuid(0), reader.GetInt64(1)));
    }
}
