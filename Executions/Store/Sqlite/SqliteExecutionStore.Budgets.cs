using System.Globalization;
using System.Text.Json;
using Microsoft.Data.Sqlite;
using OsMEN.Executions.Budgets;
using OsMEN.Llm;

namespace OsMEN.Executions;

internal sealed partial class SqliteExecutionStore : IBudgetStore
{
    private const decimal AlertScale = 10_000m;

    private const string BudgetColumns = """
        id, agent, user_id, key_id, model, platform, period, time_zone, limit_nano, alert_at, spent_nano, reserved_nano, period_start, period_end, alerted
        """;

    public Task<IReadOnlyList<Budget>> ListBudgetsAsync(CancellationToken cancellationToken) =>
        ReadAsync(connection => ReadBudgets(connection, "ORDER BY id"), cancellationToken);

    public Task<Budget?> GetBudgetAsync(string id, CancellationToken cancellationToken) =>
        ReadAsync(connection => ReadBudgets(connection, "WHERE id = @p0", id).SingleOrDefault(), cancellationToken);

    public Task<bool?> PutBudgetAsync(BudgetDefinition budget, DateTimeOffset now, int most, CancellationToken cancellationToken) =>
        WriteAsync<bool?>(
            connection =>
            {
                var (scope, period, zone) = (budget.Scope, BudgetPeriods.Name(budget.Period), budget.TimeZone);
                var limit = ((decimal?)budget.LimitUsd).Nanos();
                var (start, end) = BudgetPeriods.Around(budget.Period, BudgetPeriods.Zone(zone), now);
                var alerts = JsonSerializer.Serialize(budget.AlertAt, BudgetJsonContext.Default.IReadOnlyListDecimal);
                if (connection.Execute(
                    """
                    UPDATE budgets SET limit_nano = @p1, alert_at = @p2, alerted = 0
                    WHERE id = @p0 AND period = @p3 AND time_zone = @p4 AND agent IS @p5 AND user_id IS @p6 AND key_id IS @p7 AND model IS @p8 AND platform IS @p9
                    """,
                    budget.Id, limit, alerts, period, zone, scope.Agent, scope.User, scope.Key, scope.Model, scope.Platform) == 1)
                    return false;
                using var count = connection.Command("SELECT count(*), coalesce(sum(id = @p0), 0) FROM budgets", budget.Id);
                using var reader = count.ExecuteReader();
                reader.Read();
                var isNew = reader.GetInt64(1) == 0;
                if (isNew && reader.GetInt64(0) >= most)
                    return null;
                connection.Execute(
                    """
                    INSERT INTO budgets (id, limit_nano, alert_at, period, time_zone, agent, user_id, key_id, model, platform, period_start, period_end)
                    VALUES (@p0, @p1, @p2, @p3, @p4, @p5, @p6, @p7, @p8, @p9, @p10, @p11)
                    ON CONFLICT (id) DO UPDATE SET limit_nano = excluded.limit_nano, alert_at = excluded.alert_at, period = excluded.period,
                      time_zone = excluded.time_zone, agent = excluded.agent, user_id = excluded.user_id, key_id = excluded.key_id,
                      model = excluded.model, platform = excluded.platform, period_start = excluded.period_start, period_end = excluded.period_end,
                      spent_nano = 0, alerted = 0
                    """,
                    budget.Id, limit, alerts, period, zone, scope.Agent, scope.User, scope.Key, scope.Model, scope.Platform, start.Micros(), end?.Micros());
                return isNew;
            },
            cancellationToken);

    public Task<bool> DeleteBudgetAsync(string id, CancellationToken cancellationToken) =>
        WriteAsync(connection => connection.Execute("DELETE FROM budgets WHERE id = @p0", id) == 1, cancellationToken);

    public Task<bool> RollBudgetAsync(string id, DateTimeOffset ended, DateTimeOffset start, DateTimeOffset? end, CancellationToken cancellationToken) =>
        WriteAsync(
            connection => connection.Execute(
                "UPDATE budgets SET spent_nano = 0, alerted = 0, period_start = @p2, period_end = @p3 WHERE id = @p0 AND period_end = @p1 AND @p2 >= @p1",
                id, ended.Micros(), start.Micros(), end?.Micros()) == 1,
            cancellationToken);

    public Task<bool> NoteAlertAsync(string id, DateTimeOffset periodStart, decimal share, CancellationToken cancellationToken) =>
        WriteAsync(
            connection => connection.Execute(
                "UPDATE budgets SET alerted = @p2 WHERE id = @p0 AND period_start = @p1 AND alerted < @p2", id, periodStart.Micros(), (long)(share * AlertScale)) == 1,
            cancellationToken);

    // One transaction under the file's write lock: nothing can come between the look and the change.
    public Task<ReserveResult> ReserveAsync(BudgetReservation reservation, CancellationToken cancellationToken) =>
        WriteAsync(
            connection =>
            {
                var ids = JsonSerializer.Serialize(reservation.Budgets, BudgetJsonContext.Default.IReadOnlyListString);
                var found = ReadBudgets(connection, "WHERE id IN (SELECT value FROM json_each(@p0)) ORDER BY id", ids);
                if (found.Any(b => b.PeriodEnd <= reservation.Now || b.RemainingUsd < reservation.AmountUsd || b.RemainingUsd <= 0))
                    return new ReserveResult(false, found);
                var (call, amount) = (reservation.Call, ((decimal?)reservation.AmountUsd).Nanos());
                connection.Execute("UPDATE budgets SET reserved_nano = reserved_nano + @p1 WHERE id IN (SELECT value FROM json_each(@p0))", ids, amount);
                connection.Execute(
                    """
                    INSERT INTO budget_reservations VALUES (@p0, @p1, @p2, @p3, @p4, @p5, @p6, @p7,
                      (SELECT json_group_array(number) FROM budgets WHERE id IN (SELECT value FROM json_each(@p8))), @p9, @p10, NULL)
                    """,
                    call.Id.Text(), reservation.Execution?.Text(), reservation.Fence, call.Model.Platform, call.Model.Model, call.Most.Input, call.Most.Output,
                    amount, ids, reservation.Now.Micros(), reservation.ExpiresAt.Micros());
                return new ReserveResult(true, found);
            },
            cancellationToken);

