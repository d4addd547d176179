using System.Data.Common;
using Microsoft.Extensions.Options;
using OsMEN.Executions;

namespace OsMEN.AgentWorker.Tools.Journal;

/// <summary>Forgets the journal of executions that ended long ago (<see cref="ExecutionOptions.JournalRetention"/>), once an hour.</summary>
internal sealed partial class JournalTrimmer(
    IExecutionStore store, ExecutionSchema schema, IOptions<ExecutionOptions> options, TimeProvider time, ILogger<JournalTrimmer> logger) : BackgroundService
{
    private const int Batch = 1000;

    private static readonly TimeSpan Period = TimeSpan.FromHours(1);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        await schema.Ready.WaitAsync(stoppingToken);
        using var timer = new PeriodicTimer(Period, time);
        do
        {
            try
            {
                while (await store.TrimJournalAsync(time.GetUtcNow() - options.Value.JournalRetention, Batch, stoppingToken) >= Batch)
                {
                }
            }
            catch (Exception e) when (e is DbException or IOException or TimeoutException or InvalidOperationException)
            {
                LogFailed(logger, e);
            }
        }
        while (await timer.WaitForNextTickAsync(stoppingToken));
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "The journal of tool calls could not be trimmed; it is tried again in an hour")]
    private static partial void LogFailed(ILogger logger, Exception e);
}
