namespace OsMEN.Executions;

/// <summary>
/// Writes new executions and wakes the workers. Group commit: an accept that comes alone is written at once; those that come
/// while others are being written go together in the next statement.
/// </summary>
public sealed class ExecutionAcceptor(IExecutionStore store, ExecutionSignals signals, QueueLimit limit)
{
    // Two statements in flight keep the database busy while one waits for its disk (bench/, "accepts").
    private const int MaxFlushes = 2;
    private const int MaxBatch = 256;
    private const int MaxWaiting = 20_000;

    private readonly Lock _lock = new();
    private readonly Queue<Waiting> _waiting = new();
    private int _flushes;

    /// <summary>
    /// Returns when the execution is durable. <see cref="AcceptOutcome.QueueFull"/> when as many wait as may. A cancelled
    /// caller may or may not have been accepted; an idempotency key finds out.
    /// </summary>
    public async Task<AcceptResult> AcceptAsync(NewExecution item, CancellationToken cancellationToken)
    {
        if (!await limit.AllowsAsync(cancellationToken))
            return new AcceptResult(AcceptOutcome.QueueFull, null);
        var waiting = new Waiting(item);
        lock (_lock)
        {
            if (_waiting.Count >= MaxWaiting)
                return new AcceptResult(AcceptOutcome.QueueFull, null);
            _waiting.Enqueue(waiting);
            if (_flushes < MaxFlushes)
            {
                _flushes++;
                _ = FlushAsync();
            }
        }

        return await waiting.Result.Task.WaitAsync(cancellationToken);
    }

    private async Task FlushAsync()
    {
        // Leaves the caller's lock and stack before any work.
        await Task.Yield();
        while (Take() is { Count: > 0 } batch)
            await WriteAsync(batch);
    }

    private List<Waiting> Take()
    {
        lock (_lock)
        {
            var batch = new List<Waiting>(Math.Min(_waiting.Count, MaxBatch));
            while (batch.Count < MaxBatch && _waiting.TryDequeue(out var item))
                batch.Add(item);
            if (batch.Count == 0)
                _flushes--;
            return batch;
        }
    }

    // Every exception goes to the callers whose items it concerns; the loop lives on.
    private async Task WriteAsync(List<Waiting> batch)
    {
        try
        {
            var results = await store.AcceptAsync(batch.ConvertAll(w => w.Item), CancellationToken.None);
            if (results.Any(r => r.Outcome == AcceptOutcome.Created))
                signals.Wake();
            for (var i = 0; i < batch.Count; i++)
                batch[i].Result.TrySetResult(results[i]);
        }
        catch (Exception e) when (batch.Count > 1 && e is not System.Data.Common.DbException { IsTransient: true })
        {
            // One item that the database refuses must not take the others with it.
            foreach (var item in batch)
                await WriteAsync([item]);
        }
        catch (Exception e)
        {
            foreach (var item in batch)
                item.Result.TrySetException(e);
        }
    }

    private sealed record Waiting(NewExecution Item)
    {
        public TaskCompletionSource<AcceptResult> Result { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }
}
