using System.Text.Json;
using Npgsql;
using OsMEN.Executions.Budgets;
using OsMEN.Llm;

namespace OsMEN.Executions;

internal sealed partial class PostgresExecutionStore : IBudgetStore
{
    private const string BudgetColumns = """
        b.id, b.agent, b.user_id, b.key_id, b.model, b.platform, b.period, b.time_zone, b.limit_usd, b.alert_at, b.spent_usd, b.reserved_usd,
        b.period_start, b.period_end, b.alerted
        """;

    // The locks are taken in the order of numbers, here and where calls settle, so that no two wait for each other; and a row that was locked
    // is read as it is then, not as it was when the statement began.
    private const string ReserveSql = $"""
        WITH b AS (SELECT * FROM budgets WHERE id = ANY($1::text[]) ORDER BY number FOR UPDATE),
        verdict AS (
          SELECT NOT EXISTS (
            SELECT FROM b WHERE period_end <= $2::timestamptz OR limit_usd - spent_usd - reserved_usd < $3::numeric OR limit_usd - spent_usd - reserved_usd <= 0
          ) AS held),
        hold AS (UPDATE budgets SET reserved_usd = budgets.reserved_usd + $3::numeric FROM b, verdict WHERE budgets.number = b.number AND verdict.held),
        noted AS (
          INSERT INTO budget_reservations (id, execution_id, fence, platform, model, input_tokens, output_tokens, amount_usd, budgets, created_at, expires_at)
          SELECT $4::uuid, $5::uuid, $6::bigint, $7::text, $8::text, $9::bigint, $10::bigint, $3::numeric, ARRAY(SELECT number FROM b), $2::timestamptz, $11::timestamptz
          FROM verdict WHERE held)
        SELECT {BudgetColumns}, verdict.held FROM verdict LEFT JOIN b ON true
        """;

    // Completes a statement that has settled(budgets, amount, cost): what was held, and what takes its place.
    private const string ChargeSql = """
        owed AS (
          SELECT o.number, sum(s.amount) AS amount, sum(s.cost) AS cost FROM settled s CROSS JOIN LATERAL unnest(s.budgets) AS o(number) GROUP BY o.number),
        owing AS (SELECT b.number FROM budgets b WHERE b.number IN (SELECT number FROM owed) ORDER BY b.number FOR UPDATE),
        charged AS (
          UPDATE budgets b SET reserved_usd = b.reserved_usd - o.amount, spent_usd = b.spent_usd + o.cost
          FROM owing w JOIN owed o ON o.number = w.number WHERE b.number = w.number)
        """;

    private const string SettleSql = $"""
        WITH settled AS (
          DELETE FROM budget_reservations r WHERE r.id = $1 RETURNING r.budgets, r.amount_usd AS amount, coalesce($2::numeric, r.amount_usd) AS cost),
        {ChargeSql}
        SELECT count(*) FROM settled
        """;

    private const string MarkLapsedSql = """
        UPDATE budget_reservations r SET lapses_at = $2
        WHERE r.lapses_at IS NULL AND (r.expires_at <= $1 OR (r.execution_id IS NOT NULL AND NOT EXISTS (
          SELECT FROM execution_queue q WHERE q.id = r.execution_id AND q.fence = r.fence AND q.status + 0 = 1)))
        """;

    private const string ChargeLapsedSql = $"""
        WITH settled AS (
          DELETE FROM budget_reservations r WHERE r.lapses_at <= $1 RETURNING r.*, r.amount_usd AS amount, r.amount_usd AS cost),
        {ChargeSql},
        made AS (
          INSERT INTO llm_calls (id, execution_id, platform, model, started_at, duration_ms, status, error, input_tokens, output_tokens,
            cached_tokens, cache_write_tokens, reasoning_tokens, estimated, cost_usd)
          SELECT id, execution_id, platform, model, created_at, 0, $2, $3, input_tokens, output_tokens, 0, 0, 0, true, amount_usd
          FROM settled WHERE execution_id IS NOT NULL
          ON CONFLICT DO NOTHING
          RETURNING execution_id, platform, model, input_tokens, output_tokens, cost_usd),
        used AS (
          SELECT execution_id AS id, min(platform) AS platform, min(model) AS model, sum(input_tokens) AS input, sum(output_tokens) AS output, sum(cost_usd) AS cost
          FROM made GROUP BY execution_id),
        spent AS (
          UPDATE executions e SET platform = coalesce(e.platform, u.platform), model = coalesce(e.model, u.model),
            input_tokens = e.input_tokens + u.input, output_tokens = e.output_tokens + u.output, cost_usd = e.cost_usd + u.cost
          FROM used u WHERE e.id = u.id)
        SELECT count(*)::integer FROM settled
        """;

