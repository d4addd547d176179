using System.Text.Json;
using System.Text.Json.Serialization;
using OsMEN.Gateway.Alerts.Rules;
using OsMEN.Gateway.Alerts.State;

namespace OsMEN.Gateway.Alerts.Notices;

/// <summary>Why somebody is told.</summary>
internal enum NoticeReason
{
    /// <summary>A group is new, or has changed.</summary>
    Changed,

    /// <summary>Nothing changed for the repeat interval, and nobody acknowledged.</summary>
    Repeated,

    /// <summary>Nobody acknowledged for a step's time.</summary>
    Escalated,

    /// <summary>Somebody tries the channel.</summary>
    Test,
}

/// <summary>An alert in a notice, as it was then.</summary>
internal sealed record NoticeAlert(
    string Id, string Fingerprint, string Rule, AlertSeverity Severity, Dictionary<string, string> Labels, double Value, string Summary, string Description, string Runbook,
    DateTimeOffset FiredAt, DateTimeOffset? ResolvedAt, string? Resolution = null)
{
    public static NoticeAlert Of(Alert alert) => new(
        alert.Id, alert.Fingerprint, alert.Rule, alert.Severity, alert.Labels.Pairs.ToDictionary(StringComparer.Ordinal), alert.Value, alert.Summary, alert.Description, alert.Runbook,
        alert.FiredAt ?? alert.ActiveAt, alert.ResolvedAt, alert.Resolution);
}

/// <summary>What a channel is to tell.</summary>
/// <param name="Group">The same for all notices of one group of alerts, from its first to its end.</param>
/// <param name="Alerts">Those that fire, and those that no longer do since the last notice.</param>
/// <param name="ValidFor">A notice of the same alerts follows within this time, unless they end or somebody acknowledges.</param>
internal sealed record Notice(string Group, NoticeReason Reason, IReadOnlyList<NoticeAlert> Alerts, DateTimeOffset At, TimeSpan ValidFor)
{
    /// <summary>Whether any alert of it still fires.</summary>
    public bool Fires => Alerts.Any(a => a.ResolvedAt is null);

    /// <summary>An earlier attempt may have arrived: its sender died, or got no answer.</summary>
    [JsonIgnore]
    public bool MayRepeat { get; init; }

    public AlertSeverity Severity => Alerts.Max(a => a.Severity);

    public string ToJson() => JsonSerializer.Serialize(this, AlertJsonContext.Default.Notice);

    public static Notice FromJson(string json) => JsonSerializer.Deserialize(json, AlertJsonContext.Default.Notice)!;
}
