using System.Data.Common;
using OsMEN.Executions;

namespace OsMEN.Gateway.Schedules;

/// <summary>When a schedule is next due, and what it started last.</summary>
internal sealed record StoredSchedule(string Id, string Rule, DateTimeOffset NextAt, Guid? LastExecution);

/// <summary>The table <c>schedules</c>. Its SQL is the same on both stores.</summary>
internal sealed class ScheduleTable(DbDataSource database)
{
    public async Task<IReadOnlyList<StoredSchedule>> ListAsync(CancellationToken cancellationToken) =>
        await database.QueryAsync<StoredSchedule>("SELECT id, rule, next_at, last_execution FROM schedules", null, cancellationToken);

    /// <summary>Writes the next time of a schedule. Of several that come from <paramref name="from"/> one succeeds.</summary>
    /// <param name="from">What was read; null for a new schedule.</param>
    public Task WriteAsync(StoredSchedule schedule, StoredSchedule? from, CancellationToken cancellationToken) => database.ExecuteAsync(
        """
        INSERT INTO schedules (id, rule, next_at, last_execution) VALUES (@Id, @Rule, @NextAt, @LastExecution)
        ON CONFLICT (id) DO UPDATE SET rule = excluded.rule, next_at = excluded.next_at, last_execution = excluded.last_execution
        WHERE schedules.next_at = @fromNext AND schedules.rule = @fromRule
        """,
        new { schedule.Id, schedule.Rule, schedule.NextAt, schedule.LastExecution, fromNext = from?.NextAt.ToUnixTimeMilliseconds() ?? -1, fromRule = from?.Rule ?? "" },
        cancellationToken);
}
