using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using OpenTelemetry;

namespace OsMEN.ServiceDefaults.Health;

/// <summary>Brings changes of health to the store in batches, again and again until it takes them.</summary>
internal sealed partial class HealthHistoryWriter(HealthHistory history, IHealthHistoryStore store, TimeProvider time, ILogger<HealthHistoryWriter> logger) : BackgroundService
{
    private const int LargestBatch = 100;
    private const int LongestDelaySeconds = 16;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan LastPatience = TimeSpan.FromSeconds(2);

    private readonly List<HealthChange> _batch = new(LargestBatch);

    public override async Task StopAsync(CancellationToken cancellationToken)
    {
        await base.StopAsync(cancellationToken);
        Fill();
        try
        {
            if (_batch.Count > 0) await TryWriteAsync(LastPatience, cancellationToken);
        }
        catch (OperationCanceledException)
        {
            // The process has no time left; what is not written was of health that nobody can ask for any more.
        }
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var untraced = SuppressInstrumentationScope.Begin();
        while (await history.Backlog.WaitToReadAsync(stoppingToken))
        {
            Fill();
            for (var failures = 0; !await TryWriteAsync(Patience, stoppingToken); failures++)
                await Task.Delay(TimeSpan.FromSeconds(Math.Min(1 << Math.Min(failures, 4), LongestDelaySeconds)), time, stoppingToken);
        }
    }

    private void Fill()
    {
        while (_batch.Count < LargestBatch && history.Backlog.TryRead(out var change)) _batch.Add(change);
    }

    private async Task<bool> TryWriteAsync(TimeSpan patience, CancellationToken cancellationToken)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        using var late = time.CreateTimer(static l => ((CancellationTokenSource)l!).Cancel(), limit, patience, Timeout.InfiniteTimeSpan);
        try
        {
            await store.AppendAsync(_batch, limit.Token);
            _batch.Clear();
            return true;
        }
        catch (Exception e) when (!cancellationToken.IsCancellationRequested)
        {
            // The database's own check tells everybody that it is away.
            LogWaiting(logger, _batch.Count, e.Message);
            return false;
        }
    }

    [LoggerMessage(Level = LogLevel.Debug, Message = "{Count} changes of health wait for their store: {Reason}")]
    private static partial void LogWaiting(ILogger logger, int count, string reason);
}
