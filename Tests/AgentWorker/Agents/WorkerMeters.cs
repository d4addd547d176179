using OsMEN.AgentWorker.Metrics;
using OsMEN.Executions.Metrics;
using OsMEN.ServiceDefaults.Metrics;
using OsMEN.Tests.Infrastructure;

namespace OsMEN.Tests.AgentWorker.Agents;

/// <summary>A worker's metrics for runners that are made by hand.</summary>
internal static class WorkerMeters
{
    public static ProcessMetrics Processes() => new(Metering.Factory(), () => []);

    public static ExecutionMetrics Executions()
    {
        var factory = Metering.Factory();
        return new(factory, new EndMetrics(factory), new ErrorMetrics(factory), TimeProvider.System);
    }
}
