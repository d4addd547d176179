using System.Globalization;
using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace OsMEN.Executions;

/// <summary>Whether work can be queued: the schema is in place and the queue answers. Shows how much waits.</summary>
internal sealed class TaskQueueCheck(IExecutionStore store, ExecutionSchema schema) : IHealthCheck
{
    public async Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default)
    {
        if (!schema.Ready.IsCompletedSuccessfully)
            await schema.Ready.WaitAsync(cancellationToken);
        var depth = await store.GetDepthAsync(cancellationToken);
        return HealthCheckResult.Healthy(
            string.Create(CultureInfo.InvariantCulture, $"{depth.Due} due, {depth.Running} running"),
            new Dictionary<string, object>(StringComparer.Ordinal)
            {
                ["due"] = depth.Due,
                ["scheduled"] = depth.Scheduled,
                ["running"] = depth.Running,
            });
    }
}
