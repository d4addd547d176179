using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace OsMEN.ServiceDefaults.Health;

/// <summary>A registered check and what is known about it. Its numbers are written by one run at a time.</summary>
internal sealed class HealthComponent(HealthCheckRegistration registration)
{
    private static readonly TimeSpan DefaultPeriod = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan DefaultTimeout = TimeSpan.FromSeconds(5);
    private static readonly string[] CriticalNames = ["database", "redis", "task_queue"];
    private static readonly string[] DependencyNames = ["database", "redis", "llm", "container_runtime"];

    private volatile ComponentResult? _latest;
    private double _seconds;

    public string Name { get; } = registration.Name;

    public HealthCheckRegistration Registration { get; } = registration;

    public bool IsCritical { get; } = registration.Tags.Contains(HealthTags.Critical) || CriticalNames.Contains(registration.Name);

    public bool IsDependency { get; } = registration.Tags.Contains(HealthTags.Dependency) || DependencyNames.Contains(registration.Name);

    public TimeSpan Period { get; } = registration.Period is { } period && period > TimeSpan.Zero ? period : DefaultPeriod;

    public TimeSpan Timeout { get; } = registration.Timeout > TimeSpan.Zero ? registration.Timeout : DefaultTimeout;

    /// <summary>Null until the first check has answered.</summary>
    public ComponentResult? Latest => _latest;

    public HealthStatus Status => _latest?.Status ?? HealthStatus.Unhealthy;

    public long Checks { get; private set; }

    public long Failures { get; private set; }

    public int ConsecutiveFailures { get; private set; }

    public TimeSpan AverageResponseTime => Checks == 0 ? TimeSpan.Zero : TimeSpan.FromSeconds(_seconds / Checks);

    /// <summary>The run under way; guarded by this object's lock.</summary>
    public Task<ComponentResult>? Running { get; set; }

    /// <summary>A check that passed its timeout and has not ended since.</summary>
    public Task? Stuck { get; set; }

    public void Record(ComponentResult result)
    {
        Checks++;
        _seconds += result.ResponseTime.TotalSeconds;
        if (result.Status == HealthStatus.Healthy)
        {
            ConsecutiveFailures = 0;
        }
        else
        {
            Failures++;
            ConsecutiveFailures++;
        }
        _latest = result;
    }
}
