using OsMEN.Gateway.Alerts.Measuring;
using OsMEN.Gateway.Alerts.Rules;

namespace OsMEN.Gateway.Alerts.Notices;

/// <summary>Who is told besides when nobody has acknowledged for a while.</summary>
internal sealed record EscalationStep(TimeSpan After, IReadOnlyList<string> Channels);

/// <summary>Which alerts go where. Of the file's routes the first that matches, and those after it as long as they say <c>continue</c>.</summary>
internal sealed record NoticeRoute
{
    /// <summary>Its own, else its place in the file: what has been told is remembered by it.</summary>
    public required string Name { get; init; }

    /// <summary>All must match; none matches every alert.</summary>
    public IReadOnlyList<LabelFilter> Matchers { get; init; } = [];

    public required IReadOnlyList<string> Channels { get; init; }

    /// <summary>Alerts that share these labels share a notice.</summary>
    public IReadOnlyList<string> GroupBy { get; init; } = ["alertname"];

    /// <summary>The wait before a group's first notice, for others to join it.</summary>
    public TimeSpan GroupWait { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>The least time between notices of a group that changed.</summary>
    public TimeSpan GroupInterval { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>The time after which a group that did not change and nobody acknowledged is told again.</summary>
    public TimeSpan RepeatInterval { get; init; } = TimeSpan.FromHours(4);

    /// <summary>Whether the end is told too.</summary>
    public bool Resolved { get; init; } = true;

    public bool Continue { get; init; }

    public IReadOnlyList<EscalationStep> Escalation { get; init; } = [];

    public bool Matches(LabelSet labels) => Matchers.All(m => m.Matches(labels[m.Label]));
}
