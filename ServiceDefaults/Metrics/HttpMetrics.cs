using System.Diagnostics;
using System.Diagnostics.Metrics;
using System.Globalization;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace OsMEN.ServiceDefaults.Metrics;

/// <summary>The metrics of requests. Their endpoint is a route's pattern, never a path, so that a scan makes no series.</summary>
internal sealed class HttpMetrics
{
    /// <summary>The endpoint of a request that no route takes.</summary>
    public const string Unmatched = "unmatched";

    private static readonly string[] StatusTexts = [.. Enumerable.Range(0, 600).Select(n => n.ToString(CultureInfo.InvariantCulture))];

    private readonly Counter<long> _requests;
    private readonly Histogram<double> _duration;
    private readonly UpDownCounter<long> _inProgress;
    private readonly ErrorMetrics _errors;

    public HttpMetrics(MetricFactory metrics, ErrorMetrics errors)
    {
        _requests = metrics.Counter(MetricCatalog.Requests);
        _duration = metrics.Histogram(MetricCatalog.RequestDuration);
        _inProgress = metrics.UpDownCounter(MetricCatalog.RequestsInProgress);
        _errors = errors;
        _errors.Expect("http", "500");
    }

    public static string RouteOf(Endpoint? endpoint) => endpoint switch
    {
        RouteEndpoint { RoutePattern.RawText: { Length: > 0 } pattern } => pattern[0] == '/' ? pattern : $"/{pattern}",
        RouteEndpoint => "/",
        _ => Unmatched,
    };

    /// <summary>The method where it is a standard one: a client may send any word.</summary>
    public static string MethodOf(HttpContext context) => context.Request.Method switch
    {
        "GET" or "POST" or "PUT" or "DELETE" or "PATCH" or "HEAD" or "OPTIONS" or "CONNECT" or "TRACE" => context.Request.Method,
        _ => "_OTHER",
    };

    public static string StatusText(int status) => (uint)status < (uint)StatusTexts.Length ? StatusTexts[status] : "0";

    public static TagList Labels(HttpContext context, string route) => new() { { "method", MethodOf(context) }, { "endpoint", route } };

    public void Started(in TagList labels) => _inProgress.Add(1, labels);

    public void Ended(in TagList labels) => _inProgress.Add(-1, labels);

    public void Finished(HttpContext context, string route, int status, TimeSpan duration, Exception? failure)
    {
        var labels = Labels(context, route);
        labels.Add("status_code", StatusText(status));
        _requests.Add(1, labels);

        // A WebSocket lasts as long as its user looks.
        if (status != StatusCodes.Status101SwitchingProtocols) _duration.Record(duration.TotalSeconds, labels);
        if (failure is not null || status >= 500)
            _errors.Count("http", failure?.GetType().Name ?? StatusText(status));
    }
}
