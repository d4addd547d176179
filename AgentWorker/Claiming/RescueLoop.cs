using Microsoft.Extensions.Options;
using OsMEN.AgentWorker.Metrics;
using OsMEN.Executions;
using OsMEN.Executions.Workflows;

namespace OsMEN.AgentWorker.Claiming;

/// <summary>Returns what dead workers held to the queue, and wakes the workflows that they had not told of a step's end. Every worker runs it; together they still change each execution once.</summary>
internal sealed partial class RescueLoop(
    LeaseRescuer rescuer,
    IWorkflowStore workflows,
    ChildExecutions children,
    ExecutionMetrics metrics,
    ExecutionSchema schema,
    ExecutionSignals signals,
    IOptions<ExecutionOptions> options,
    TimeProvider time,
    ILogger<RescueLoop> logger)
    : StoreLoop(schema, options.Value.RescueInterval, "Expired leases could not be looked for", time, logger)
{
    private const int Batch = 200;

    protected override async Task RunOnceAsync(CancellationToken cancellationToken)
    {
        await RescueAsync(cancellationToken);
        if (await workflows.WakeForgottenAsync(cancellationToken) > 0)
            signals.Wake();
    }

    private async Task RescueAsync(CancellationToken stoppingToken)
    {
        IReadOnlyList<RescuedExecution> rescued;
        do
        {
            rescued = await rescuer.RescueAsync(Batch, stoppingToken);
            foreach (var (execution, end) in rescued)
            {
                signals.Changed(execution.Id);
                if (!end.Status.IsFinal())
                    continue;

                // It ended with its worker: nobody waits for its children any more.
                metrics.EndedWithWorker(execution, end);
                await children.CancelAsync(execution.Id, stoppingToken);
            }

            if (rescued.Count == 0)
                return;
            LogRescued(Logger, rescued.Count);
            signals.Wake();
        }
        while (rescued.Count == Batch);
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Count} executions were taken from workers that went away")]
    private static partial void LogRescued(ILogger logger, int count);
}
