using System.Globalization;
using System.Text.Json;
using OsMEN.Executions.Catalog;
using OsMEN.Gateway.Alerts.State;
using OsMEN.Gateway.Audit;
using OsMEN.Gateway.Executions;
using OsMEN.Gateway.Problems;
using OsMEN.Gateway.Security;

namespace OsMEN.Gateway.Alerts;

/// <summary>Silences: of whom nobody is told for a while.</summary>
internal static class SilencesApi
{
    private static readonly TimeSpan Longest = TimeSpan.FromDays(366);

    public static void MapSilencesApi(this RouteGroupBuilder api)
    {
        api.MapGet("/silences", ListAsync).WithName("ListSilences").WithSummary("Silences, also those of the last 30 days that ended").Produces<Page<SilenceView>>().ProducesProblems(503);
        api.MapPost("/silences", CreateAsync).Audited("silence.created").RequireAuthorization(Policies.Operate).WithName("CreateSilence").WithSummary("For a while, or at times that come again, nobody is told of alerts that match")
            .Accepts<SilenceRequest>("application/json").Produces<SilenceView>(StatusCodes.Status201Created).ProducesValidationProblem().ProducesProblems(413, 415, 503);
        api.MapDelete("/silences/{id}", EndAsync).Audited("silence.ended").RequireAuthorization(Policies.Operate).WithName("EndSilence").WithSummary("Ends a silence now")
            .Produces(StatusCodes.Status204NoContent).ProducesProblems(404, 503);
    }

    private static async Task<IResult> ListAsync(SilenceTable silences, TimeProvider time, CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        return TypedResults.Ok(new Page<SilenceView>([.. (await silences.ReadAsync(now - TimeSpan.FromDays(30), cancellationToken)).Select(s => SilenceView.Of(s, now))], null));
    }

    private static async Task<IResult> CreateAsync(HttpContext context, RequestBody requestBody, SilenceTable silences, TimeProvider time, CancellationToken cancellationToken)
    {
        var (document, problem) = await requestBody.ReadJsonAsync(context.Request, cancellationToken);
        if (document is null) return problem!;
        using var body = document;
        List<FieldError> errors = [];
        var now = time.GetUtcNow();
        var fields = new JsonFields(body.RootElement, "", errors);
        var matchers = Silence.ReadMatchers(fields.Take("matchers"), "matchers", errors);
        var starts = Time(fields, "starts_at", errors) ?? now;
        var ends = Time(fields, "ends_at", errors);
        var duration = fields.Duration("duration");
        var recurs = fields.Take("recurring");
        var isRecurring = recurs.ValueKind is not (JsonValueKind.Undefined or JsonValueKind.Null);
        var recurring = Recurrence.Read(recurs, "recurring", now, errors);
        var comment = fields.Text("comment") ?? "";
        fields.RefuseOthers();
        if (isRecurring && duration is not null) errors.Add(new("duration", "stands in recurring, or ends_at says until when it recurs"));
        else if (!isRecurring && ends is null == duration is null) errors.Add(new("ends_at", "is needed, or else duration"));
        var end = ends ?? (isRecurring ? Silence.Endless : starts + (duration ?? TimeSpan.Zero));
        if (errors.Count == 0 && end <= starts) errors.Add(new(duration is null ? "ends_at" : "duration", "must be after the start"));
        if (errors.Count == 0 && end <= now) errors.Add(new("ends_at", "must not be over"));
        if (errors.Count == 0 && !isRecurring && end - now > Longest) errors.Add(new("ends_at", "must be within a year"));
        if (comment.Length is 0 or > 1000) errors.Add(new("comment", "is required: why, in 1 to 1000 characters"));
        if (errors.Count == 0 && (await silences.ReadAsync(now, cancellationToken)).Count >= SilenceTable.MaxSilences) errors.Add(new("", $"there are {SilenceTable.MaxSilences} silences already"));
        var silence = new Silence(Guid.CreateVersion7(now).ToString(), matchers, starts, end, comment, context.User.Caller(), now, recurring);
        if (errors.Count == 0 && silence.WindowAt(now) is null) errors.Add(new("recurring.cron", "has no window before ends_at"));
        if (errors.Count > 0) return ProblemResponse.Invalid(errors.Select(e => (e.Field, e.Message)));
        await silences.AddAsync(silence, cancellationToken);
        context.Audit(
            "silence.created", silence.Id, null,
            new()
            {
                ["matchers"] = Silence.WriteMatchers(silence.Matchers),
                ["starts_at"] = starts.ToString("u", CultureInfo.InvariantCulture),
                ["ends_at"] = end == Silence.Endless ? null : end.ToString("u", CultureInfo.InvariantCulture),
                ["recurring"] = recurring?.ToJson(), ["comment"] = comment,
            });
        return TypedResults.Created($"/alerts/silences/{silence.Id}", SilenceView.Of(silence, now));
    }

    private static async Task<IResult> EndAsync(string id, HttpContext context, SilenceTable silences, TimeProvider time, CancellationToken cancellationToken)
    {
        if (!await silences.EndAsync(id, time.GetUtcNow(), cancellationToken)) return ProblemResponse.NotFound("There is no such silence, or it has ended.");
        context.Audit("silence.ended", id);
        return TypedResults.NoContent();
    }

    private static DateTimeOffset? Time(JsonFields fields, string name, List<FieldError> errors)
    {
        if (fields.Text(name) is not { } text) return null;
        if (DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal, out var at)
            && at.Year is > 2000 and < 3000) return at;
        errors.Add(new(name, "must be a time such as 2026-01-31T22:00:00Z"));
        return null;
    }
}
