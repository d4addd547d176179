using System.Text.Json.Nodes;
using OsMEN.Executions.Catalog;
using OsMEN.Gateway.Alerts.Measuring;
using OsMEN.Gateway.Alerts.Notices;
using OsMEN.Gateway.Alerts.State;
using OsMEN.Gateway.Executions;

namespace OsMEN.Gateway.Alerts;

/// <summary>An alert as the API shows it.</summary>
/// <param name="State">
/// pending, firing, acknowledged (firing, and somebody knows), silenced (firing, and nobody is told), inhibited (firing, and nobody is told
/// because another alert fires that it follows from) or resolved.
/// </param>
/// <param name="Resolution">ended, or rule_off or rule_removed where nobody measures it any more; null until it is resolved.</param>
internal sealed record AlertView(
    string Id, string Rule, string State, string Severity, IReadOnlyDictionary<string, string> Labels, double Value, string Summary, string Description, string Runbook,
    DateTimeOffset ActiveAt, DateTimeOffset? FiredAt, DateTimeOffset? ResolvedAt, string? Resolution, DateTimeOffset? AcknowledgedAt, string? AcknowledgedBy, string? Note, string? SilencedBy, string? InhibitedBy)
{
    public static readonly string[] States = ["pending", "firing", "acknowledged", "silenced", "inhibited", "resolved"];

    public static AlertView Of(Alert alert, AlertMutes mutes)
    {
        var (silence, inhibitor) = alert.State == AlertState.Resolved ? (null, null) : (mutes.SilencedBy(alert), mutes.InhibitedBy(alert));
        var state = alert.State switch
        {
            AlertState.Firing when silence is not null => "silenced",
            AlertState.Firing when inhibitor is not null => "inhibited",
            AlertState.Firing when alert.AcknowledgedAt is not null => "acknowledged",
            _ => JsonFields.WireName(alert.State),
        };
        return new(
            alert.Id, alert.Rule, state, JsonFields.WireName(alert.Severity), alert.Labels.Pairs.ToDictionary(StringComparer.Ordinal), alert.Value, alert.Summary,
            alert.Description, alert.Runbook, alert.ActiveAt, alert.FiredAt, alert.ResolvedAt, alert.Resolution, alert.AcknowledgedAt, alert.AcknowledgedBy, alert.Note, silence, inhibitor);
    }
}

/// <summary>A silence as the API shows it.</summary>
/// <param name="State">pending (or between two windows of one that recurs), active or expired.</param>
/// <param name="EndsAt">Null where it recurs until somebody ends it.</param>
/// <param name="Window">The time in which it holds now, or will next; null where it is over.</param>
internal sealed record SilenceView(
    string Id, string State, RawJson Matchers, DateTimeOffset StartsAt, DateTimeOffset? EndsAt, RecurrenceView? Recurring, TimeWindow? Window, string Comment, string CreatedBy, DateTimeOffset CreatedAt)
{
    public static SilenceView Of(Silence silence, DateTimeOffset now)
    {
        var window = silence.WindowAt(now);
        return new(
            silence.Id, window is null ? "expired" : now < window.StartsAt ? "pending" : "active", new RawJson(Silence.WriteMatchers(silence.Matchers)),
            silence.StartsAt, silence.EndsAt == Silence.Endless ? null : silence.EndsAt, silence.Recurring is { } r ? new(r.Cron, DurationText.Format(r.Duration), r.TimeZone) : null, window,
            silence.Comment, silence.CreatedBy, silence.CreatedAt);
    }
}

/// <summary>When the windows of a silence come: from each moment of the cron expression in the time zone, for the duration.</summary>
internal sealed record RecurrenceView(string Cron, string Duration, string? TimeZone = null);

/// <summary>A rule as the API shows it.</summary>
/// <param name="Source">file or api.</param>
/// <param name="ChangedBy">Who put it, or switched the file's on or off; null where nobody did.</param>
/// <param name="Enabled">Whether it is evaluated.</param>
/// <param name="Definition">What PUT takes.</param>
/// <param name="Expressions">Its conditions in PromQL.</param>
internal sealed record RuleView(string Name, string Source, string? ChangedBy, bool Enabled, RawJson Definition, IReadOnlyList<string> Expressions)
{
    public static RuleView Of(RuleEntry entry) => new(
        entry.Rule.Name, entry.IsOfFile ? "file" : "api", entry.ChangedBy, entry.Rule.Enabled, new RawJson(JsonNode.Parse(entry.Definition)!.ToJsonString()),
        [.. AlertCase.Of(entry.Rule).Select(c => c.Expression)]);
}

/// <summary>What alerts were like over a time.</summary>
/// <param name="MeanTimeToAcknowledgeSeconds">From firing to acknowledgement, of those that were acknowledged; null where none was.</param>
/// <param name="MeanTimeToResolveSeconds">From firing to resolution, of those that were resolved; null where none was.</param>
internal sealed record AlertStatistics(
    int Hours, int Fired, int Firing, int Acknowledged, int Resolved, IReadOnlyDictionary<string, int> BySeverity,
    double? MeanTimeToAcknowledgeSeconds, double? MeanTimeToResolveSeconds, IReadOnlyList<RuleStatistics> NoisiestRules);

/// <param name="FiringSeconds">Of all its alerts together, within the time.</param>
internal sealed record RuleStatistics(string Rule, int Fired, double FiringSeconds, double? MeanTimeToResolveSeconds);

/// <summary>The body that makes a silence. One window needs <c>ends_at</c> or <c>duration</c>; one that recurs lasts until it is ended, unless <c>ends_at</c> says otherwise.</summary>
internal sealed record SilenceRequest(
    IReadOnlyDictionary<string, RawJson> Matchers, string Comment, DateTimeOffset? StartsAt = null, DateTimeOffset? EndsAt = null, string? Duration = null, RecurrenceView? Recurring = null);

/// <summary>The body that acknowledges an alert; may be left out.</summary>
internal sealed record AcknowledgeRequest(string? Note = null);
