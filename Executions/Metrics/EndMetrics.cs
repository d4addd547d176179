using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using OsMEN.ServiceDefaults.Metrics;

namespace OsMEN.Executions.Metrics;

/// <summary>
/// Ends of executions as metrics, each counted by whoever ended it: the worker that held it, the one that took it from a worker that went
/// away, or the process that cancelled it while nobody held it. A target's counters begin at 0, so that a rate sees the first failure too,
/// and recording allocates nothing.
/// </summary>
public sealed class EndMetrics
{
    private const int MaxTargets = 1000;

    private static readonly KeyValuePair<string, object?>[] Statuses = [.. Enum.GetValues<ExecutionStatus>().Select(s => Tag("status", s.ToWire().ToLowerInvariant()))];
    private static readonly KeyValuePair<string, object?>[] Types = [.. Enum.GetValues<ExecutionKind>().Select(k => Tag("type", k.ToWire()))];

    private readonly (Counter<long> Ended, Histogram<double> Duration, string Label)[] _byKind;
    private readonly Counter<long> _tasks;
    private readonly Histogram<double> _processing;
    private readonly LabelLimit _names;
    private readonly ConcurrentDictionary<(string Target, ExecutionKind Kind), KeyValuePair<string, object?>> _targets = new();
    private readonly long[] _ended = new long[Statuses.Length];

    public EndMetrics(MetricFactory metrics)
    {
        ArgumentNullException.ThrowIfNull(metrics);
        _byKind =
        [
            (metrics.Counter(MetricCatalog.AgentExecutions), metrics.Histogram(MetricCatalog.AgentDuration), "agent_id"),
            (metrics.Counter(MetricCatalog.CommandExecutions), metrics.Histogram(MetricCatalog.CommandDuration), "command_id"),
            (metrics.Counter(MetricCatalog.WorkflowExecutions), metrics.Histogram(MetricCatalog.WorkflowDuration), "workflow_id"),
        ];
        _tasks = metrics.Counter(MetricCatalog.Tasks);
        _processing = metrics.Histogram(MetricCatalog.TaskProcessing);
        _names = metrics.Limit(MetricCatalog.AgentExecutions, MaxTargets);
    }

    /// <summary>How many executions ended by now, for the gauge of requests by status: one measurement for each final state.</summary>
    public IEnumerable<Measurement<double>> ByStatus() => Enum.GetValues<ExecutionStatus>().Where(s => s.IsFinal())
        .Select(s => new Measurement<double>(Volatile.Read(ref _ended[(int)s]), Statuses[(int)s]));

    /// <summary>The name under which a target is shown: its own, or <c>other</c> past the cap.</summary>
    public string NameOf(string target, ExecutionKind kind) => (string)Of(target, kind).Value!;

    /// <summary>An attempt has taken this long.</summary>
    public void Processed(ExecutionKind kind, TimeSpan duration) => _processing.Record(duration.TotalSeconds, Types[(int)kind]);

    /// <summary>An execution has ended.</summary>
    /// <param name="duration">From the start of its last attempt; null for one that nobody ran to its end.</param>
    public void Ended(ExecutionKind kind, string target, ExecutionStatus status, TimeSpan? duration)
    {
        var name = Of(target, kind);
        var (ended, durations, _) = _byKind[(int)kind];
        ended.Add(1, name, Statuses[(int)status]);
        if (duration is { } took)
            durations.Record(took.TotalSeconds, name, Statuses[(int)status]);
        _tasks.Add(1, Statuses[(int)status], Types[(int)kind]);
        Interlocked.Increment(ref _ended[(int)status]);
    }

    /// <summary>An execution that nobody held was cancelled. A workflow was under way all the same.</summary>
    internal void CancelledUnheld(Execution execution)
    {
        var duration = execution.Kind == ExecutionKind.Workflow ? execution.Duration : null;
        if (duration is { } took)
            Processed(execution.Kind, took);
        Ended(execution.Kind, execution.Target, ExecutionStatus.Cancelled, duration);
    }

    private static KeyValuePair<string, object?> Tag(string name, string value) => new(name, value);

    private KeyValuePair<string, object?> Of(string target, ExecutionKind kind) => _targets.TryGetValue((target, kind), out var known) ? known : Add(target, kind);

    private KeyValuePair<string, object?> Add(string target, ExecutionKind kind)
    {
        // Past the cap all further targets are one.
        var name = _names.Fold(target);
        var (ended, _, label) = _byKind[(int)kind];
        return _targets.GetOrAdd((name, kind), _ =>
        {
            foreach (var status in Enum.GetValues<ExecutionStatus>().Where(s => s.IsFinal()))
            {
                ended.Add(0, Tag(label, name), Statuses[(int)status]);
                _tasks.Add(0, Statuses[(int)status], Types[(int)kind]);
            }

            return Tag(label, name);
        });
    }
}
