using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace OsMEN.Executions;

/// <summary>
/// Keeps the leases of everything that this process runs with one statement a beat, stops what was lost or cancelled, and,
/// while the store does not answer, stops everything before its lease runs out elsewhere.
/// </summary>
public sealed partial class LeaseKeeper(
    IExecutionStore store, IOptions<ExecutionOptions> options, TimeProvider time, ILogger<LeaseKeeper> logger)
{
    private readonly ConcurrentDictionary<Guid, (RunningExecution Execution, long Since)> _held = new();
    private long _lastAnswer = time.GetTimestamp();

    public int Count => _held.Count;

    public ICollection<Guid> Ids => _held.Keys;

    public void Add(RunningExecution execution) => _held[execution.Claim.Execution.Id] = (execution, time.GetTimestamp());

    /// <summary>Forgets an execution, unless a later claim of the same one has taken its place.</summary>
    public void Remove(RunningExecution execution)
    {
        var id = execution.Claim.Execution.Id;
        if (_held.TryGetValue(id, out var entry) && entry.Execution == execution)
            _held.TryRemove(KeyValuePair.Create(id, entry));
    }

    public void Stop(Guid id, StopReason reason)
    {
        if (_held.TryGetValue(id, out var entry))
            entry.Execution.Stop(reason);
    }

    public void StopAll(StopReason reason)
    {
        foreach (var (execution, _) in _held.Values)
            execution.Stop(reason);
    }

    /// <summary>Beats three times a lease until cancelled.</summary>
    public async Task RunAsync(string worker, CancellationToken cancellationToken)
    {
        var lease = options.Value.Lease;
        using var timer = new PeriodicTimer(lease / 3, time);
        while (await timer.WaitForNextTickAsync(cancellationToken))
            await BeatAsync(worker, lease, cancellationToken);
    }

    internal async Task BeatAsync(string worker, TimeSpan lease, CancellationToken cancellationToken)
    {
        var asked = time.GetTimestamp();
        try
        {
            using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
            limit.CancelAfter(lease / 3);
            var result = await store.HeartbeatAsync(worker, [.. _held.Values.Select(h => h.Execution.Claim.Lease)], lease, limit.Token);
            _lastAnswer = asked;
            foreach (var id in result.CancelRequested)
                Stop(id, StopReason.Cancelled);
            foreach (var id in result.Lost)
                Stop(id, StopReason.LeaseLost);
        }
        catch (Exception e) when (!cancellationToken.IsCancellationRequested)
        {
            LogMissed(logger, e, _held.Count);
            foreach (var (execution, since) in _held.Values)
            {
                // The lease counts from the claim or the last beat that was answered, whichever is later.
                if (time.GetElapsedTime(Math.Max(since, _lastAnswer)) > lease * 0.8)
                    execution.Stop(StopReason.LeaseLost);
            }
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "A heartbeat for {Count} executions was not answered")]
    private static partial void LogMissed(ILogger logger, Exception e, int count);
}
