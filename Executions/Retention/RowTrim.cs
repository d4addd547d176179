using System.Data.Common;

namespace OsMEN.Executions.Retention;

/// <summary>
/// Removes old rows of a small table, whose times are Unix milliseconds; its SQL is the same on both stores. Several processes
/// may do it at once.
/// </summary>
/// <param name="What">The name in metrics.</param>
/// <param name="Table">The table.</param>
/// <param name="Key">Its key.</param>
/// <param name="Time">The column that its age is told by.</param>
/// <param name="Where">The rows that may go.</param>
/// <param name="Age">Rows go that are older.</param>
/// <param name="Count">Most rows that may go which stay; null for any number.</param>
internal sealed record RowTrim(string What, string Table, string Key, string Time, string Where, TimeSpan Age, int? Count = null)
{
    public static IReadOnlyList<RowTrim> All(RetentionOptions options) =>
    [
        new("alerts", "alerts", "id", "resolved_at", "state = 'resolved'", options.AlertsAge, options.AlertsCount),
        new("notices", "alert_notices", "id", "created_at", "state <> 'waiting'", options.NoticesAge, options.NoticesCount),
        new("silences", "alert_silences", "id", "ends_at", "1 = 1", options.SilencesAge),
        new("health", "health_changes", "id", "changed_at", "1 = 1", options.HealthAge, options.HealthCount),
        new("sessions", "dashboard_sessions", "hash", "expires_at", "1 = 1", TimeSpan.Zero),
    ];

    /// <summary>Removes up to so many rows, the oldest first, and answers how many.</summary>
    public async Task<int> RemoveAsync(DbDataSource database, DateTimeOffset now, int max, CancellationToken cancellationToken)
    {
        var oldest = (now - Age).ToUnixTimeMilliseconds();
        if (Count is { } count)
        {
            // What is as old as the last that may stay stays too: rows of one moment are not told apart.
            if (await database.QueryAsync<long>($"SELECT {Time} FROM {Table} WHERE {Where} ORDER BY {Time} DESC LIMIT 1 OFFSET @offset", new { offset = count - 1 }, cancellationToken) is [var time])
                oldest = Math.Max(oldest, time);
        }

        return await database.ExecuteAsync(
            $"DELETE FROM {Table} WHERE {Key} IN (SELECT {Key} FROM {Table} WHERE {Where} AND {Time} < @oldest ORDER BY {Time} LIMIT @max)", new { oldest, max }, cancellationToken);
    }
}
