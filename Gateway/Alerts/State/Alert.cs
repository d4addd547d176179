using OsMEN.Gateway.Alerts.Measuring;
using OsMEN.Gateway.Alerts.Rules;

namespace OsMEN.Gateway.Alerts.State;

/// <summary>Where an alert is in its life.</summary>
internal enum AlertState
{
    /// <summary>Its condition holds, not yet for as long as the rule asks.</summary>
    Pending,
    Firing,

    /// <summary>It fired, and its condition holds no more.</summary>
    Resolved,
}

/// <summary>One alert: a rule's condition that holds for one combination of labels.</summary>
internal sealed record Alert
{
    public required string Id { get; init; }

    public required string Rule { get; init; }

    /// <summary>The same for the same labels: what makes two alerts one.</summary>
    public required string Fingerprint { get; init; }

    /// <summary>With <c>alertname</c> and <c>severity</c>.</summary>
    public required LabelSet Labels { get; init; }

    public required AlertSeverity Severity { get; init; }

    public required AlertState State { get; init; }

    /// <summary>What was measured last.</summary>
    public required double Value { get; init; }

    public required string Summary { get; init; }

    public required string Description { get; init; }

    public required string Runbook { get; init; }

    /// <summary>Since when its condition holds.</summary>
    public required DateTimeOffset ActiveAt { get; init; }

    public DateTimeOffset? FiredAt { get; init; }

    public DateTimeOffset? ResolvedAt { get; init; }

    /// <summary>One of <see cref="AlertResolution"/>; null while it is not resolved.</summary>
    public string? Resolution { get; init; }

    public DateTimeOffset? AcknowledgedAt { get; init; }

    public string? AcknowledgedBy { get; init; }

    /// <summary>What who acknowledged it said.</summary>
    public string? Note { get; init; }
}
