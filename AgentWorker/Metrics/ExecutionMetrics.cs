using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using OsMEN.Executions;
using OsMEN.Executions.Catalog;
using OsMEN.ServiceDefaults.Metrics;

namespace OsMEN.AgentWorker.Metrics;

/// <summary>What this worker runs and how it ends, as metrics. Agents are labels: the catalogue bounds their number.</summary>
internal sealed class ExecutionMetrics
{
    private static readonly string[] Statuses = [.. Enum.GetValues<ExecutionStatus>().Select(s => s.ToWire().ToLowerInvariant())];
    private static readonly string[] Kinds = [.. Enum.GetValues<ExecutionKind>().Select(k => k.ToString().ToLowerInvariant())];

    private readonly Counter<long> _ended;
    private readonly Histogram<double> _duration;
    private readonly Histogram<double> _response;
    private readonly Counter<long> _assignments;
    private readonly Counter<long> _tasks;
    private readonly Histogram<double> _processing;
    private readonly Histogram<double> _wait;
    private readonly ConcurrentDictionary<(string Agent, int Kind), Running> _running = new();
    private readonly TimeProvider _time;
    private int _slots = 1;

    public ExecutionMetrics(MetricFactory metrics, AgentCatalog catalog, TimeProvider time)
    {
        _time = time;
        _ended = metrics.Counter(MetricCatalog.AgentExecutions);
        _duration = metrics.Histogram(MetricCatalog.AgentDuration);
        _response = metrics.Histogram(MetricCatalog.AgentResponseTime);
        _assignments = metrics.Counter(MetricCatalog.AgentAssignments);
        _tasks = metrics.Counter(MetricCatalog.Tasks);
        _processing = metrics.Histogram(MetricCatalog.TaskProcessing);
        _wait = metrics.Histogram(MetricCatalog.TaskWait);
        metrics.ObservableGauge(MetricCatalog.AgentRunning, () => ByAgent(count => count));
        metrics.ObservableGauge(MetricCatalog.AgentUtilization, () => ByAgent(count => 100.0 * count / _slots));
        metrics.ObservableGauge(MetricCatalog.ActiveTasks, () => _running.GroupBy(r => r.Key.Kind)
            .Select(g => new Measurement<double>(g.Sum(r => r.Value.Count), Tag("type", Kinds[g.Key]))));
        metrics.ObservableGauge(MetricCatalog.Agents, () => catalog.List().GroupBy(a => a.Type)
            .Select(g => new Measurement<double>(g.Count(), Tag("status", "active"), Tag("type", TypeOf(g.Key))))
            .Append(new(catalog.Problems.Select(p => p.Path).Distinct(StringComparer.Ordinal).Count(), Tag("status", "refused"), Tag("type", "unknown"))));
        MetricFactory = metrics;
    }

    private MetricFactory MetricFactory { get; }

    /// <summary>Shows the worker's slots: <paramref name="used"/> of <paramref name="slots"/>.</summary>
    public void ObserveSlots(int slots, Func<int> used)
    {
        _slots = slots;
        MetricFactory.ObservableGauge(MetricCatalog.WorkerSlots, () =>
        {
            var now = used();
            return [new(now, Tag("state", "used")), new(slots - now, Tag("state", "free"))];
        });
    }

    /// <summary>An attempt begins.</summary>
    public void Started(Execution execution)
    {
        var kind = Kinds[(int)execution.Kind];
        Interlocked.Increment(ref Of(execution).Count);
        _assignments.Add(1, Tag("agent_id", execution.Target), Tag("task_type", kind));
        if (execution.Attempt == 1)
            _wait.Record(Math.Max(0, (_time.GetUtcNow() - execution.RunAt).TotalSeconds), Tag("type", kind));
    }

    /// <summary>An attempt's first output is there.</summary>
    public void Responded(Execution execution, TimeSpan after) => _response.Record(after.TotalSeconds, Tag("agent_id", execution.Target));

    /// <summary>An attempt is over; <paramref name="end"/> is null when its end is another worker's to record.</summary>
    public void Ended(Execution execution, AttemptEnd? end, TimeSpan duration)
    {
        Interlocked.Decrement(ref Of(execution).Count);
        var kind = Kinds[(int)execution.Kind];
        _processing.Record(duration.TotalSeconds, Tag("type", kind));
        if (end is null || !end.Status.IsFinal())
            return;
        var status = Statuses[(int)end.Status];
        _ended.Add(1, Tag("agent_id", execution.Target), Tag("status", status));
        _duration.Record(duration.TotalSeconds, Tag("agent_id", execution.Target), Tag("status", status));
        _tasks.Add(1, Tag("status", status), Tag("type", kind));
    }

    private static KeyValuePair<string, object?> Tag(string name, string value) => new(name, value);

    private static string TypeOf(AgentType type) => type switch { AgentType.Llm => "llm", AgentType.Process => "process", _ => "container" };

    private Running Of(Execution execution) => _running.GetOrAdd((execution.Target, (int)execution.Kind), static _ => new Running());

    private IEnumerable<Measurement<double>> ByAgent(Func<int, double> value) =>
        _running.GroupBy(r => r.Key.Agent, StringComparer.Ordinal).Select(g => new Measurement<double>(value(g.Sum(r => r.Value.Count)), Tag("agent_id", g.Key)));

    private sealed class Running
    {
        public int Count;
    }
}
