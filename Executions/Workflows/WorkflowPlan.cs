using OsMEN.Executions.Templates;

namespace OsMEN.Executions.Workflows;

/// <summary>An execution that a workflow starts.</summary>
/// <param name="Name">Its <see cref="Execution.Step"/>: the step's, or that of its compensation.</param>
/// <param name="Input">JSON text.</param>
public sealed record StepStart(string Name, WorkflowStep Step, StepCall Call, string Input);

/// <summary>
/// What a workflow does next. It is computed from what is stored and nothing else, so that a worker that takes over comes to the same,
/// and doing it twice does it once.
/// </summary>
public sealed class WorkflowPlan
{
    private readonly WorkflowRun _run;
    private readonly DateTimeOffset _now;
    private readonly List<StepState> _states;
    private readonly List<StepStart> _starts = [];
    private readonly List<Approval> _asks = [];

    private WorkflowPlan(WorkflowRun run, DateTimeOffset now) => (_run, _now, _states) = (run, now, [.. run.States(now)]);

    /// <summary>All steps as they are once this is done, in the definition's order.</summary>
    public IReadOnlyList<StepState> States => _states;

    /// <summary>What to start.</summary>
    public IReadOnlyList<StepStart> Starts => _starts;

    /// <summary>What to ask people for.</summary>
    public IReadOnlyList<Approval> Asks => _asks;

    /// <summary>Running steps to cancel, since the workflow fails.</summary>
    public IReadOnlyList<Guid> Cancels { get; private set; } = [];

    /// <summary>How the workflow ends; null while it goes on.</summary>
    public AttemptEnd? End { get; private set; }

    /// <summary>When to look again if nothing happens before: the next limit.</summary>
    public DateTimeOffset? LookAgainAt { get; private set; }

    public static WorkflowPlan For(WorkflowRun run, DateTimeOffset now)
    {
        ArgumentNullException.ThrowIfNull(run);
        var plan = new WorkflowPlan(run, now);
        plan.Make();
        return plan;
    }

    private void Make()
    {
        var execution = _run.Execution;
        var deadline = (execution.StartedAt ?? _now) + (execution.Timeout ?? _run.Definition.Timeout);
        var end = _now < deadline
            ? Failure()
            : new AttemptEnd(ExecutionStatus.TimedOut, Error: new ExecutionError("Timeout", $"The workflow was not done by {deadline:u}."));
        if (end is null)
        {
            Advance();
            end = Failure();
        }

        if (end is not null)
            Unwind(end);
        else if (_states.TrueForAll(s => s.HasEnded))
            End = Complete();
        LookAgainAt = _states.Where(s => s.Status == StepStatus.AwaitingApproval).Select(s => s.Approval!.ExpiresAt).Append(deadline).Where(t => t > _now).Cast<DateTimeOffset?>().Min();
    }

    private AttemptEnd? Failure() => _states.Where(s => s.Fails).OrderBy(s => s.EndedAt).FirstOrDefault() is { } failed
        ? new AttemptEnd(ExecutionStatus.Failed, Error: new ExecutionError("StepFailed", $"Step {failed.Step.Id}: {failed.Error?.Type}: {failed.Error?.Message}"))
        : null;

    // Steps are in an order in which each comes after those that it needs, so one pass sees what an earlier step of it was skipped or refused.
    private void Advance()
    {
        for (var i = 0; i < _states.Count; i++)
        {
            var step = _states[i].Step;
            var needs = step.Needs.Select(n => _states.Find(s => s.Step.Id == n)!).ToArray();
            if (_states[i].Status != StepStatus.Pending || !Array.TrueForAll(needs, n => n.HasEnded))
                continue;
            try
            {
                _states[i] = Begin(step, needs);
            }
            catch (TemplateException e)
            {
                _states[i] = new StepState(step, StepStatus.Failed) { Error = new ExecutionError("Template", e.Message), EndedAt = _now };
            }
        }
    }

