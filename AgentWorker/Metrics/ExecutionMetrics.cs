using System.Collections.Concurrent;
using System.Diagnostics;
using System.Diagnostics.Metrics;
using OsMEN.Executions;
using OsMEN.Executions.Metrics;
using OsMEN.ServiceDefaults.Metrics;

namespace OsMEN.AgentWorker.Metrics;

/// <summary>
/// What this worker runs, as metrics; how it ends is <see cref="EndMetrics"/>'s. Everything about a target is made at its first execution, and
/// recording allocates nothing.
/// </summary>
internal sealed class ExecutionMetrics
{
    private static readonly string[] Statuses = [.. Enum.GetValues<ExecutionStatus>().Select(s => s.ToWire().ToLowerInvariant())];
    private static readonly string[] Kinds = [.. Enum.GetValues<ExecutionKind>().Select(k => k.ToString().ToLowerInvariant())];

    private readonly EndMetrics _ends;
    private readonly Histogram<double> _response;
    private readonly Counter<long> _assignments;
    private readonly Histogram<double> _wait;
    private readonly Counter<double> _revenue;
    private readonly Histogram<double> _invoke;
    private readonly Histogram<double> _tool;
    private readonly ErrorMetrics _errors;
    private readonly LabelLimit _tools;
    private readonly ConcurrentDictionary<(string Target, ExecutionKind Kind), Running> _running = new();
    private readonly MetricFactory _metrics;
    private readonly TimeProvider _time;
    private int _slots = 1;

    public ExecutionMetrics(MetricFactory metrics, EndMetrics ends, ErrorMetrics errors, TimeProvider time)
    {
        (_metrics, _ends, _errors, _time) = (metrics, ends, errors, time);
        _response = metrics.Histogram(MetricCatalog.AgentResponseTime);
        _assignments = metrics.Counter(MetricCatalog.AgentAssignments);
        _wait = metrics.Histogram(MetricCatalog.TaskWait);
        _revenue = metrics.AmountCounter(MetricCatalog.AgentRevenue);
        _invoke = metrics.GenAIDuration(GenAINames.InvokeAgentDuration, "Duration of agents' runs.");
        _tool = metrics.GenAIDuration(GenAINames.ExecuteToolDuration, "Duration of tool calls.");
        _tools = metrics.Limit("gen_ai_execute_tool_duration_seconds", 200);
        _errors.Expect("agents", "Timeout", "AgentNotFound", LeaseRescuer.WorkerLost);
        metrics.ObservableGauge(MetricCatalog.AgentRunning, () => ByAgent(count => count));
        metrics.ObservableGauge(MetricCatalog.AgentUtilization, () => ByAgent(count => 100.0 * count / _slots));
        metrics.ObservableGauge(MetricCatalog.ActiveTasks, () => Enum.GetValues<ExecutionKind>()
            .Select(k => new Measurement<double>(_running.Sum(r => r.Key.Kind == k ? r.Value.Count : 0), Tag("type", Kinds[(int)k]))));
        metrics.ObservableGauge(MetricCatalog.ServiceRequestsByStatus, ends.ByStatus);
    }

    /// <summary>Shows the worker's slots: <paramref name="used"/> of <paramref name="slots"/>.</summary>
    public void ObserveSlots(int slots, Func<int> used)
    {
        _slots = slots;
        _metrics.ObservableGauge(MetricCatalog.WorkerSlots, () =>
        {
            var now = used();
            return [new(now, Tag("state", "used")), new(slots - now, Tag("state", "free"))];
        });
    }

    /// <summary>An attempt begins.</summary>
    public void Started(ClaimedExecution claim)
    {
        var execution = claim.Execution;
        var running = Of(execution);
        var kind = Kinds[(int)execution.Kind];
        Interlocked.Increment(ref running.Count);
        if (execution.Kind == ExecutionKind.Agent)
            _assignments.Add(1, running.Agent, Tag("task_type", kind));
        if (execution.Attempt == 1 && !claim.Resumed)
            _wait.Record(Math.Max(0, (_time.GetUtcNow() - execution.RunAt).TotalSeconds), Tag("type", kind));
    }

    /// <summary>An attempt's first output is there.</summary>
    public void Responded(Execution execution, TimeSpan after)
    {
        if (execution.Kind == ExecutionKind.Agent)
            _response.Record(after.TotalSeconds, Of(execution).Agent);
    }

    /// <summary>
    /// An attempt is over; <paramref name="end"/> is null when its end is another worker's to record. A workflow has taken as long as it was
    /// under way, whoever held it.
    /// </summary>
    public void Ended(Execution execution, AttemptEnd? end, TimeSpan duration)
    {
        var running = Of(execution);
        Interlocked.Decrement(ref running.Count);
        if (end is { IsPark: true })
            return;
        if (execution is { Kind: ExecutionKind.Workflow, StartedAt: { } began })
            duration = _time.GetUtcNow() - began;
        _ends.Processed(execution.Kind, duration);
        if (end?.Error is { } error)
            _errors.Count("agents", error.Type);
        if (execution.Kind == ExecutionKind.Agent)
            RecordInvoke(running, end, duration);
        if (end is null || !end.Status.IsFinal())
            return;
        _ends.Ended(execution.Kind, execution.Target, end.Status, duration);
        if (end.RevenueUsd is { } price)
            _revenue.Add((double)price, running.Agent);
    }

    /// <summary>An execution has ended because its worker, another process, went away: nobody knows how long it ran.</summary>
    public void EndedWithWorker(Execution execution, AttemptEnd end)
    {
        if (end.Error is { } error)
            _errors.Count("agents", error.Type);
        _ends.Ended(execution.Kind, execution.Target, end.Status, null);
    }

    /// <summary>A tool has answered, or failed with <paramref name="errorType"/>.</summary>
    public void ToolRan(string tool, TimeSpan duration, string? errorType)
    {
        var tags = new TagList { { "gen_ai.operation.name", "execute_tool" }, { "gen_ai.tool.name", _tools.Fold(tool) } };
        if (errorType is not null)
            tags.Add("error.type", errorType);
        _tool.Record(duration.TotalSeconds, tags);
    }

    private void RecordInvoke(Running running, AttemptEnd? end, TimeSpan duration)
    {
        var tags = new TagList { { "gen_ai.operation.name", "invoke_agent" }, { "gen_ai.agent.name", running.Agent.Value } };
        if (end?.Error is not null)
            tags.Add("error.type", Statuses[(int)end.Status]);
        _invoke.Record(duration.TotalSeconds, tags);
    }

    private static KeyValuePair<string, object?> Tag(string name, string value) => new(name, value);

    private Running Of(Execution execution) =>
        _running.TryGetValue((execution.Target, execution.Kind), out var known) ? known : Add(execution.Target, execution.Kind);

    private Running Add(string target, ExecutionKind kind)
    {
        var name = _ends.NameOf(target, kind);
        return _running.GetOrAdd((name, kind), _ => new Running(Tag("agent_id", name)));
    }

    private IEnumerable<Measurement<double>> ByAgent(Func<int, double> value) =>
        _running.Where(r => r.Key.Kind == ExecutionKind.Agent).Select(r => new Measurement<double>(value(r.Value.Count), r.Value.Agent));

    private sealed class Running(KeyValuePair<string, object?> agent)
    {
        public int Count;

        public KeyValuePair<string, object?> Agent => agent;
    }
}
