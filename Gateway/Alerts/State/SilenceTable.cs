using System.Data.Common;
using System.Text.Json;
using OsMEN.Executions;

namespace OsMEN.Gateway.Alerts.State;

/// <summary>Silences in the table <c>alert_silences</c>; those that ended stay for a while (<see cref="OsMEN.Executions.Retention.RetentionOptions.SilencesAge"/>).</summary>
internal sealed class SilenceTable(DbDataSource database)
{
    /// <summary>More silences that have not ended are refused.</summary>
    public const int MaxSilences = 1000;

    /// <summary>Those that ended after then, latest end first.</summary>
    public Task<List<Silence>> ReadAsync(DateTimeOffset endsAfter, CancellationToken cancellationToken) => database.QueryAsync(
        "SELECT id, matchers, starts_at, ends_at, comment, created_by, created_at, recurring FROM alert_silences WHERE ends_at > @after ORDER BY ends_at DESC, id LIMIT 5000",
        [("@after", endsAfter)], Read, cancellationToken);

    public Task AddAsync(Silence silence, CancellationToken cancellationToken) =>
        database.ExecuteAsync(
            "INSERT INTO alert_silences (id, matchers, starts_at, ends_at, comment, created_by, created_at, recurring) VALUES (@id, @matchers, @starts, @ends, @comment, @by, @at, @recurring)",
            [
                ("@id", silence.Id), ("@matchers", Silence.WriteMatchers(silence.Matchers)), ("@starts", silence.StartsAt), ("@ends", silence.EndsAt),
                ("@comment", silence.Comment), ("@by", silence.CreatedBy), ("@at", silence.CreatedAt), ("@recurring", silence.Recurring?.ToJson()),
            ], cancellationToken);

    /// <summary>Ends a silence now; one that has not begun never does. False where there is none, or it ended before.</summary>
    public async Task<bool> EndAsync(string id, DateTimeOffset now, CancellationToken cancellationToken) =>
        await database.ExecuteAsync(
            "UPDATE alert_silences SET ends_at = @now, starts_at = CASE WHEN starts_at < @now THEN starts_at ELSE @now END WHERE id = @id AND ends_at > @now",
            [("@id", id), ("@now", now)], cancellationToken) == 1;

    private static Silence Read(DbDataReader reader)
    {
        using var matchers = JsonDocument.Parse(reader.GetString(1));
        return new(
            reader.GetString(0), Silence.ReadMatchers(matchers.RootElement, "matchers", []), reader.Time(2), reader.Time(3), reader.GetString(4), reader.GetString(5), reader.Time(6),
            reader.TextOrNull(7) is { } recurring ? Recurrence.FromJson(recurring) : null);
    }
}
