using System.Diagnostics.Metrics;
using OsMEN.ServiceDefaults.Metrics;
using OsMEN.ServiceDefaults.Tracing;

namespace OsMEN.Gateway.Dashboard;

/// <summary>One endpoint's figures of the last five minutes.</summary>
internal sealed record EndpointSummary(string Method, string Endpoint, LatencySummary Requests);

/// <summary>This gateway's requests. Probes, scrapes and the dashboard's own requests are left out.</summary>
internal sealed class RequestStatistics(MetricFactory metrics, IMeterFactory meters, TelemetryOptions options, TimeProvider time)
    : LatencyStatistics<(string Method, string Endpoint)>(MetricCatalog.RequestDuration, metrics, meters, options, time)
{
    private const int SummarySlots = 300 / LatencyWindow.SlotSeconds;

    private static readonly string[] Ignored = ["/alive", "/dashboard", "/health", "/metrics", "/ready", "/ws", "unmatched"];

    /// <summary>By endpoint, the busiest first.</summary>
    public IReadOnlyList<EndpointSummary> ByEndpoint() =>
    [
        .. Each((key, window, last) => new EndpointSummary(key.Method, key.Endpoint, window.Summarise(last, SummarySlots)))
            .Where(e => e.Requests.PerSecond > 0)
            .OrderByDescending(e => e.Requests.PerSecond).ThenBy(e => e.Endpoint, StringComparer.Ordinal),
    ];

    protected override bool TryRead(ReadOnlySpan<KeyValuePair<string, object?>> labels, out (string Method, string Endpoint) key, out bool isError)
    {
        var endpoint = Label(labels, "endpoint");
        key = (Label(labels, "method"), endpoint);
        isError = Label(labels, "status_code").StartsWith('5');
        return !Array.Exists(Ignored, i => endpoint.StartsWith(i, StringComparison.Ordinal));
    }
}
