namespace OsMEN.Executions;

/// <summary>The executions that an execution has started.</summary>
public sealed class ChildExecutions(IExecutionStore store, ExecutionSignals signals)
{
    // An agent's loop has an end, so has the number of its children.
    private const int Most = 1000;

    /// <summary>Cancels all that have not ended, and theirs.</summary>
    public async Task CancelAsync(Guid parent, CancellationToken cancellationToken)
    {
        foreach (var child in await store.ListAsync(new ExecutionQuery { ParentId = parent, Limit = Most }, cancellationToken))
        {
            if (child.Status.IsFinal())
                continue;
            var result = await store.CancelAsync(child.Id, cancellationToken);
            signals.Cancel(child.Id);
            signals.Changed(child.Id);

            // One that runs stops its own when it ends.
            if (result is { Execution.Status: ExecutionStatus.Cancelled })
                await CancelAsync(child.Id, cancellationToken);
        }
    }

    /// <summary>Whether their parent ended without completing, or is gone: nobody waits for them.</summary>
    public async Task<bool> HaveLostAsync(Guid parent, CancellationToken cancellationToken) =>
        await store.GetAsync(parent, cancellationToken) is not { } found || (found.Status.IsFinal() && found.Status != ExecutionStatus.Completed);

    /// <summary>Dollars that they have spent, theirs included.</summary>
    public async Task<decimal> SpentAsync(Guid parent, CancellationToken cancellationToken)
    {
        var spent = 0m;
        foreach (var child in await store.ListAsync(new ExecutionQuery { ParentId = parent, Limit = Most }, cancellationToken))
            spent += child.CostUsd + await SpentAsync(child.Id, cancellationToken);
        return spent;
    }

    /// <summary>How many stand above it: 0 for what a client asked for. Stops counting at <paramref name="most"/>.</summary>
    public async Task<int> DepthAsync(Execution execution, int most, CancellationToken cancellationToken)
    {
        var depth = 0;
        for (var parent = execution.ParentId; parent is { } id && depth < most; depth++)
            parent = (await store.GetAsync(id, cancellationToken))?.ParentId;
        return depth;
    }
}
