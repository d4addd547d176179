namespace OsMEN.Executions.Workflows;

/// <summary>What is done to a workflow's steps before the workflow itself is queued again by hand.</summary>
public sealed class WorkflowRetry(WorkflowCatalog catalog, IExecutionStore store, IWorkflowStore workflows, ExecutionSignals signals, TimeProvider time)
{
    /// <summary>
    /// Lets refused decisions be asked for again, and the steps that did not complete run again, by the definition of now: where that asks
    /// for the same once more, it is the same execution, which knows what its tools have done; else a new one. Those that completed keep
    /// their results.
    /// </summary>
    /// <returns>Why it cannot be; null when it can.</returns>
    public async Task<string?> PrepareAsync(Execution workflow, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(workflow);
        if (catalog.Find(workflow.Target) is not { } definition)
            return $"There is no workflow '{workflow.Target}' any more.";
        var run = await WorkflowRun.ReadAsync(definition, workflow, store, workflows, cancellationToken);
        if (run.Children.Values.Any(WorkflowRun.IsUndo))
            return "Steps of this workflow were undone when it failed: start it anew.";
        if (run.Children.Values.Any(c => !c.Status.IsFinal()))
            return "Steps of this workflow are still being stopped: try again in a moment.";
        var plan = WorkflowPlan.For(run.Unfinished(), time.GetUtcNow());
        var open = run.Children.Values.Where(c => c.Status != ExecutionStatus.Completed).ToLookup(c => plan.Starts.Any(s => Repeats(s, c)));
        await workflows.ForgetAsync(workflow.Id, [.. open[false].Select(c => c.Id)], cancellationToken);

        // A worker may not have seen the file yet.
        await workflows.PinAsync(workflow.Id, definition.Json, cancellationToken);
        foreach (var child in open[true])
        {
            await store.RetryAsync(child.Id, cancellationToken);
            signals.Changed(child.Id);
        }

        return null;
    }

    private static bool Repeats(StepStart start, Execution child) =>
        (start.Name, start.Call.Kind, start.Call.Target, start.Input, start.Step.Timeout) == (child.Step, child.Kind, child.Target, child.Input, child.Timeout);
}
