using OsMEN.Gateway.Alerts.State;

namespace OsMEN.Gateway.Alerts.Notices;

/// <summary>Of which alerts nobody is told now, and why.</summary>
internal sealed class AlertMutes(IReadOnlyList<Silence> silences, IReadOnlyDictionary<string, string> inhibited, DateTimeOffset now)
{
    /// <summary>Mutes nothing.</summary>
    public static readonly AlertMutes None = new([], new Dictionary<string, string>(StringComparer.Ordinal), default);

    /// <param name="active">All that are pending or fire: those that fire may inhibit others.</param>
    public static AlertMutes Of(IReadOnlyList<Alert> active, IReadOnlyList<Silence> silences, IReadOnlyList<Inhibition> inhibitions, DateTimeOffset now) =>
        new(silences, Inhibition.Find(inhibitions, [.. active.Where(a => a.State == AlertState.Firing)]), now);

    /// <summary>The id of a silence that covers it; null where none does.</summary>
    public string? SilencedBy(Alert alert) => silences.FirstOrDefault(s => s.Covers(alert.Labels, now))?.Id;

    /// <summary>The id of an alert that inhibits it; null where none does.</summary>
    public string? InhibitedBy(Alert alert) => inhibited.GetValueOrDefault(alert.Fingerprint);

    public bool Cover(Alert alert) => inhibited.ContainsKey(alert.Fingerprint) || SilencedBy(alert) is not null;
}