    public async Task<IReadOnlyList<Budget>> ListBudgetsAsync(CancellationToken cancellationToken)
    {
        await using var command = database.CreateCommand($"SELECT {BudgetColumns} FROM budgets b ORDER BY b.id COLLATE \"C\"");
        return await ReadBudgetsAsync(command, cancellationToken);
    }

    public async Task<Budget?> GetBudgetAsync(string id, CancellationToken cancellationToken)
    {
        await using var command = database.CreateCommand($"SELECT {BudgetColumns} FROM budgets b WHERE b.id = $1");
        command.Parameters.Add(P(id));
        return (await ReadBudgetsAsync(command, cancellationToken)).SingleOrDefault();
    }

    public async Task<bool?> PutBudgetAsync(BudgetDefinition budget, DateTimeOffset now, int most, CancellationToken cancellationToken)
    {
        var (start, end) = BudgetPeriods.Around(budget.Period, BudgetPeriods.Zone(budget.TimeZone), now);
        await using var command = database.CreateCommand("""
            WITH there AS (SELECT count(*) AS count, count(*) FILTER (WHERE id = $1) AS same FROM budgets)
            INSERT INTO budgets AS b (id, limit_usd, alert_at, period, time_zone, agent, user_id, key_id, model, platform, period_start, period_end)
            SELECT $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12 FROM there WHERE same > 0 OR count < $13
            ON CONFLICT (id) DO UPDATE SET (limit_usd, alert_at, alerted, period, time_zone, agent, user_id, key_id, model, platform, period_start, period_end, spent_usd) = (
              SELECT excluded.limit_usd, excluded.alert_at, 0, excluded.period, excluded.time_zone, excluded.agent, excluded.user_id, excluded.key_id,
                excluded.model, excluded.platform, CASE WHEN same THEN b.period_start ELSE excluded.period_start END,
                CASE WHEN same THEN b.period_end ELSE excluded.period_end END, CASE WHEN same THEN b.spent_usd ELSE 0 END
              FROM (SELECT (b.period, b.time_zone, b.agent, b.user_id, b.key_id, b.model, b.platform) IS NOT DISTINCT FROM
                (excluded.period, excluded.time_zone, excluded.agent, excluded.user_id, excluded.key_id, excluded.model, excluded.platform) AS same) s)
            RETURNING (SELECT same = 0 FROM there)
            """);
        var (p, scope) = (command.Parameters, budget.Scope);
        p.Add(P(budget.Id));
        p.Add(P(budget.LimitUsd));
        p.Add(P(JsonSerializer.Serialize(budget.AlertAt, BudgetJsonContext.Default.IReadOnlyListDecimal)));
        p.Add(P(BudgetPeriods.Name(budget.Period)));
        p.Add(P(budget.TimeZone));
        foreach (var part in (string?[])[scope.Agent, scope.User, scope.Key, scope.Model, scope.Platform])
            p.Add(P(part));
        p.Add(P(start.UtcDateTime));
        p.Add(Time(end));
        p.Add(P((long)most));
        return await command.ExecuteScalarAsync(cancellationToken) as bool?;
    }

    public async Task<bool> DeleteBudgetAsync(string id, CancellationToken cancellationToken)
    {
        await using var command = database.CreateCommand("DELETE FROM budgets WHERE id = $1");
        command.Parameters.Add(P(id));
        return await command.ExecuteNonQueryAsync(cancellationToken) == 1;
    }

    public async Task<bool> RollBudgetAsync(string id, DateTimeOffset ended, DateTimeOffset start, DateTimeOffset? end, CancellationToken cancellationToken)
    {
        await using var command = database.CreateCommand(
            "UPDATE budgets SET spent_usd = 0, alerted = 0, period_start = $3, period_end = $4 WHERE id = $1 AND period_end = $2 AND $3 >= $2");
        var p = command.Parameters;
        p.Add(P(id));
        p.Add(P(ended.UtcDateTime));
        p.Add(P(start.UtcDateTime));
        p.Add(Time(end));
        return await command.ExecuteNonQueryAsync(cancellationToken) == 1;
    }

