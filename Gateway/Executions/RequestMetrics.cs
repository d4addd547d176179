using System.Diagnostics.Metrics;
using OsMEN.Executions;
using OsMEN.Executions.Metrics;
using OsMEN.ServiceDefaults.Metrics;

namespace OsMEN.Gateway.Executions;

/// <summary>Requests for executions: accepted here, and pending and running as the queue has them.</summary>
internal sealed class RequestMetrics
{
    private static readonly KeyValuePair<string, object?>[] Kinds =
        [.. Enum.GetValues<ExecutionKind>().Select(k => new KeyValuePair<string, object?>("kind", k.ToString().ToLowerInvariant()))];

    private readonly Counter<long> _accepted;

    public RequestMetrics(MetricFactory metrics, QueueMetrics queue)
    {
        _accepted = metrics.Counter(MetricCatalog.ServiceRequests);
        foreach (var kind in Kinds)
            _accepted.Add(0, kind);
        metrics.ObservableGauge(MetricCatalog.ServiceRequestsByStatus, () => queue.Latest is { } depth
            ? [new(depth.Due + depth.Scheduled, new KeyValuePair<string, object?>("status", "pending")), new(depth.Running, new KeyValuePair<string, object?>("status", "running"))]
            : []);
    }

    public void Accepted(ExecutionKind kind) => _accepted.Add(1, Kinds[(int)kind]);
}
