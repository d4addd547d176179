using System.Collections.Concurrent;
using Microsoft.Extensions.Hosting;

namespace OsMEN.AppHost.Running;

/// <summary>
/// Stops gateway and workers before anything that they need, so that they drain while database and Redis still answer. Aspire's own stop
/// kills a process after about 8 s, and a worker may need longer to finish its executions.
/// </summary>
internal sealed class OrderlyStop(ResourceNotificationService notifications) : BackgroundService
{
    private readonly ConcurrentDictionary<string, int> _running = new(StringComparer.Ordinal);
    private readonly TaskCompletionSource _allExited = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private volatile bool _stopping;

    /// <summary>Asks each process to stop and returns when all have exited; the host's shutdown timeout limits the wait.</summary>
    public override async Task StopAsync(CancellationToken cancellationToken)
    {
        // Windows has no such signal, so Aspire's stop has to do.
        if (!OperatingSystem.IsWindows())
        {
            _stopping = true;
            foreach (var (id, pid) in _running)
            {
                if (ResourceProcess.Signal(pid, "TERM") is not null)
                    _running.TryRemove(id, out _);
            }

            if (!_running.IsEmpty)
                await _allExited.Task.WaitAsync(cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }

        await base.StopAsync(cancellationToken);
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        try
        {
            await foreach (var change in notifications.WatchAsync(stoppingToken))
            {
                if (change.Resource is not ProjectResource)
                    continue;
                if (change.Snapshot.State?.Text == KnownResourceStates.Running && ResourceProcess.IdOf(change.Snapshot) is { } pid)
                    _running[change.ResourceId] = pid;
                else if (_running.TryRemove(change.ResourceId, out _) && _stopping && _running.IsEmpty)
                    _allExited.TrySetResult();
            }
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // Everything has stopped.
        }
    }
}
