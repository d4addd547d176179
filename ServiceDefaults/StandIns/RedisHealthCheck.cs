using Microsoft.Extensions.Diagnostics.HealthChecks;
using StackExchange.Redis;

namespace OsMEN.ServiceDefaults.StandIns;

/// <summary>Whether Redis answers a PING.</summary>
internal sealed class RedisHealthCheck(IConnectionMultiplexer redis) : IHealthCheck
{
    public async Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default)
    {
        // The client's own message counts internals; this says what matters.
        if (!redis.IsConnected) return HealthCheckResult.Unhealthy("Redis is not connected.");
        var latency = await redis.GetDatabase().PingAsync().WaitAsync(cancellationToken);
        return HealthCheckResult.Healthy("Connected to Redis.", new Dictionary<string, object>(StringComparer.Ordinal) { ["ping_ms"] = Math.Round(latency.TotalMilliseconds, 3) });
    }
}
