using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace OsMEN.Executions;

/// <summary>Brings the schema up to date when a process starts, as soon as the database answers; the process serves its probes meanwhile.</summary>
public sealed partial class ExecutionSchema(IExecutionStore store, TimeProvider time, ILogger<ExecutionSchema> logger) : BackgroundService
{
    private readonly TaskCompletionSource _ready = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Completes when the schema is the one that this build needs.</summary>
    public Task Ready => _ready.Task;

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        for (var failures = 0; !_ready.Task.IsCompleted; failures++)
        {
            try
            {
                await store.MigrateAsync(stoppingToken);
                _ready.SetResult();
            }
            catch (Exception e) when (StoreFault.Is(e) || e is System.Data.Common.DbException)
            {
                if (failures % 10 == 0)
                    LogWaiting(logger, e);
                await Task.Delay(TimeSpan.FromMilliseconds(Math.Min(100 << Math.Min(failures, 5), 2000)), time, stoppingToken);
            }
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "The database is not there yet; the schema waits for it")]
    private static partial void LogWaiting(ILogger logger, Exception e);
}
