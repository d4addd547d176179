namespace OsMEN.Executions.Workflows;

/// <summary>What is done to a workflow's steps before the workflow itself is queued again by hand.</summary>
public sealed class WorkflowRetry(IExecutionStore store, IWorkflowStore workflows, ExecutionSignals signals)
{
    /// <summary>
    /// Queues again the steps that did not complete, and lets refused decisions be asked for again. Those that completed keep their
    /// results. The rest runs by the definition of now.
    /// </summary>
    /// <returns>Why it cannot be: its completed steps were undone. Null when it can.</returns>
    public async Task<string?> PrepareAsync(Guid workflow, CancellationToken cancellationToken)
    {
        var children = await WorkflowRun.ReadChildrenAsync(workflow, store, cancellationToken);
        if (children.Any(WorkflowRun.IsUndo))
            return "Steps of this workflow were undone when it failed: start it anew.";
        await workflows.ForgetAsync(workflow, cancellationToken);
        foreach (var child in children.Where(c => c.Status.IsFinal() && c.Status != ExecutionStatus.Completed))
        {
            await store.RetryAsync(child.Id, cancellationToken);
            signals.Changed(child.Id);
        }

        return null;
    }
}
