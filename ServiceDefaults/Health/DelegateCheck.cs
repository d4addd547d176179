using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace OsMEN.ServiceDefaults.Health;

/// <summary>A check that is one function.</summary>
internal sealed class DelegateCheck(IServiceProvider services, Func<IServiceProvider, CancellationToken, Task<HealthCheckResult>> check) : IHealthCheck
{
    public Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default) => check(services, cancellationToken);
}
