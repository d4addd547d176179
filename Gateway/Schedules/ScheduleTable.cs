using System.Data.Common;
using System.Globalization;
using OsMEN.Executions;

namespace OsMEN.Gateway.Schedules;

/// <summary>When a schedule is next due, and what it started last.</summary>
internal sealed record StoredSchedule(string Id, string Rule, DateTimeOffset NextAt, Guid? LastExecution);

/// <summary>The table <c>schedules</c>. Its SQL is the same on both stores.</summary>
internal sealed class ScheduleTable(DbDataSource database)
{
    public async Task<IReadOnlyList<StoredSchedule>> ListAsync(CancellationToken cancellationToken) => await database.QueryAsync(
        "SELECT id, rule, next_at, last_execution FROM schedules",
        [],
        reader => new StoredSchedule(
            reader.GetString(0), reader.GetString(1), reader.Time(2), reader.TextOrNull(3) is { } last ? Guid.Parse(last, CultureInfo.InvariantCulture) : null),
        cancellationToken);

    /// <summary>Writes the next time of a schedule. Of several that come from <paramref name="from"/> one succeeds.</summary>
    /// <param name="from">What was read; null for a new schedule.</param>
    public async Task WriteAsync(StoredSchedule schedule, StoredSchedule? from, CancellationToken cancellationToken)
    {
        await database.ExecuteAsync(
            """
            INSERT INTO schedules (id, rule, next_at, last_execution) VALUES (@id, @rule, @next, @last)
            ON CONFLICT (id) DO UPDATE SET rule = excluded.rule, next_at = excluded.next_at, last_execution = excluded.last_execution
            WHERE schedules.next_at = @from_next AND schedules.rule = @from_rule
            """,
            [
                ("@id", schedule.Id), ("@rule", schedule.Rule), ("@next", schedule.NextAt), ("@last", schedule.LastExecution),
                ("@from_next", from?.NextAt.ToUnixTimeMilliseconds() ?? -1), ("@from_rule", from?.Rule ?? ""),
            ],
            cancellationToken);
    }
}
