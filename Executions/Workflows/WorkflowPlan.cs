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
    private readonly DateTimeOffset _began;
    private readonly DateTimeOffset _deadline;
    private readonly Dictionary<string, object?> _data;
    private readonly Dictionary<string, object?> _ended = new(StringComparer.Ordinal);

    private WorkflowPlan(WorkflowRun run, DateTimeOffset now)
    {
        (_run, _now, _states) = (run, now, [.. run.States(now)]);
        _began = run.Execution.StartedAt ?? now;
        _deadline = _began + (run.Execution.Timeout ?? run.Definition.Timeout);
        _data = run.Data(_ended);
    }

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

    /// <summary>
    /// Each step as people are shown it, in the definition's order: as it is stored, and what is stored nowhere, that it was skipped or could
    /// not be filled in. What is about to begin is not shown before it has. How a workflow stood at its end does not change any more.
    /// </summary>
    public static IEnumerable<StepState> Standing(WorkflowRun run, DateTimeOffset now)
    {
        ArgumentNullException.ThrowIfNull(run);
        var at = run.Execution.CompletedAt ?? now;
        var stands = run.States(at).Zip(For(run, at).States, (stored, planned) => planned.Status is StepStatus.Skipped or StepStatus.Failed ? planned : stored);
        return !run.Execution.Status.IsFinal() ? stands : stands.Select(s => s.Status switch
        {
            StepStatus.Pending => s with { Status = StepStatus.Skipped },
            StepStatus.AwaitingApproval => s with { Status = StepStatus.Cancelled },
            _ => s,
        });
    }

    private void Make()
    {
        // What happens after the first failure, or after the time is up, is not why the workflow ends.
        Advance(until: FirstFailed()?.EndedAt ?? (_now < _deadline ? null : _deadline));
        if (FirstFailed() is { } failed)
            Unwind(new AttemptEnd(ExecutionStatus.Failed, Error: new ExecutionError("StepFailed", $"Step {failed.Step.Id}: {failed.Error?.Type}: {failed.Error?.Message}")));
        else if (_states.TrueForAll(s => s.HasEnded && IsInTime(s)))
            End = Complete();
        else if (_now >= _deadline)
            Unwind(new AttemptEnd(ExecutionStatus.TimedOut, Error: new ExecutionError("Timeout", $"The workflow was not done by {_deadline:u}.")));
        LookAgainAt = _states.Where(s => s.Status == StepStatus.AwaitingApproval).Select(s => s.Approval!.ExpiresAt).Append(_deadline).Where(t => t > _now).Cast<DateTimeOffset?>().Min();
    }

    private StepState? FirstFailed() => _states.Where(s => s.Fails && IsInTime(s)).MinBy(s => s.EndedAt);

    private bool IsInTime(StepState ended) => _now < _deadline || ended.EndedAt < _deadline;

    /// <summary>What templates see. A step's output is parsed once a move, however many steps become ready by it.</summary>
    private Dictionary<string, object?> Data()
    {
        foreach (var state in _states.Where(s => s.HasEnded && !_ended.ContainsKey(s.Step.Id)))
            _ended.Add(state.Step.Id, WorkflowRun.Shown(state));
        return _data;
    }

    // Steps are in an order in which each comes after those that it needs, so one pass sees what an earlier step of it was skipped or refused.
    // Of a workflow that has stopped it finds what could not be filled in before, which is stored nowhere.
    private void Advance(DateTimeOffset? until)
    {
        for (var i = 0; i < _states.Count; i++)
        {
            var step = _states[i].Step;
            var needs = step.Needs.Select(n => _states.Find(s => s.Step.Id == n)!).ToArray();
            if (_states[i].Status != StepStatus.Pending || !Array.TrueForAll(needs, n => n.HasEnded))
                continue;
            var ready = needs.Select(n => n.EndedAt ?? _began).Append(_began).Max();
            if (ready >= until)
                continue;
            try
            {
                _states[i] = Begin(step, needs, ready);
            }
            catch (TemplateException e)
            {
                _states[i] = new StepState(step, StepStatus.Failed) { Error = new ExecutionError("Template", e.Message), EndedAt = ready };
            }
        }
    }

    private StepState Begin(WorkflowStep step, StepState[] needs, DateTimeOffset ready)
    {
        var data = Data();
        var runs = step.Condition is { } condition
            ? Template.ParseCondition(condition).Holds(data)
            : !Array.Exists(needs, n => n.Status == StepStatus.Skipped);
        if (!runs)
            return new StepState(step, StepStatus.Skipped) { EndedAt = ready };
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
            _starts.Add(Start(WorkflowRun.UndoOf(done.Step.Id), done.Step, done.Step.Compensate!, Data()));
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
            return output.Render(Data());
        var needed = _states.SelectMany(s => s.Step.Needs).ToHashSet(StringComparer.Ordinal);
        var last = _states.Where(s => !needed.Contains(s.Step.Id)).ToArray();
        return last is [{ Output: { } one }]
            ? one
            : TemplateData.Json(last.ToDictionary(s => s.Step.Id, s => TemplateData.Parse(s.Output), StringComparer.Ordinal));
    }
}
