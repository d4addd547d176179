namespace OsMEN.Executions.Retention;

/// <summary>A kind of data and how much of it is kept.</summary>
/// <param name="What">Its name in metrics.</param>
/// <param name="Age">What is older goes.</param>
/// <param name="Bytes">Most bytes; null for any.</param>
/// <param name="Rows">Most rows; null for any.</param>
public sealed record RetentionLimit(string What, TimeSpan Age, long? Bytes = null, long? Rows = null)
{
    /// <summary>All that retention removes.</summary>
    public static IReadOnlyList<RetentionLimit> All(RetentionOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        return
        [
            new("executions", options.ExecutionsAge, options.ExecutionsBytes),
            new("events", options.EventsAge, options.EventsBytes),
            new("calls", options.CallsAge, options.CallsBytes),
            new("usage", options.CallsAge),
            new("journal", options.JournalAge),
            new("alerts", options.AlertsAge, Rows: options.AlertsCount),
            new("notices", options.NoticesAge, Rows: options.NoticesCount),
            new("silences", options.SilencesAge),
            new("health", options.HealthAge, Rows: options.HealthCount),
            new("sessions", TimeSpan.Zero),
            new("audit", options.AuditAge),
        ];
    }
}
