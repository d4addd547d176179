using OsMEN.Executions;
using OsMEN.Llm.Cache;
using OsMEN.ServiceDefaults;

namespace OsMEN.AgentWorker.Claiming;

/// <summary>Says over Redis that this worker is there and how busy it is.</summary>
internal sealed partial class PresenceLoop(
    WorkerPresence presence, ClaimLoop claims, WorkerIdentity identity, ServiceIdentity service, IHostApplicationLifetime lifetime, TimeProvider time, ILogger<PresenceLoop> logger)
    : BackgroundService
{
    private readonly DateTimeOffset _startedAt = time.GetUtcNow();

    public override async Task StopAsync(CancellationToken cancellationToken)
    {
        await base.StopAsync(cancellationToken);
        await TellAsync(() => presence.LeaveAsync(identity.Id));
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(WorkerPresence.Interval, time);
        do
            await TellAsync(() => presence.AnnounceAsync(Info()));
        while (await timer.WaitForNextTickAsync(stoppingToken));
    }

    private WorkerInfo Info() => new(
        identity.Id, service.Version, claims.Slots, claims.Used, lifetime.ApplicationStopping.IsCancellationRequested, _startedAt, time.GetUtcNow());

    private async Task TellAsync(Func<Task> tell)
    {
        try
        {
            await tell();
        }
        catch (Exception e) when (RedisCall.Failed(e))
        {
            LogFailed(logger, e);
        }
    }

    [LoggerMessage(Level = LogLevel.Debug, Message = "The worker's presence could not be told")]
    private static partial void LogFailed(ILogger logger, Exception e);
}
