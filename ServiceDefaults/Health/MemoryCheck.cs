using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace OsMEN.ServiceDefaults.Health;

/// <summary>The process's memory against what its container or machine lets it have.</summary>
internal sealed class MemoryCheck : IHealthCheck
{
    private const double DegradedShare = 0.85;
    private const double UnhealthyShare = 0.95;

    public Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default)
    {
        var limit = MemoryLimit.Bytes();
        var used = Environment.WorkingSet;
        var share = limit > 0 ? (double)used / limit : 0;
        var status = share >= UnhealthyShare ? HealthStatus.Unhealthy : share >= DegradedShare ? HealthStatus.Degraded : HealthStatus.Healthy;
        var data = new Dictionary<string, object>(StringComparer.Ordinal)
        {
            ["working_set_bytes"] = used,
            ["heap_bytes"] = GC.GetTotalMemory(forceFullCollection: false),
            ["limit_bytes"] = limit,
            ["used_percent"] = Math.Round(share * 100, 1),
        };
        return Task.FromResult(new HealthCheckResult(status, status == HealthStatus.Healthy ? null : "The process nears its memory limit.", data: data));
    }
}
