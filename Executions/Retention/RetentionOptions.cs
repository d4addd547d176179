using System.ComponentModel.DataAnnotations;

namespace OsMEN.Executions.Retention;

/// <summary>
/// How long data is kept, and how much of it; the oldest goes first. Configuration section <c>Retention</c>, such as
/// <c>Retention__EventsAge=7.00:00:00</c>. Sizes are in bytes, and measured to within a few percent.
/// </summary>
public sealed class RetentionOptions
{
    public const string Section = "Retention";

    private const long GiB = 1L << 30;

    /// <summary>Whether this process removes anything. Default true.</summary>
    public bool Enabled { get; set; } = true;

    /// <summary>How often one of the processes removes what is due. Default 10 min.</summary>
    [Range(typeof(TimeSpan), "00:00:01", "1.00:00:00")]
    public TimeSpan Interval { get; set; } = TimeSpan.FromMinutes(10);

    /// <summary>Most rows that one statement looks at. Default 200: bench retention.</summary>
    [Range(10, 10_000)]
    public int Batch { get; set; } = 200;

    /// <summary>How long an execution is kept once it has ended, with its events and journal. Default 90 days, which is what the views cover.</summary>
    [Range(typeof(TimeSpan), "1.00:00:00", "3650.00:00:00")]
    public TimeSpan ExecutionsAge { get; set; } = TimeSpan.FromDays(90);

    /// <summary>Most bytes of executions with inputs and outputs, without their events; those that ended within a day stay. Default 100 GiB.</summary>
    [Range(1L << 20, 1L << 50)]
    public long ExecutionsBytes { get; set; } = 100 * GiB;

    /// <summary>How long the events of an execution are kept once it has ended. Default 30 days.</summary>
    [Range(typeof(TimeSpan), "01:00:00", "3650.00:00:00")]
    public TimeSpan EventsAge { get; set; } = TimeSpan.FromDays(30);

    /// <summary>Most bytes of events; those of executions that ended within an hour stay. Default 50 GiB.</summary>
    [Range(1L << 20, 1L << 50)]
    public long EventsBytes { get; set; } = 50 * GiB;

    /// <summary>How long each model call is kept, and with it what usage reports. Default 400 days.</summary>
    [Range(typeof(TimeSpan), "32.00:00:00", "3660.00:00:00")]
    public TimeSpan CallsAge { get; set; } = TimeSpan.FromDays(400);

    /// <summary>Most bytes of model calls; this month's stay. Default 100 GiB.</summary>
    [Range(1L << 20, 1L << 50)]
    public long CallsBytes { get; set; } = 100 * GiB;

    /// <summary>How long what an ended execution's tools answered is kept, for a retry by hand. Default 30 days.</summary>
    [Range(typeof(TimeSpan), "00:01:00", "3650.00:00:00")]
    public TimeSpan JournalAge { get; set; } = TimeSpan.FromDays(30);

    /// <summary>How long a resolved alert stays in the history. Default 90 days.</summary>
    [Range(typeof(TimeSpan), "00:01:00", "3650.00:00:00")]
    public TimeSpan AlertsAge { get; set; } = TimeSpan.FromDays(90);

    /// <summary>Most resolved alerts. Default 100,000.</summary>
    [Range(100, 100_000_000)]
    public int AlertsCount { get; set; } = 100_000;

    /// <summary>How long notices are kept that were delivered or given up. Default 7 days.</summary>
    [Range(typeof(TimeSpan), "00:01:00", "3650.00:00:00")]
    public TimeSpan NoticesAge { get; set; } = TimeSpan.FromDays(7);

    /// <summary>Most notices that were delivered or given up. Default 100,000.</summary>
    [Range(100, 100_000_000)]
    public int NoticesCount { get; set; } = 100_000;

    /// <summary>How long silences are kept that have ended. Default 30 days.</summary>
    [Range(typeof(TimeSpan), "00:01:00", "3650.00:00:00")]
    public TimeSpan SilencesAge { get; set; } = TimeSpan.FromDays(30);

    /// <summary>How long changes of health are kept. Default 30 days.</summary>
    [Range(typeof(TimeSpan), "00:01:00", "3650.00:00:00")]
    public TimeSpan HealthAge { get; set; } = TimeSpan.FromDays(30);

    /// <summary>Most changes of health. Default 100,000.</summary>
    [Range(100, 100_000_000)]
    public int HealthCount { get; set; } = 100_000;

    /// <summary>How long entries of the audit log are kept. Default 400 days.</summary>
    [Range(typeof(TimeSpan), "1.00:00:00", "3660.00:00:00")]
    public TimeSpan AuditAge { get; set; } = TimeSpan.FromDays(400);
}
