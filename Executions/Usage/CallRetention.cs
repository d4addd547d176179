using System.Data.Common;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace OsMEN.Executions.Usage;

/// <summary>
/// Removes model calls that are older than <see cref="ExecutionOptions.KeepCalls"/>, and makes room for those of the months to come, every hour. Every
/// process runs it; that they do so at once does no harm. What executions used and cost in sum stays with them.
/// </summary>
internal sealed partial class CallRetention(
    IExecutionStore store, ExecutionSchema schema, IOptions<ExecutionOptions> options, TimeProvider time, ILogger<CallRetention> logger) : BackgroundService
{
    private static readonly TimeSpan Period = TimeSpan.FromHours(1);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        await schema.Ready.WaitAsync(stoppingToken);
        using var timer = new PeriodicTimer(Period, time);
        do
        {
            try
            {
                await store.KeepCallsAsync(time.GetUtcNow(), options.Value.KeepCalls, stoppingToken);
            }
            catch (Exception e) when (e is DbException or IOException or TimeoutException or InvalidOperationException)
            {
                LogFailed(logger, e);
            }
        }
        while (await timer.WaitForNextTickAsync(stoppingToken));
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "Old model calls could not be removed; it is tried again in an hour")]
    private static partial void LogFailed(ILogger logger, Exception e);
}
