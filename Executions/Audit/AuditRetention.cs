using System.Data.Common;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace OsMEN.Executions.Audit;

/// <summary>
/// Removes audit entries that are older than <see cref="ExecutionOptions.KeepAudit"/>, every hour, in batches. Every process runs it; that they
/// do so at once does no harm.
/// </summary>
internal sealed partial class AuditRetention(
    AuditTable audit, ExecutionSchema schema, IOptions<ExecutionOptions> options, TimeProvider time, ILogger<AuditRetention> logger) : BackgroundService
{
    private const int Batch = 1000;

    private static readonly TimeSpan Period = TimeSpan.FromHours(1);
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(50);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        await schema.Ready.WaitAsync(stoppingToken);
        using var timer = new PeriodicTimer(Period, time);
        do
        {
            try
            {
                while (await audit.TrimAsync(time.GetUtcNow() - options.Value.KeepAudit, Batch, stoppingToken) == Batch)
                    await Task.Delay(Pause, time, stoppingToken);
            }
            catch (Exception e) when (e is DbException or IOException or TimeoutException or InvalidOperationException)
            {
                LogFailed(logger, e);
            }
        }
        while (await timer.WaitForNextTickAsync(stoppingToken));
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "Old audit entries could not be removed; it is tried again in an hour")]
    private static partial void LogFailed(ILogger logger, Exception e);
}
