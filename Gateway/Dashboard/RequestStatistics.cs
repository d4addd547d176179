using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using OsMEN.ServiceDefaults.Metrics;
using OsMEN.ServiceDefaults.Tracing;

namespace OsMEN.Gateway.Dashboard;

/// <summary>One endpoint's figures of the last five minutes.</summary>
internal sealed record EndpointSummary(string Method, string Endpoint, LatencySummary Requests);

/// <summary>
/// This gateway's requests of the last 15 minutes, heard from its own metric: no Prometheus is needed. Probes, scrapes and the
/// dashboard's own requests are left out.
/// </summary>
internal sealed class RequestStatistics : IDisposable
{
    // Routes are few; this is for what a user's own code may make of them.
    private const int MaxEndpoints = 500;
    private const int SummarySlots = 300 / LatencyWindow.SlotSeconds;

    private static readonly string[] Ignored = ["/alive", "/dashboard", "/health", "/metrics", "/ready", "/ws", "unmatched"];

    private readonly ConcurrentDictionary<(string Method, string Endpoint), LatencyWindow> _endpoints = new();
    private readonly MeterListener _listener;
    private readonly TimeProvider _time;

    public RequestStatistics(MetricFactory metrics, IMeterFactory meters, TelemetryOptions options, TimeProvider time)
    {
        // The factory makes the metric; without it there is none to hear.
        ArgumentNullException.ThrowIfNull(metrics);
        _time = time;
        _listener = OwnMetric.Listen(MetricCatalog.RequestDuration, meters, options, Record);
    }

    /// <summary>All endpoints together.</summary>
    public LatencyWindow All { get; } = new();

    /// <summary>By endpoint, the busiest first.</summary>
    public IReadOnlyList<EndpointSummary> ByEndpoint()
    {
        var last = LatencyWindow.SlotOf(_time.GetUtcNow()) - 1;
        return [.. _endpoints
            .Select(e => new EndpointSummary(e.Key.Method, e.Key.Endpoint, e.Value.Summarise(last, SummarySlots)))
            .Where(e => e.Requests.PerSecond > 0)
            .OrderByDescending(e => e.Requests.PerSecond).ThenBy(e => e.Endpoint, StringComparer.Ordinal)];
    }

    public void Dispose() => _listener.Dispose();

    private void Record(double seconds, ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        string method = "", endpoint = "", status = "";
        foreach (var (name, value) in tags)
        {
            switch (name)
            {
                case "method": method = (string)value!; break;
                case "endpoint": endpoint = (string)value!; break;
                case "status_code": status = (string)value!; break;
            }
        }

        if (Array.Exists(Ignored, i => endpoint.StartsWith(i, StringComparison.Ordinal)))
            return;
        var slot = LatencyWindow.SlotOf(_time.GetUtcNow());
        var isError = status.StartsWith('5');
        All.Record(slot, seconds, isError);
        if (_endpoints.TryGetValue((method, endpoint), out var window) || (_endpoints.Count < MaxEndpoints && (window = _endpoints.GetOrAdd((method, endpoint), _ => new())) is not null))
            window.Record(slot, seconds, isError);
    }
}
