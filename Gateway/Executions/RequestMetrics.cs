using System.Diagnostics.Metrics;
using OsMEN.Executions;
using OsMEN.Executions.Metrics;
using OsMEN.ServiceDefaults.Metrics;

namespace OsMEN.Gateway.Executions;

/// <summary>Requests for executions: accepted here, pending and running as the queue has them, and those that were cancelled here before a worker ended them.</summary>
internal sealed class RequestMetrics
{
    private static readonly KeyValuePair<string, object?>[] Kinds =
        [.. Enum.GetValues<ExecutionKind>().Select(k => new KeyValuePair<string, object?>("kind", k.ToString().ToLowerInvariant()))];

    private readonly Counter<long> _accepted;

    public RequestMetrics(MetricFactory metrics, QueueMetrics queue, EndMetrics ends)
    {
        _accepted = metrics.Counter(MetricCatalog.ServiceRequests);
        foreach (var kind in Kinds)
            _accepted.Add(0, kind);
        metrics.ObservableGauge(MetricCatalog.ServiceRequestsByStatus, () => queue.Latest is { } depth
            ? [Of("pending", depth.Due + depth.Scheduled), Of("running", depth.Running), .. ends.ByStatus()]
            : ends.ByStatus());
    }

    private static Measurement<double> Of(string status, long count) => new(count, new KeyValuePair<string, object?>("status", status));

    public void Accepted(ExecutionKind kind) => _accepted.Add(1, Kinds[(int)kind]);
}
