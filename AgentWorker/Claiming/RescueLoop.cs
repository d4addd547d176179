using System.Data.Common;
using Microsoft.Extensions.Options;
using OsMEN.Executions;
using OsMEN.Executions.Workflows;

namespace OsMEN.AgentWorker.Claiming;

/// <summary>Returns what dead workers held to the queue, and wakes the workflows that they had not told of a step's end. Every worker runs it; together they still change each execution once.</summary>
internal sealed partial class RescueLoop(
    LeaseRescuer rescuer, IExecutionStore store, IWorkflowStore workflows, ChildExecutions children, ExecutionSchema schema, ExecutionSignals signals, IOptions<ExecutionOptions> options, TimeProvider time, ILogger<RescueLoop> logger)
    : BackgroundService
{
    private const int Batch = 200;

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        await schema.Ready.WaitAsync(stoppingToken);
        using var timer = new PeriodicTimer(options.Value.RescueInterval, time);
        while (await timer.WaitForNextTickAsync(stoppingToken))
        {
            try
            {
                await RescueAsync(stoppingToken);
                if (await workflows.WakeForgottenAsync(stoppingToken) > 0)
                    signals.Wake();
            }
            catch (Exception e) when (e is DbException or IOException or TimeoutException or InvalidOperationException)
            {
                LogFailed(logger, e);
            }
        }
    }

    private async Task RescueAsync(CancellationToken stoppingToken)
    {
        IReadOnlyList<Guid> rescued;
        do
        {
            rescued = await rescuer.RescueAsync(Batch, stoppingToken);
            foreach (var id in rescued)
            {
                signals.Changed(id);

                // It ended with its worker: nobody waits for its children any more.
                if (await store.GetAsync(id, stoppingToken) is { Status: ExecutionStatus.Failed or ExecutionStatus.Cancelled })
                    await children.CancelAsync(id, stoppingToken);
            }

            if (rescued.Count == 0)
                return;
            LogRescued(logger, rescued.Count);
            signals.Wake();
        }
        while (rescued.Count == Batch);
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Count} executions were taken from workers that went away")]
    private static partial void LogRescued(ILogger logger, int count);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Expired leases could not be looked for")]
    private static partial void LogFailed(ILogger logger, Exception e);
}
