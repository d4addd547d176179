using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace OsMEN.Executions;

/// <summary>
/// Does something with the database at its start, once the schema is there, and then every <paramref name="period"/>. What the database does
/// not take is logged, and done the next time.
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
            catch (Exception e) when (StoreFault.Is(e))
            {
                LogFailed(logger, e, failure);
            }
        }
        while (await timer.WaitForNextTickAsync(stoppingToken));
    }

    /// <summary>Does it once.</summary>
    protected abstract Task RunOnceAsync(CancellationToken cancellationToken);

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Failure}")]
    private static partial void LogFailed(ILogger logger, Exception e, string failure);
}
