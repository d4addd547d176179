using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace OsMEN.Executions.Retention;

/// <summary>
/// Removes what is older or more than <see cref="RetentionOptions"/> say. Every process looks what the database holds; in each
/// interval one of them runs the pass (<see cref="RetentionTurn"/>).
/// </summary>
internal sealed partial class RetentionLoop(
    IExecutionStore store, ExecutionSchema schema, RetentionTurn turn, RetentionPass pass, RetentionMetrics metrics, IOptions<RetentionOptions> options,
    TimeProvider time, ILogger<RetentionLoop> logger)
    : StoreLoop(schema, options.Value.Interval, "Retention could not finish its pass; it goes on with the next", time, logger)
{
    protected override async Task RunOnceAsync(CancellationToken cancellationToken)
    {
        if (options.Value.Enabled && await turn.TakeAsync(Time.GetUtcNow(), options.Value.Interval, cancellationToken))
        {
            var started = Time.GetTimestamp();
            var removed = await pass.RunAsync(cancellationToken);
            metrics.Passed(Time.GetElapsedTime(started));
            if (removed > 0)
                LogPassed(Logger, removed, Time.GetElapsedTime(started));
        }

        metrics.Found(await store.MeasureStorageAsync(pass.EventsFrom, cancellationToken));
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "Retention removed {Rows} rows in {Duration}")]
    private static partial void LogPassed(ILogger logger, long rows, TimeSpan duration);
}
