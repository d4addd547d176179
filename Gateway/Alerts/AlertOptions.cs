using System.ComponentModel.DataAnnotations;

namespace OsMEN.Gateway.Alerts;

/// <summary>How the alert engine works; configuration <c>Alerts</c>, such as <c>Alerts__Interval=30s</c> as <c>00:00:30</c>.</summary>
internal sealed record AlertOptions
{
    public const string Section = "Alerts";

    /// <summary>Whether this gateway takes part; true. Alerts can be read and acknowledged either way.</summary>
    public bool Enabled { get; init; } = true;

    /// <summary>How often metrics are read and rules evaluated; 15 s.</summary>
    [Range(typeof(TimeSpan), "00:00:00.05", "00:05:00")]
    public TimeSpan Interval { get; init; } = TimeSpan.FromSeconds(15);

    /// <summary>How long an instance, or Prometheus, has for its answer; 5 s.</summary>
    [Range(typeof(TimeSpan), "00:00:00.1", "00:01:00")]
    public TimeSpan ScrapeTimeout { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>How often the leading gateway renews its lease; another takes over after three times as long; 2 s.</summary>
    [Range(typeof(TimeSpan), "00:00:00.05", "00:01:00")]
    public TimeSpan LeaderRenewal { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>How often notices that are due are looked for; 1 s.</summary>
    [Range(typeof(TimeSpan), "00:00:00.02", "00:01:00")]
    public TimeSpan SendInterval { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>The wait after a notice's first failure, which doubles up to 5 minutes; 5 s.</summary>
    [Range(typeof(TimeSpan), "00:00:00.01", "00:05:00")]
    public TimeSpan RetryDelay { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>How long delivery of a notice is tried; 24 h.</summary>
    [Range(typeof(TimeSpan), "00:00:01", "30.00:00:00")]
    public TimeSpan RetryFor { get; init; } = TimeSpan.FromHours(24);
}
