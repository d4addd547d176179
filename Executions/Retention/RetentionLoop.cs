using System.Data.Common;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace OsMEN.Executions.Retention;

/// <summary>
/// Removes what is older or more than <see cref="RetentionOptions"/> say. Every process looks what the database holds; in each
/// interval one of them runs the pass (<see cref="RetentionTurn"/>).
/// </summary>
internal sealed partial class RetentionLoop(
    IExecutionStore store, ExecutionSchema schema, RetentionTurn turn, RetentionPass pass, RetentionMetrics metrics, IOptions<RetentionOptions> options,
    TimeProvider time, ILogger<RetentionLoop> logger) : BackgroundService
{
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        await schema.Ready.WaitAsync(stoppingToken);
        using var timer = new PeriodicTimer(options.Value.Interval, time);
        do
        {
            try
            {
                if (options.Value.Enabled && await turn.TakeAsync(time.GetUtcNow(), options.Value.Interval, stoppingToken))
                {
                    var started = time.GetTimestamp();
                    var removed = await pass.RunAsync(stoppingToken);
                    metrics.Passed(time.GetElapsedTime(started));
                    if (removed > 0)
                        LogPassed(logger, removed, time.GetElapsedTime(started));
                }

                metrics.Found(await store.MeasureStorageAsync(pass.EventsFrom, stoppingToken));
            }
            catch (Exception e) when (e is DbException or IOException or TimeoutException or InvalidOperationException)
            {
                LogFailed(logger, e);
            }
        }
        while (await timer.WaitForNextTickAsync(stoppingToken));
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "Retention removed {Rows} rows in {Duration}")]
    private static partial void LogPassed(ILogger logger, long rows, TimeSpan duration);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Retention could not finish its pass; it goes on with the next")]
    private static partial void LogFailed(ILogger logger, Exception e);
}