    public async Task<bool> NoteAlertAsync(string id, DateTimeOffset periodStart, decimal share, CancellationToken cancellationToken)
    {
        await using var command = database.CreateCommand("UPDATE budgets SET alerted = $3 WHERE id = $1 AND period_start = $2 AND alerted < $3");
        var p = command.Parameters;
        p.Add(P(id));
        p.Add(P(periodStart.UtcDateTime));
        p.Add(P(share));
        return await command.ExecuteNonQueryAsync(cancellationToken) == 1;
    }

    public async Task<ReserveResult> ReserveAsync(BudgetReservation reservation, CancellationToken cancellationToken)
    {
        await using var command = database.CreateCommand(ReserveSql);
        var (p, call) = (command.Parameters, reservation.Call);
        p.Add(P<string[]>([.. reservation.Budgets]));
        p.Add(P(reservation.Now.UtcDateTime));
        p.Add(P(reservation.AmountUsd));
        p.Add(P(call.Id));
        p.Add(P(reservation.Execution));
        p.Add(P(reservation.Fence));
        p.Add(P(call.Model.Platform));
        p.Add(P(call.Model.Model));
        p.Add(P(call.Most.Input));
        p.Add(P(call.Most.Output));
        p.Add(P(reservation.ExpiresAt.UtcDateTime));
        var held = false;
        var found = await ReadBudgetsAsync(command, cancellationToken, reader => held = reader.GetBoolean(15));
        return new ReserveResult(held, found);
    }

    public async Task SettleAsync(Guid call, decimal? costUsd, CancellationToken cancellationToken)
    {
        await using var command = database.CreateCommand(SettleSql);
        command.Parameters.Add(P(call));
        command.Parameters.Add(P(costUsd));
        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    public async Task<decimal> GetSpentAsync(Guid execution, long fence, CancellationToken cancellationToken)
    {
        await using var command = database.CreateCommand("""
            SELECT cost_usd + coalesce((SELECT sum(amount_usd) FROM budget_reservations WHERE execution_id = $1 AND fence <> $2), 0) FROM executions WHERE id = $1
            """);
        command.Parameters.Add(P(execution));
        command.Parameters.Add(P(fence));
        return await command.ExecuteScalarAsync(cancellationToken) as decimal? ?? 0;
    }

    public async Task<int> ChargeLapsedAsync(DateTimeOffset now, TimeSpan lapseAfter, CancellationToken cancellationToken)
    {
        await using (var mark = database.CreateCommand(MarkLapsedSql))
        {
            mark.Parameters.Add(P(now.UtcDateTime));
            mark.Parameters.Add(P((now + lapseAfter).UtcDateTime));
            await mark.ExecuteNonQueryAsync(cancellationToken);
        }

        await using var charge = database.CreateCommand(ChargeLapsedSql);
        charge.Parameters.Add(P(now.UtcDateTime));
        charge.Parameters.Add(P((short)LlmCallStatus.Error));
        charge.Parameters.Add(P(IBudgetStore.LapsedCall));
        return (int)(await charge.ExecuteScalarAsync(cancellationToken))!;
    }

    private static async Task<IReadOnlyList<Budget>> ReadBudgetsAsync(NpgsqlCommand command, CancellationToken cancellationToken, Action<NpgsqlDataReader>? look = null)
    {
        var found = new List<Budget>();
        await using var r = await command.ExecuteReaderAsync(cancellationToken);
        while (await r.ReadAsync(cancellationToken))
        {
            look?.Invoke(r);
            if (r.IsDBNull(0))
                continue;
            string? Text(int i) => r.IsDBNull(i) ? null : r.GetString(i);
            if (!BudgetPeriods.TryParse(r.GetString(6), out var period))
                throw new InvalidOperationException($"Budget {r.GetString(0)} has an unknown period.");
            found.Add(new Budget(
                new BudgetDefinition(
                    r.GetString(0), new BudgetScope(Text(1), Text(2), Text(3), Text(4), Text(5)), period, r.GetString(7), r.GetDecimal(8),
                    JsonSerializer.Deserialize(r.GetString(9), BudgetJsonContext.Default.IReadOnlyListDecimal) ?? []),
                r.GetDecimal(10),
                r.GetDecimal(11),
                r.GetFieldValue<DateTimeOffset>(12),
                r.IsDBNull(13) ? null : r.GetFieldValue<DateTimeOffset>(13),
                r.GetDecimal(14)));
        }

        return found;
    }

    private static NpgsqlParameter<DateTime?> Time(DateTimeOffset? value) =>
        new() { TypedValue = value?.UtcDateTime, NpgsqlDbType = NpgsqlTypes.NpgsqlDbType.TimestampTz };
}