    public Task SettleAsync(Guid call, decimal? costUsd, CancellationToken cancellationToken) =>
        WriteAsync(
            connection =>
            {
                Settle(connection, call.Text(), costUsd.Nanos());
                return true;
            },
            cancellationToken);

    public Task<decimal> GetSpentAsync(Guid execution, long fence, CancellationToken cancellationToken) =>
        ReadAsync(
            connection =>
            {
                using var command = connection.Command(
                    """
                    SELECT cost_nano + coalesce((SELECT sum(amount_nano) FROM budget_reservations WHERE execution_id = @p0 AND fence <> @p1), 0)
                    FROM executions WHERE id = @p0
                    """,
                    execution.Text(), fence);
                return SqliteRows.Dollars(Convert.ToInt64(command.ExecuteScalar() ?? 0L, CultureInfo.InvariantCulture));
            },
            cancellationToken);

    public Task<int> ChargeLapsedAsync(DateTimeOffset now, TimeSpan lapseAfter, CancellationToken cancellationToken) =>
        WriteAsync(
            connection =>
            {
                connection.Execute(
                    """
                    UPDATE budget_reservations SET lapses_at = @p1
                    WHERE lapses_at IS NULL AND (expires_at <= @p0 OR (execution_id IS NOT NULL AND NOT EXISTS (
                      SELECT 1 FROM execution_queue q WHERE q.id = execution_id AND q.fence = budget_reservations.fence AND q.status = 1)))
                    """,
                    now.Micros(), (now + lapseAfter).Micros());
                var lapsed = new List<string>();
                using (var due = connection.Command("SELECT id FROM budget_reservations WHERE lapses_at <= @p0 ORDER BY id", now.Micros()))
                using (var reader = due.ExecuteReader())
                {
                    while (reader.Read())
                        lapsed.Add(reader.GetString(0));
                }

                foreach (var id in lapsed)
                {
                    var isNew = connection.Execute(
                        """
                        INSERT INTO llm_calls (id, execution_id, platform, model, started_at, duration_ms, status, error, input_tokens, output_tokens,
                          cached_tokens, cache_write_tokens, reasoning_tokens, estimated, cost_nano)
                        SELECT id, execution_id, platform, model, created_at, 0, @p1, @p2, input_tokens, output_tokens, 0, 0, 0, 1, amount_nano
                        FROM budget_reservations WHERE id = @p0 AND execution_id IS NOT NULL
                        ON CONFLICT DO NOTHING
                        """,
                        id, (int)LlmCallStatus.Error, IBudgetStore.LapsedCall) == 1;
                    if (isNew)
                        connection.Execute(
                            """
                            UPDATE executions SET platform = coalesce(executions.platform, r.platform), model = coalesce(executions.model, r.model),
                              input_tokens = executions.input_tokens + r.input_tokens, output_tokens = executions.output_tokens + r.output_tokens,
                              cost_nano = cost_nano + r.amount_nano
                            FROM budget_reservations r WHERE r.id = @p0 AND executions.id = r.execution_id
                            """,
                            id);
                    Settle(connection, id, null);
                }

                return lapsed.Count;
            },
            cancellationToken);

    private static void Settle(SqliteConnection connection, string call, long? cost)
    {
        connection.Execute(
            """
            UPDATE budgets SET reserved_nano = reserved_nano - r.amount_nano, spent_nano = spent_nano + coalesce(@p1, r.amount_nano)
            FROM budget_reservations r WHERE r.id = @p0 AND budgets.number IN (SELECT value FROM json_each(r.budgets))
            """,
            call, cost);
        connection.Execute("DELETE FROM budget_reservations WHERE id = @p0", call);
    }

    private static IReadOnlyList<Budget> ReadBudgets(SqliteConnection connection, string where, params ReadOnlySpan<object?> values)
    {
        using var command = connection.Command($"SELECT {BudgetColumns} FROM budgets {where}", values);
        using var r = command.ExecuteReader();
        string? Text(int i) => r.IsDBNull(i) ? null : r.GetString(i);
        var found = new List<Budget>();
        while (r.Read())
        {
            if (!BudgetPeriods.TryParse(r.GetString(6), out var period))
                throw new InvalidOperationException($"Budget {r.GetString(0)} has an unknown period.");
            found.Add(new Budget(
                new BudgetDefinition(
                    r.GetString(0), new BudgetScope(Text(1), Text(2), Text(3), Text(4), Text(5)), period, r.GetString(7), SqliteRows.Dollars(r.GetInt64(8)),
                    JsonSerializer.Deserialize(r.GetString(9), BudgetJsonContext.Default.IReadOnlyListDecimal) ?? []),
                SqliteRows.Dollars(r.GetInt64(10)),
                SqliteRows.Dollars(r.GetInt64(11)),
                SqliteRows.Time(r.GetInt64(12)),
                r.IsDBNull(13) ? null : SqliteRows.Time(r.GetInt64(13)),
                r.GetInt64(14) / AlertScale));
        }

        return found;
    }
}
