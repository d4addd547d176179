using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using OsMEN.ServiceDefaults.Metrics;

namespace OsMEN.AgentWorker.Metrics;

/// <summary>Memory and CPU of agents that are programs of their own: the sum of an agent's running processes, 0 where none runs.</summary>
internal sealed class ProcessMetrics
{
    private readonly ConcurrentDictionary<Guid, Usage> _running = new();
    private readonly Func<IEnumerable<string>> _programs;

    /// <param name="programs">The agents that are programs, as the catalogue has them now.</param>
    public ProcessMetrics(MetricFactory metrics, Func<IEnumerable<string>> programs)
    {
        _programs = programs;
        metrics.ObservableGauge(MetricCatalog.AgentMemory, () => ByAgent(u => u.MemoryBytes));
        metrics.ObservableGauge(MetricCatalog.AgentCpu, () => ByAgent(u => u.CpuPercent));
    }

    /// <summary>The latest sample of an execution's processes.</summary>
    public void Sampled(Guid execution, string agent, long memoryBytes, double cpuPercent) => _running[execution] = new(agent, memoryBytes, cpuPercent);

    /// <summary>The processes of an execution have ended.</summary>
    public void Ended(Guid execution) => _running.TryRemove(execution, out _);

    private IEnumerable<Measurement<double>> ByAgent(Func<Usage, double> figure)
    {
        var sums = _running.Values.GroupBy(u => u.Agent, StringComparer.Ordinal).ToDictionary(g => g.Key, g => g.Sum(figure), StringComparer.Ordinal);
        foreach (var agent in _programs())
            sums.TryAdd(agent, 0);
        return sums.Select(s => new Measurement<double>(s.Value, new KeyValuePair<string, object?>("agent_id", s.Key)));
    }

    private sealed record Usage(string Agent, long MemoryBytes, double CpuPercent);
}
