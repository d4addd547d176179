using System.Data.Common;
using System.Text.Json;
using OsMEN.Executions;
using OsMEN.Gateway.Alerts.Rules;

namespace OsMEN.Gateway.Alerts.State;

/// <summary>Silences in the table <c>alert_silences</c>; those that ended stay for a while (<see cref="OsMEN.Executions.Retention.RetentionOptions.SilencesAge"/>).</summary>
internal sealed class SilenceTable(DbDataSource database)
{
    /// <summary>More silences that have not ended are refused.</summary>
    public const int MaxSilences = 1000;

    /// <summary>Those that ended after then, latest end first.</summary>
    public async Task<List<Silence>> ReadAsync(DateTimeOffset endsAfter, CancellationToken cancellationToken) =>
        (await database.QueryAsync<(string Id, string Matchers, DateTimeOffset StartsAt, DateTimeOffset EndsAt, string Comment, string CreatedBy, DateTimeOffset CreatedAt, string? Recurring)>(
            "SELECT id, matchers, starts_at, ends_at, comment, created_by, created_at, recurring FROM alert_silences WHERE ends_at > @endsAfter ORDER BY ends_at DESC, id LIMIT 5000",
            new { endsAfter }, cancellationToken))
        .ConvertAll(r => new Silence(r.Id, ReadMatchers(r.Matchers), r.StartsAt, r.EndsAt, r.Comment, r.CreatedBy, r.CreatedAt, r.Recurring is null ? null : Recurrence.FromJson(r.Recurring)));

    public Task AddAsync(Silence silence, CancellationToken cancellationToken) => database.ExecuteAsync(
        """
        INSERT INTO alert_silences (id, matchers, starts_at, ends_at, comment, created_by, created_at, recurring)
        VALUES (@Id, @matchers, @StartsAt, @EndsAt, @Comment, @CreatedBy, @CreatedAt, @recurring)
        """,
        new
        {
            silence.Id, matchers = Silence.WriteMatchers(silence.Matchers), silence.StartsAt, silence.EndsAt, silence.Comment, silence.CreatedBy, silence.CreatedAt,
            recurring = silence.Recurring?.ToJson(),
        },
        cancellationToken);

    /// <summary>Ends a silence now; one that has not begun never does. False where there is none, or it ended before.</summary>
    public async Task<bool> EndAsync(string id, DateTimeOffset now, CancellationToken cancellationToken) =>
        await database.ExecuteAsync(
            "UPDATE alert_silences SET ends_at = @now, starts_at = CASE WHEN starts_at < @now THEN starts_at ELSE @now END WHERE id = @id AND ends_at > @now",
            new { id, now }, cancellationToken) == 1;

    private static List<LabelFilter> ReadMatchers(string json)
    {
        using var matchers = JsonDocument.Parse(json);
        return Silence.ReadMatchers(matchers.RootElement, "matchers", []);
    }
}
