namespace OsMEN.Gateway.Alerts.Rules;

/// <summary>How much an alert matters; the order is the order of urgency.</summary>
internal enum AlertSeverity
{
    /// <summary>For working hours.</summary>
    Info,

    /// <summary>For today.</summary>
    Warning,

    /// <summary>For now: somebody is woken.</summary>
    Critical,
}

/// <summary>What a rule's numbers are, for people.</summary>
internal enum AlertUnit
{
    Number,

    /// <summary>A share: 0.05 reads 5%.</summary>
    Percent,
    Seconds,
    Bytes,
    Dollars,
}

/// <summary>What it means that a rule's metric has no series at all.</summary>
internal enum NoData
{
    /// <summary>Nothing: another rule tells when the source is gone.</summary>
    Ok,

    /// <summary>The alert fires, once for each value that the filter names.</summary>
    Firing,
}

/// <summary>A value past <paramref name="Threshold"/> is an alert of <paramref name="Severity"/>.</summary>
internal sealed record AlertLevel(AlertSeverity Severity, double Threshold);

/// <summary>
/// A share of bad events that would use up the error budget <paramref name="Factor"/> times too fast, over the long window, and still does
/// over the short one.
/// </summary>
internal sealed record BurnRate(double Factor, TimeSpan Long, TimeSpan Short, AlertSeverity Severity);

/// <summary>One rule of <c>monitoring/alerts.yaml</c>; that file describes every field.</summary>
internal sealed record AlertRule
{
    /// <summary>Unique among rules, and the name of its alerts.</summary>
    public required string Name { get; init; }

    /// <summary>One line, with <c>{label}</c>, <c>{value}</c> and <c>{threshold}</c> to be filled in.</summary>
    public required string Summary { get; init; }

    /// <summary>What is measured and what it means, filled in alike; also knows <c>{for}</c>, <c>{window}</c>, and a burn rate's <c>{objective}</c> and <c>{factor}</c>.</summary>
    public required string Description { get; init; }

    /// <summary>Where to read on: a file and its section.</summary>
    public required string Runbook { get; init; }

    public required AlertQuery Query { get; init; }

    public AlertUnit Unit { get; init; }

    public Comparison Comparison { get; init; }

    /// <summary>Most severe first, one of a severity; empty where there are <see cref="BurnRates"/>.</summary>
    public IReadOnlyList<AlertLevel> Levels { get; init; } = [];

    /// <summary>The share of good events that is promised: 0.999. Null without <see cref="BurnRates"/>.</summary>
    public double? Objective { get; init; }

    public IReadOnlyList<BurnRate> BurnRates { get; init; } = [];

    /// <summary>How long the condition must hold before the alert fires; 0 fires at once.</summary>
    public TimeSpan For { get; init; }

    public NoData NoData { get; init; }

    /// <summary>One that is off is not evaluated, and not written for Prometheus.</summary>
    public bool Enabled { get; init; } = true;
}
