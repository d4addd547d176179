using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using OsMEN.Llm.Cache;

namespace OsMEN.Executions.Retention;

/// <summary>
/// Removes what is older or more than <see cref="RetentionOptions"/> say. Every process looks what the database holds; in each
/// interval one of them runs the pass (<see cref="RetentionTurn"/>).
/// </summary>
internal sealed partial class RetentionLoop(
    IExecutionStore store, ExecutionSchema schema, RetentionTurn turn, RetentionPass pass, RetentionMetrics metrics, RetentionNotes notes, IOptions<RetentionOptions> options,
    TimeProvider time, ILogger<RetentionLoop> logger)
    : StoreLoop(schema, options.Value.Interval, "Retention could not finish its pass; it goes on with the next", time, logger)
{
    protected override async Task RunOnceAsync(CancellationToken cancellationToken)
    {
        RetentionNote? passed = null;
        if (options.Value.Enabled && await turn.TakeAsync(Time.GetUtcNow(), options.Value.Interval, cancellationToken))
        {
            var (began, started) = (Time.GetUtcNow(), Time.GetTimestamp());
            var removed = await pass.RunAsync(cancellationToken);
            var took = Time.GetElapsedTime(started);
            metrics.Passed(took);
            if (removed.Count > 0)
                LogPassed(Logger, removed.Values.Sum(), took);
            passed = new RetentionNote(began, took, removed);
        }

        metrics.Found(await store.MeasureStorageAsync(pass.EventsFrom, cancellationToken));
        if (passed is not null)
            await NoteAsync(passed);
    }

    private async Task NoteAsync(RetentionNote passed)
    {
        try
        {
            await notes.WriteAsync(passed);
        }
        catch (Exception e) when (RedisCall.Failed(e))
        {
            LogUnnoted(Logger, e.Message);
        }
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "Retention removed {Rows} rows in {Duration}")]
    private static partial void LogPassed(ILogger logger, long rows, TimeSpan duration);

    [LoggerMessage(Level = LogLevel.Debug, Message = "What retention did could not be noted for the dashboard: {Reason}")]
    private static partial void LogUnnoted(ILogger logger, string reason);
}
