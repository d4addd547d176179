using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace OsMEN.Executions;

/// <summary>
/// Does something with the database at its start, once the schema is there, and then every <paramref name="period"/>. A failure is logged, and
/// the next round tries again.
/// </summary>
/// <param name="failure">What is logged then, as a sentence.</param>
public abstract partial class StoreLoop(ExecutionSchema schema, TimeSpan period, string failure, TimeProvider time, ILogger logger) : BackgroundService
{
    protected TimeProvider Time => time;

    protected ILogger Logger => logger;

    protected sealed override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        await schema.Ready.WaitAsync(stoppingToken);
        using var timer = new PeriodicTimer(period, time);
        do
        {
            try
            {
                await RunOnceAsync(stoppingToken);
            }
            catch (Exception e) when (!stoppingToken.IsCancellationRequested)
            {
                // A bug may affect one row only, so it is logged as an error, and the loop goes on.
                LogFailed(logger, StoreFault.Is(e) ? LogLevel.Warning : LogLevel.Error, e, failure);
            }
        }
        while (await timer.WaitForNextTickAsync(stoppingToken));
    }

    /// <summary>Does it once.</summary>
    protected abstract Task RunOnceAsync(CancellationToken cancellationToken);

    [LoggerMessage(Message = "{Failure}")]
    private static partial void LogFailed(ILogger logger, LogLevel level, Exception e, string failure);
}
