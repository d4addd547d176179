namespace OsMEN.ServiceDefaults.Health;

/// <summary>Tags of health checks that decide what a result means.</summary>
public static class HealthTags
{
    /// <summary>While it is unhealthy, the service is unhealthy and not ready. Other checks only degrade.</summary>
    public const string Critical = "critical";

    /// <summary>Something outside the service: answers under <c>/health/dependencies</c> too.</summary>
    public const string Dependency = "dependency";
}
