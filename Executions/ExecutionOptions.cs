using System.ComponentModel.DataAnnotations;

namespace OsMEN.Executions;

/// <summary>Timing and limits of the queue. Configuration section <c>Executions</c>; every default is fit for production.</summary>
public sealed class ExecutionOptions
{
    public const string Section = "Executions";

    /// <summary>How long a worker may be silent before its executions go to others. Default 15 s.</summary>
    [Range(typeof(TimeSpan), "00:00:01", "01:00:00")]
    public TimeSpan Lease { get; set; } = TimeSpan.FromSeconds(15);

    /// <summary>How often every worker looks for expired leases. Default 2 s.</summary>
    [Range(typeof(TimeSpan), "00:00:00.1", "00:10:00")]
    public TimeSpan RescueInterval { get; set; } = TimeSpan.FromSeconds(2);

    /// <summary>How often an idle worker looks for due executions when nothing wakes it. Default 500 ms.</summary>
    [Range(typeof(TimeSpan), "00:00:00.01", "00:01:00")]
    public TimeSpan PollInterval { get; set; } = TimeSpan.FromMilliseconds(500);

    /// <summary>Most executions that may wait, due or scheduled; more are refused. Default 1,000,000.</summary>
    [Range(1, 1_000_000_000)]
    public long MaxQueued { get; set; } = 1_000_000;

    /// <summary>Most events of one attempt; later logs and output deltas are dropped, with one warning that says so. Default 20,000.</summary>
    [Range(100, 10_000_000)]
    public int MaxEvents { get; set; } = 20_000;

    /// <summary>Delay before the second attempt; doubles with each one, with jitter. Default 1 s.</summary>
    [Range(typeof(TimeSpan), "00:00:00", "01:00:00")]
    public TimeSpan RetryDelay { get; set; } = TimeSpan.FromSeconds(1);

    /// <summary>The longest delay between attempts. Default 5 min.</summary>
    [Range(typeof(TimeSpan), "00:00:00", "1.00:00:00")]
    public TimeSpan MaxRetryDelay { get; set; } = TimeSpan.FromMinutes(5);

    /// <summary>
    /// Delay after failed attempt number <paramref name="attempt"/>: exponential, and between half and all of it at random, so
    /// that what failed together does not come back together.
    /// </summary>
    /// <param name="jitter">0 to 1.</param>
    public TimeSpan DelayAfter(int attempt, double jitter)
    {
        var full = Math.Min(RetryDelay.TotalMilliseconds * Math.Pow(2, Math.Clamp(attempt - 1, 0, 30)), MaxRetryDelay.TotalMilliseconds);
        return TimeSpan.FromMilliseconds(full * (0.5 + (jitter / 2)));
    }
}
