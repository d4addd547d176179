namespace OsMEN.Executions;

/// <summary>An execution that was taken from a worker that went away, and what became of it: it waits again, or it ended.</summary>
public sealed record RescuedExecution(Execution Execution, AttemptEnd End);

/// <summary>
/// Takes expired leases from their holders: the execution waits again, or fails with <c>WorkerLost</c> when its attempts are
/// used up. Every worker runs one; the fence lets only one of them win, and the late holder loses.
/// </summary>
public sealed class LeaseRescuer(IExecutionStore store, TimeProvider time)
{
    /// <summary>Type of the error of an execution whose worker went away at its last attempt.</summary>
    public const string WorkerLost = nameof(WorkerLost);

    /// <summary>Handles up to <paramref name="max"/> expired leases and answers the executions that changed.</summary>
    public async Task<IReadOnlyList<RescuedExecution>> RescueAsync(int max, CancellationToken cancellationToken)
    {
        var expired = await store.FindExpiredAsync(max, cancellationToken);
        if (expired.Count == 0)
            return [];
        var records = expired.Select(h => ToRecord(h, Rescue(h))).ToArray();
        var changed = await store.RecordAsync(records, cancellationToken);
        return [.. expired.Zip(records, (held, record) => new RescuedExecution(held.Execution, record.End!)).Where((_, i) => changed[i])];
    }

    /// <summary>Gives back what the store says that <paramref name="worker"/> holds and it doesn't know of: a claim whose answer was lost.</summary>
    public async Task<IReadOnlyList<Guid>> GiveBackUnknownAsync(
        string worker, IReadOnlyCollection<Guid> known, CancellationToken cancellationToken)
    {
        var held = await store.FindHeldAsync(worker, cancellationToken);
        var end = new AttemptEnd(ExecutionStatus.Pending, CountAttempt: false);
        var records = held.Where(h => !known.Contains(h.Execution.Id)).Select(h => ToRecord(h, end)).ToArray();
        if (records.Length > 0)
            await store.RecordAsync(records, cancellationToken);
        return [.. records.Select(r => r.Lease.Execution)];
    }

    private static AttemptEnd Rescue(HeldExecution held)
    {
        if (held.CancelRequested)
            return new AttemptEnd(ExecutionStatus.Cancelled);
        var execution = held.Execution;
        return execution.Attempt < execution.MaxAttempts
            ? new AttemptEnd(ExecutionStatus.Pending)
            : new AttemptEnd(
                ExecutionStatus.Failed,
                Error: new ExecutionError(WorkerLost, $"Worker {execution.Worker} went away during attempt {execution.Attempt} of {execution.MaxAttempts}."));
    }

    private ExecutionRecord ToRecord(HeldExecution held, AttemptEnd end)
    {
        var seq = held.LastSeq + 1;
        var status = new ExecutionEvent.StatusChanged(end.Status, Error: end.Error);
        return new ExecutionRecord
        {
            Lease = held.Lease,

            // A workflow goes on where it stood: nothing changed for who watches it.
            Events = held.Execution.Kind == ExecutionKind.Workflow && !end.Status.IsFinal()
                ? null
                : new EventChunk(seq, [EventFrames.Write(held.Execution.Id, seq, status, time.GetUtcNow())]),
            End = end,
            Workflow = held.Execution.Step is null ? null : held.Execution.ParentId,
        };
    }
}
