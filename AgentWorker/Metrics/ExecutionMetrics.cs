using System.Collections.Concurrent;
using System.Diagnostics;
using System.Diagnostics.Metrics;
using OsMEN.Executions;
using OsMEN.ServiceDefaults.Metrics;

namespace OsMEN.AgentWorker.Metrics;

/// <summary>
/// What this worker runs and how it ends, as metrics. Everything about a target is made at its first execution, the counters of its
/// ends at 0 among them, so that a rate sees the first failure too, and recording allocates nothing.
/// </summary>
internal sealed class ExecutionMetrics
{
    private const int MaxTargets = 1000;

    private static readonly string[] Statuses = [.. Enum.GetValues<ExecutionStatus>().Select(s => s.ToWire().ToLowerInvariant())];
    private static readonly string[] Kinds = [.. Enum.GetValues<ExecutionKind>().Select(k => k.ToString().ToLowerInvariant())];

    private readonly (Counter<long> Ended, Histogram<double> Duration, string Label)[] _byKind;
    private readonly Histogram<double> _response;
    private readonly Counter<long> _assignments;
    private readonly Counter<long> _tasks;
    private readonly Histogram<double> _processing;
    private readonly Histogram<double> _wait;
    private readonly Counter<double> _revenue;
    private readonly Histogram<double> _invoke;
    private readonly Histogram<double> _tool;
    private readonly ErrorMetrics _errors;
    private readonly LabelLimit _targets;
    private readonly LabelLimit _tools;
    private readonly ConcurrentDictionary<(string Target, ExecutionKind Kind), Running> _running = new();
    private readonly long[] _ended = new long[Statuses.Length];
    private readonly MetricFactory _metrics;
    private readonly TimeProvider _time;
    private int _slots = 1;

    public ExecutionMetrics(MetricFactory metrics, ErrorMetrics errors, TimeProvider time)
    {
        (_metrics, _errors, _time) = (metrics, errors, time);
        _byKind =
        [
            (metrics.Counter(MetricCatalog.AgentExecutions), metrics.Histogram(MetricCatalog.AgentDuration), "agent_id"),
            (metrics.Counter(MetricCatalog.CommandExecutions), metrics.Histogram(MetricCatalog.CommandDuration), "command_id"),
            (metrics.Counter(MetricCatalog.WorkflowExecutions), metrics.Histogram(MetricCatalog.WorkflowDuration), "workflow_id"),
        ];
        _response = metrics.Histogram(MetricCatalog.AgentResponseTime);
        _assignments = metrics.Counter(MetricCatalog.AgentAssignments);
        _tasks = metrics.Counter(MetricCatalog.Tasks);
        _processing = metrics.Histogram(MetricCatalog.TaskProcessing);
        _wait = metrics.Histogram(MetricCatalog.TaskWait);
        _revenue = metrics.AmountCounter(MetricCatalog.AgentRevenue);
        _invoke = metrics.GenAIDuration(GenAINames.InvokeAgentDuration, "Duration of agents' runs.");
        _tool = metrics.GenAIDuration(GenAINames.ExecuteToolDuration, "Duration of tool calls.");
        _targets = metrics.Limit(MetricCatalog.AgentExecutions, MaxTargets);
        _tools = metrics.Limit("gen_ai_execute_tool_duration_seconds", 200);
        _errors.Expect("agents", "Timeout", "AgentNotFound");
        metrics.ObservableGauge(MetricCatalog.AgentRunning, () => ByAgent(count => count));
        metrics.ObservableGauge(MetricCatalog.AgentUtilization, () => ByAgent(count => 100.0 * count / _slots));
        metrics.ObservableGauge(MetricCatalog.ActiveTasks, () => Enum.GetValues<ExecutionKind>()
            .Select(k => new Measurement<double>(_running.Sum(r => r.Key.Kind == k ? r.Value.Count : 0), Tag("type", Kinds[(int)k]))));
        metrics.ObservableGauge(MetricCatalog.ServiceRequestsByStatus, () => Enum.GetValues<ExecutionStatus>().Where(s => s.IsFinal())
            .Select(s => new Measurement<double>(Volatile.Read(ref _ended[(int)s]), Tag("status", Statuses[(int)s]))));
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
        var kind = Kinds[(int)execution.Kind];
        _processing.Record(duration.TotalSeconds, Tag("type", kind));
        if (end?.Error is { } error)
            _errors.Count("agents", error.Type);
        if (execution.Kind == ExecutionKind.Agent)
            RecordInvoke(running, end, duration);
        if (end is null || !end.Status.IsFinal())
            return;
        var status = Tag("status", Statuses[(int)end.Status]);
        var (ended, durations, _) = _byKind[(int)execution.Kind];
        ended.Add(1, running.Target, status);
        durations.Record(duration.TotalSeconds, running.Target, status);
        _tasks.Add(1, status, Tag("type", kind));
        Interlocked.Increment(ref _ended[(int)end.Status]);
        if (end.RevenueUsd is { } price)
            _revenue.Add((double)price, running.Agent);
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
        // Past the cap all further targets are one.
        var name = _targets.Fold(target);
        var (ended, _, label) = _byKind[(int)kind];
        return _running.GetOrAdd((name, kind), _ =>
        {
            foreach (var status in Enum.GetValues<ExecutionStatus>().Where(s => s.IsFinal()))
            {
                ended.Add(0, Tag(label, name), Tag("status", Statuses[(int)status]));
                _tasks.Add(0, Tag("status", Statuses[(int)status]), Tag("type", Kinds[(int)kind]));
            }

            return new Running(Tag(label, name), Tag("agent_id", name));
        });
    }

    private IEnumerable<Measurement<double>> ByAgent(Func<int, double> value) =>
        _running.Where(r => r.Key.Kind == ExecutionKind.Agent).Select(r => new Measurement<double>(value(r.Value.Count), r.Value.Agent));

    private sealed class Running(KeyValuePair<string, object?> target, KeyValuePair<string, object?> agent)
    {
        public int Count;

        /// <summary>The label of the kind's own metrics.</summary>
        public KeyValuePair<string, object?> Target => target;

        public KeyValuePair<string, object?> Agent => agent;
    }
}
