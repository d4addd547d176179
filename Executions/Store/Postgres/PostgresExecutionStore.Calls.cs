using Npgsql;
using OsMEN.Llm;

namespace OsMEN.Executions;

internal sealed partial class PostgresExecutionStore
{
    private const string RecordCallsSql = """
        INSERT INTO llm_calls (id, user_id, platform, model, started_at, duration_ms, first_token_ms, status, error,
          input_tokens, output_tokens, cached_tokens, cache_write_tokens, reasoning_tokens, estimated, cost_usd)
        SELECT * FROM unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::timestamptz[], $6::double precision[], $7::double precision[],
          $8::smallint[], $9::text[], $10::bigint[], $11::bigint[], $12::bigint[], $13::bigint[], $14::bigint[], $15::boolean[], $16::numeric[])
        ON CONFLICT DO NOTHING
        """;

    // The same for a batch with calls that money is held for: their cost takes its place.
    private static readonly string RecordCallsAndSettleSql = $"""
        WITH written AS (
        {RecordCallsSql}
        ),
        settled AS (
          DELETE FROM budget_reservations r USING unnest($1::uuid[], $16::numeric[]) AS c(id, cost) WHERE r.id = c.id
          RETURNING r.budgets, r.amount_usd AS amount, coalesce(c.cost, r.amount_usd) AS cost),
        {ChargeSql}
        SELECT count(*) FROM settled
        """;

    public async Task RecordCallsAsync(IReadOnlyList<DirectCall> calls, CancellationToken cancellationToken)
    {
        await using var command = database.CreateCommand(calls.Any(c => c.Call.HeldUsd is not null) ? RecordCallsAndSettleSql : RecordCallsSql);
        var p = command.Parameters;
        p.Add(P(Column(calls, c => c.Call.Id)));
        p.Add(P(Column(calls, c => c.User)));
        AddCalls(p, [.. calls.Select(c => c.Call)]);
        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    // Everything of a call but its id and whose it is: a parameter a column, in the order in which both statements number them.
    private static void AddCalls(NpgsqlParameterCollection p, IReadOnlyList<LlmCall> calls)
    {
        p.Add(P(Column(calls, c => c.Platform)));
        p.Add(P(Column(calls, c => c.Model)));
        p.Add(Times(Column(calls, c => (DateTimeOffset?)c.StartedAt)));
        p.Add(P(Column(calls, c => c.Duration.TotalMilliseconds)));
        p.Add(P(Column(calls, c => c.TimeToFirstToken?.TotalMilliseconds)));
        p.Add(P(Column(calls, c => (short)c.Status)));
        p.Add(P(Column(calls, c => c.Error)));
        p.Add(P(Column(calls, c => c.Tokens.Input)));
        p.Add(P(Column(calls, c => c.Tokens.Output)));
        p.Add(P(Column(calls, c => c.Tokens.CachedInput)));
        p.Add(P(Column(calls, c => c.Tokens.CacheWrite)));
        p.Add(P(Column(calls, c => c.Tokens.Reasoning)));
        p.Add(P(Column(calls, c => c.Estimated)));
        p.Add(P(Column(calls, c => c.CostUsd)));
    }
}
