using Microsoft.Extensions.Configuration;
using OsMEN.ServiceDefaults.Configuration;

namespace OsMEN.ServiceDefaults.Health;

/// <summary>How health is told.</summary>
/// <param name="Enabled"><c>ENABLE_HEALTH_CHECK</c>: without it nothing is checked, and only liveness and readiness answer; true.</param>
/// <param name="Path"><c>HEALTH_CHECK_PATH</c>: where the overall report is; <c>/health</c>.</param>
/// <param name="DrainDelay"><c>SHUTDOWN_DRAIN_DELAY</c>: how long a stopping service still serves after readiness turned false, so that load balancers see it; 0.</param>
internal sealed record HealthOptions(bool Enabled, string Path, TimeSpan DrainDelay)
{
    public static HealthOptions Read(IConfiguration configuration)
    {
        var path = configuration.ReadText("HEALTH_CHECK_PATH") ?? "/health";
        if (path.Length > 200 || path[0] != '/' || path == "/" || path.AsSpan().IndexOfAnyExceptInRange('!', '~') >= 0 || path.AsSpan().ContainsAny("{}?#*"))
            throw new ConfigurationException("HEALTH_CHECK_PATH", path, "a path such as /health");
        return new(
            configuration.ReadBoolean("ENABLE_HEALTH_CHECK", true),
            path.TrimEnd('/'),
            configuration.ReadDuration("SHUTDOWN_DRAIN_DELAY", TimeSpan.Zero, TimeSpan.Zero, TimeSpan.FromMinutes(5)));
    }
}
