using System.Security.Claims;
using OsMEN.Executions.Catalog;
using OsMEN.Gateway.Alerts.Notices;
using OsMEN.Gateway.Alerts.Rules;
using OsMEN.Gateway.Alerts.State;
using OsMEN.Gateway.Audit;
using OsMEN.Gateway.Executions;
using OsMEN.Gateway.Problems;
using OsMEN.Gateway.Queries;
using OsMEN.Gateway.Security;

namespace OsMEN.Gateway.Alerts;

/// <summary>What fires, what fired, and who knows of it.</summary>
internal static class AlertsApi
{
    private const int MaxHistory = 10_000;
    private const int MaxHours = 24 * 366;
    private const string Hours = "How far back";

    private static readonly QueryParameter<AlertSeverity?> Severity =
        QueryParameter.OneOf("severity", "Alerts of this severity", Enum.GetValues<AlertSeverity>(), s => JsonFields.WireName(s));
    private static readonly QueryParameter<string?> State =
        QueryParameter.OneOf("state", "Alerts in this state; resolved for those of the last 24 h that ended", AlertView.States);
    private static readonly QueryParameter<int?> HistoryHours = QueryParameter.Number("hours", Hours, 24, MaxHours);
    private static readonly QueryParameter<int?> HistoryLimit = QueryParameter.Limit(MaxHistory, MaxHistory);
    private static readonly QueryParameter<int?> StatisticsHours = QueryParameter.Number("hours", Hours, 24 * 7, MaxHours);

    public static void MapAlertsApi(this IEndpointRouteBuilder app)
    {
        var api = app.MapGroup("/alerts").RequireAuthorization(Policies.Read).WithTags("Alerts");
        api.MapGet("", ListAsync).WithName("ListAlerts").WithSummary("Alerts that are pending or fire, or those that ended")
            .Takes(Severity, State).Produces<Page<AlertView>>().ProducesProblems(503);
        api.MapPost("/{id}/acknowledge", AcknowledgeAsync).Audited("alert.acknowledged").RequireAuthorization(Policies.Operate).WithName("AcknowledgeAlert")
            .WithSummary("Says that somebody knows: no repeated and no escalated notices").Accepts<AcknowledgeRequest>(isOptional: true, "application/json").Produces<AlertView>()
            .ProducesValidationProblem().ProducesProblems(404, 409, 413, 415, 503);
        api.MapGet("/history", HistoryAsync).WithName("ReadAlertHistory").WithSummary("Alerts that fired, newest first")
            .Takes(HistoryHours, HistoryLimit).Produces<Page<AlertView>>().ProducesProblems(503);
        api.MapGet("/statistics", StatisticsAsync).WithName("ReadAlertStatistics").WithSummary("Counts, times to acknowledge and resolve, noisiest rules")
            .Takes(StatisticsHours).Produces<AlertStatistics>().ProducesProblems(503);
        api.MapRulesApi();
        api.MapSilencesApi();
        api.MapChannelsApi();
    }

    /// <summary>Who asks, for what is written down of changes.</summary>
    public static string Caller(this ClaimsPrincipal user) => user.Identity?.Name ?? "";

    private static async Task<IResult> ListAsync(HttpContext context, AlertTable alerts, MuteReader reader, TimeProvider time, CancellationToken cancellationToken)
    {
        var (severity, state) = (Severity.Of(context), State.Of(context));
        var (active, mutes) = await reader.ReadActiveAsync(cancellationToken);
        var found = state == "resolved" ? await alerts.ReadHistoryAsync(time.GetUtcNow() - TimeSpan.FromHours(24), MaxHistory, cancellationToken) : active;
        var views = found.Where(a => severity is null || a.Severity == severity).OrderByDescending(a => a.Severity).Select(a => AlertView.Of(a, mutes));
        return TypedResults.Ok(new Page<AlertView>([.. views.Where(a => state is null || a.State == state)], null));
    }

    private static async Task<IResult> AcknowledgeAsync(
        string id, HttpContext context, RequestBody requestBody, AlertTable alerts, MuteReader reader, TimeProvider time, CancellationToken cancellationToken)
    {
        string? note = null;
        if (context.Request.ContentLength is not (null or 0) || context.Request.Headers.TransferEncoding.Count > 0)
        {
            var (document, problem) = await requestBody.ReadJsonAsync(context.Request, cancellationToken);
            if (document is null) return problem!;
            using var body = document;
            List<FieldError> errors = [];
            var fields = new JsonFields(body.RootElement, "", errors);
            note = fields.Text("note");
            fields.RefuseOthers();
            if (note?.Length > 1000) errors.Add(new("note", "must be at most 1000 characters"));
            if (errors.Count > 0) return ProblemResponse.Invalid(errors.Select(e => (e.Field, e.Message)));
        }
        var now = time.GetUtcNow();
        var done = await alerts.AcknowledgeAsync(id, context.User.Caller(), note, now, cancellationToken);
        if (done) context.Audit("alert.acknowledged", id, null, new() { ["note"] = note });
        if (await alerts.FindAsync(id, cancellationToken) is not { } alert) return ProblemResponse.NotFound("There is no such alert.");
        return done
            ? TypedResults.Ok(AlertView.Of(alert, (await reader.ReadActiveAsync(cancellationToken)).Mutes))
            : ProblemResponse.Create(StatusCodes.Status409Conflict, $"The alert does not fire: it is {JsonFields.WireName(alert.State)}.");
    }

    private static async Task<IResult> HistoryAsync(HttpContext context, AlertTable alerts, TimeProvider time, CancellationToken cancellationToken)
    {
        var hours = HistoryHours.Of(context)!.Value;
        var found = await alerts.ReadHistoryAsync(time.GetUtcNow() - TimeSpan.FromHours(hours), HistoryLimit.Of(context)!.Value, cancellationToken);
        return TypedResults.Ok(new Page<AlertView>([.. found.Select(a => AlertView.Of(a, AlertMutes.None))], null));
    }

    private static async Task<IResult> StatisticsAsync(HttpContext context, AlertTable alerts, TimeProvider time, CancellationToken cancellationToken)
    {
        var (span, now) = (StatisticsHours.Of(context)!.Value, time.GetUtcNow());
        return TypedResults.Ok(StatisticsReader.Of(await alerts.ReadHistoryAsync(now - TimeSpan.FromHours(span), 100_000, cancellationToken), span, now));
    }
}
