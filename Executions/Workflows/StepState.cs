namespace OsMEN.Executions.Workflows;

/// <summary>Where a step is in its life.</summary>
public enum StepStatus
{
    /// <summary>What it needs has not ended.</summary>
    Pending,
    Running,

    /// <summary>An approval that nobody has decided.</summary>
    AwaitingApproval,
    Completed,
    Failed,
    Cancelled,

    /// <summary>Its condition does not hold, or a step that it needs was skipped, or the workflow failed before it began.</summary>
    Skipped,
}

/// <summary>A step of a run, as the stored executions and decisions tell.</summary>
public sealed record StepState(WorkflowStep Step, StepStatus Status)
{
    /// <summary>What runs it; null before it begins, and for an approval.</summary>
    public Execution? Execution { get; init; }
    public Approval? Approval { get; init; }

    /// <summary>What undoes it; null unless that was started.</summary>
    public Execution? Compensation { get; init; }

    /// <summary>JSON text of a completed one.</summary>
    public string? Output { get; init; }
    public ExecutionError? Error { get; init; }

    /// <summary>When it completed or failed, or could have begun and was skipped; null before, and for one that the workflow's own end skipped.</summary>
    public DateTimeOffset? EndedAt { get; init; }

    public bool HasEnded => Status is StepStatus.Completed or StepStatus.Failed or StepStatus.Cancelled or StepStatus.Skipped;

    /// <summary>Whether the workflow fails by it.</summary>
    public bool Fails => Status is StepStatus.Failed or StepStatus.Cancelled && !Step.ContinueOnFailure;
}