    private StepState Begin(WorkflowStep step, StepState[] needs)
    {
        var data = _run.Data(_states);
        var runs = step.Condition is { } condition
            ? Template.ParseCondition(condition).Holds(data)
            : !Array.Exists(needs, n => n.Status == StepStatus.Skipped);
        if (!runs)
            return new StepState(step, StepStatus.Skipped);
        if (step.Approval is { } asked)
        {
            var approval = new Approval(_run.Execution.Id, step.Id, Template.Parse(asked.Message).Render(data), asked.Role, _now, _now + asked.Timeout);
            _asks.Add(approval);
            return new StepState(step, StepStatus.AwaitingApproval) { Approval = approval };
        }

        _starts.Add(Start(step.Id, step, step.Call!, data));
        return new StepState(step, StepStatus.Running);
    }

    private StepStart Start(string name, WorkflowStep step, StepCall call, Dictionary<string, object?> data) =>
        new(name, step, call, call.Input?.Render(data) ?? TemplateData.Json(data["input"]));

    // Nothing new begins; what runs is cancelled and waited for; then what was completed is undone, the latest first, one at a time.
    private void Unwind(AttemptEnd end)
    {
        _starts.Clear();
        _asks.Clear();
        for (var i = 0; i < _states.Count; i++)
        {
            if (_states[i].Status is StepStatus.Pending or StepStatus.AwaitingApproval || _states[i] is { Status: StepStatus.Running, Execution: null })
                _states[i] = _states[i] with { Status = StepStatus.Skipped };
        }

        var running = _states.Where(s => s.Status == StepStatus.Running).ToArray();
        Cancels = [.. running.Select(s => s.Execution!.Id)];
        if (running.Length > 0)
            return;
        var failures = new List<string>();
        foreach (var done in _states.Where(s => s is { Status: StepStatus.Completed, Step.Compensate: not null }).OrderByDescending(s => s.EndedAt).ThenByDescending(s => _states.IndexOf(s)))
        {
            switch (done.Compensation)
            {
                case null:
                    if (TryUndo(done) is not { } fault)
                        return;
                    failures.Add($"{done.Step.Id}: {fault}");
                    break;
                case { Status: ExecutionStatus.Completed }:
                    break;
                case { } undo when undo.Status.IsFinal():
                    failures.Add($"{done.Step.Id}: {undo.Error?.Message ?? undo.Status.ToWire()}");
                    break;
                default:
                    return;
            }
        }

        End = failures.Count == 0
            ? end
            : end with { Error = end.Error! with { Message = $"{end.Error.Message} Not undone: {string.Join("; ", failures)}" } };
    }

    /// <summary>Null once the compensation is to start; else why it can't.</summary>
    private string? TryUndo(StepState done)
    {
        try
        {
            _starts.Add(Start(WorkflowRun.UndoOf(done.Step.Id), done.Step, done.Step.Compensate!, _run.Data(_states)));
            return null;
        }
        catch (TemplateException e)
        {
            return e.Message;
        }
    }

    private AttemptEnd Complete()
    {
        try
        {
            return new AttemptEnd(ExecutionStatus.Completed, Output());
        }
        catch (TemplateException e)
        {
            return new AttemptEnd(ExecutionStatus.Failed, Error: new ExecutionError("Template", $"output: {e.Message}"));
        }
    }

    private string Output()
    {
        if (_run.Definition.Output is { } output)
            return output.Render(_run.Data(_states));
        var needed = _states.SelectMany(s => s.Step.Needs).ToHashSet(StringComparer.Ordinal);
        var last = _states.Where(s => !needed.Contains(s.Step.Id)).ToArray();
        return last is [{ Output: { } one }]
            ? one
            : TemplateData.Json(last.ToDictionary(s => s.Step.Id, s => TemplateData.Parse(s.Output), StringComparer.Ordinal));
    }
}
