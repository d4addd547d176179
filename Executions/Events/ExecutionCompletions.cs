namespace OsMEN.Executions;

/// <summary>Waits for executions to end.</summary>
public sealed class ExecutionCompletions(IExecutionStore store, ExecutionSignals signals, TimeProvider time)
{
    /// <summary>The execution once it has ended, or as it stands after <paramref name="timeout"/>; null for an unknown id.</summary>
    public async Task<Execution?> WaitAsync(Guid id, TimeSpan timeout, CancellationToken cancellationToken)
    {
        var started = time.GetTimestamp();
        using var live = await signals.FollowAsync(id);
        while (true)
        {
            var execution = await store.GetAsync(id, cancellationToken);
            var left = timeout - time.GetElapsedTime(started);
            if (execution is null || execution.Status.IsFinal() || left <= TimeSpan.Zero)
                return execution;
            using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
            limit.CancelAfter(left);
            try
            {
                // Events on the way are no reason to look; the end, a nudge and lost patience are.
                while (await live.NextAsync(limit.Token) is { Chunk: not null, Ended: false })
                {
                }
            }
            catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
            {
                // Out of time: one last look.
            }
        }
    }
}
