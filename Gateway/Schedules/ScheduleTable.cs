using System.Data.Common;
using System.Globalization;

namespace OsMEN.Gateway.Schedules;

/// <summary>When a schedule is next due, and what it started last.</summary>
internal sealed record StoredSchedule(string Id, string Rule, DateTimeOffset NextAt, Guid? LastExecution);

/// <summary>The table <c>schedules</c>. Its SQL is the same on both stores.</summary>
internal sealed class ScheduleTable(DbDataSource database)
{
    public async Task<IReadOnlyList<StoredSchedule>> ListAsync(CancellationToken cancellationToken)
    {
        await using var command = database.CreateCommand("SELECT id, rule, next_at, last_execution FROM schedules");
        var found = new List<StoredSchedule>();
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken))
        {
            found.Add(new StoredSchedule(
                reader.GetString(0), reader.GetString(1), DateTimeOffset.FromUnixTimeMilliseconds(reader.GetInt64(2)),
                reader.IsDBNull(3) ? null : Guid.Parse(reader.GetString(3), CultureInfo.InvariantCulture)));
        }

        return found;
    }

    /// <summary>Writes the next time of a schedule. Of several that come from <paramref name="from"/> one succeeds.</summary>
    /// <param name="from">What was read; null for a new schedule.</param>
    public async Task WriteAsync(StoredSchedule schedule, StoredSchedule? from, CancellationToken cancellationToken)
    {
        await using var command = database.CreateCommand(
            """
            INSERT INTO schedules (id, rule, next_at, last_execution) VALUES (@id, @rule, @next, @last)
            ON CONFLICT (id) DO UPDATE SET rule = excluded.rule, next_at = excluded.next_at, last_execution = excluded.last_execution
            WHERE schedules.next_at = @from_next AND schedules.rule = @from_rule
            """);
        foreach (var (name, value) in ((string, object)[])[
            ("@id", schedule.Id), ("@rule", schedule.Rule), ("@next", schedule.NextAt.ToUnixTimeMilliseconds()),
            ("@last", (object?)schedule.LastExecution?.ToString() ?? DBNull.Value), ("@from_next", from?.NextAt.ToUnixTimeMilliseconds() ?? -1), ("@from_rule", from?.Rule ?? "")])
        {
            var parameter = command.CreateParameter();
            (parameter.ParameterName, parameter.Value) = (name, value);
            if (value is DBNull)
                parameter.DbType = System.Data.DbType.String;
            command.Parameters.Add(parameter);
        }

        await command.ExecuteNonQueryAsync(cancellationToken);
    }
}
