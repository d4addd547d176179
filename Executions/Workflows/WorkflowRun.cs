using OsMEN.Executions.Commands;
using OsMEN.Executions.Templates;

namespace OsMEN.Executions.Workflows;

/// <summary>All that is stored of a workflow under way; what happens next follows from it alone, see <see cref="WorkflowPlan"/>.</summary>
/// <param name="Execution">The workflow's own.</param>
/// <param name="Children">Executions of its steps and compensations, by <see cref="Execution.Step"/>.</param>
/// <param name="Approvals">By step.</param>
public sealed record WorkflowRun(
    WorkflowDefinition Definition, Execution Execution, IReadOnlyDictionary<string, Execution> Children, IReadOnlyDictionary<string, Approval> Approvals)
{
    // No step's name has a blank.
    private const string UndoPrefix = "undo ";

    // More than a workflow's steps and what undoes them.
    private const int MaxChildren = 1000;

    /// <summary>Reads how a workflow stands.</summary>
    public static async Task<WorkflowRun> ReadAsync(
        WorkflowDefinition definition, Execution execution, IExecutionStore store, IWorkflowStore workflows, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(execution);
        ArgumentNullException.ThrowIfNull(workflows);
        var children = await store.ListAsync(new ExecutionQuery { ParentId = execution.Id, IsStep = true, Limit = MaxChildren }, cancellationToken);
        var approvals = await workflows.ListApprovalsAsync(execution.Id, cancellationToken);
        return new WorkflowRun(
            definition,
            execution,
            children.ToDictionary(c => c.Step!, StringComparer.Ordinal),
            approvals.ToDictionary(a => a.Step, StringComparer.Ordinal));
    }

    /// <summary>The run as if only what completed and what was approved had ever been: that is what a retry by hand builds upon.</summary>
    internal WorkflowRun Unfinished() => this with
    {
        Execution = Execution with { Status = ExecutionStatus.Pending, StartedAt = null, CompletedAt = null },
        Children = Children.Where(c => c.Value.Status == ExecutionStatus.Completed).ToDictionary(StringComparer.Ordinal),
        Approvals = Approvals.Where(a => a.Value.Approved == true).ToDictionary(StringComparer.Ordinal),
    };

    /// <summary>The <see cref="Execution.Step"/> of what undoes a step.</summary>
    public static string UndoOf(string step) => UndoPrefix + step;

    /// <summary>Whether an execution undoes a step.</summary>
    public static bool IsUndo(Execution execution) => execution.Step?.StartsWith(UndoPrefix, StringComparison.Ordinal) == true;

    /// <summary>Each step as its execution or decision stands, in the definition's order.</summary>
    public IEnumerable<StepState> States(DateTimeOffset now) => Definition.Steps.Select(s => State(s, now));

    /// <summary>What templates see: <c>input</c>, <c>steps</c> as far as they have ended (see <see cref="Shown"/>), and <c>execution</c>.</summary>
    internal Dictionary<string, object?> Data(IReadOnlyDictionary<string, object?> ended) => new(StringComparer.Ordinal)
    {
        ["input"] = CommandInput.Complete(Definition.Parameters, Execution.Input),
        ["steps"] = ended,
        ["execution"] = new Dictionary<string, object?>(StringComparer.Ordinal) { ["id"] = Execution.Id.ToString(), ["user"] = Execution.User },
    };

    /// <summary>What templates see of a step that has ended.</summary>
    internal static object? Shown(StepState state)
    {
        var output = TemplateData.Parse(state.Output);
        return new Dictionary<string, object?>(StringComparer.Ordinal)
        {
            ["status"] = state.Status.ToWire(),
            ["output"] = output,
            ["json"] = JsonInside(output),
            ["error"] = state.Error is { } e ? new Dictionary<string, object?>(StringComparer.Ordinal) { ["type"] = e.Type, ["message"] = e.Message } : null,
        };
    }

    // A model that was asked for JSON answers with text, often inside a fence.
    private static object? JsonInside(object? output)
    {
        if (output is not Dictionary<string, object?> map || map.GetValueOrDefault("text") is not string text)
            return null;
        var (from, to) = (text.IndexOfAny(['{', '[']), text.LastIndexOfAny(['}', ']']));
        try
        {
            return from >= 0 && to > from ? TemplateData.Parse(text[from..(to + 1)]) : null;
        }
        catch (System.Text.Json.JsonException)
        {
            return null;
        }
    }

    private StepState State(WorkflowStep step, DateTimeOffset now)
    {
        if (Approvals.TryGetValue(step.Id, out var approval))
            return Decided(step, approval, now);
        if (!Children.TryGetValue(step.Id, out var child))
            return new StepState(step, StepStatus.Pending);
        var status = child.Status switch
        {
            ExecutionStatus.Completed => StepStatus.Completed,
            ExecutionStatus.Failed or ExecutionStatus.TimedOut => StepStatus.Failed,
            ExecutionStatus.Cancelled => StepStatus.Cancelled,
            _ => StepStatus.Running,
        };
        return new StepState(step, status)
        {
            Execution = child,
            Compensation = Children.GetValueOrDefault(UndoOf(step.Id)),
            Output = child.Output,
            Error = status == StepStatus.Cancelled ? new ExecutionError("Cancelled", "It was cancelled.") : child.Error,
            EndedAt = child.CompletedAt,
        };
    }

    private static StepState Decided(WorkflowStep step, Approval approval, DateTimeOffset now)
    {
        var status = approval.Approved switch
        {
            true => StepStatus.Completed,
            false => StepStatus.Failed,
            null => now < approval.ExpiresAt ? StepStatus.AwaitingApproval : StepStatus.Failed,
        };
        var comment = approval.Comment is { Length: > 0 } c ? $": {c}" : ".";
        return new StepState(step, status)
        {
            Approval = approval,
            Output = status == StepStatus.Completed
                ? TemplateData.Json(new Dictionary<string, object?>(StringComparer.Ordinal) { ["approved"] = true, ["by"] = approval.DecidedBy, ["comment"] = approval.Comment })
                : null,
            Error = status != StepStatus.Failed ? null
                : approval.Approved is null ? new ExecutionError("ApprovalExpired", $"Nobody decided until {approval.ExpiresAt:u}.")
                : new ExecutionError("Refused", $"{approval.DecidedBy} refused{comment}"),
            EndedAt = approval.DecidedAt ?? (status == StepStatus.Failed ? approval.ExpiresAt : null),
        };
    }
}

/// <summary>The names of steps' states as REST and templates show them.</summary>
public static class StepNames
{
    private static readonly string[] Statuses = ["PENDING", "RUNNING", "AWAITING_APPROVAL", "COMPLETED", "FAILED", "CANCELLED", "SKIPPED"];

    public static string ToWire(this StepStatus status) => Statuses[(int)status];
}
