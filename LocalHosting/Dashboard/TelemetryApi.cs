using System.Globalization;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using OsMEN.LocalHosting.Otlp;

namespace OsMEN.LocalHosting.Dashboard;

/// <summary>Logs, traces and metrics as services sent them. A page asks again with the last number that it has, and gets what is new.</summary>
internal sealed class TelemetryApi(TelemetryStore telemetry)
{
    private const int MaxTraces = 1_000;

    public void Map(IEndpointRouteBuilder routes)
    {
        routes.MapGet("/api/logs", context => DashboardJsonContext.WriteAsync(context, Logs(context.Request), DashboardJsonContext.Default.LogRows));
        routes.MapGet("/api/logs/{id:long}", context => DashboardJsonContext.WriteAsync(context, Log(context.Request), DashboardJsonContext.Default.LogView));
        routes.MapGet("/api/traces", context => DashboardJsonContext.WriteAsync(context, Traces(context.Request), DashboardJsonContext.Default.TraceRows));
        routes.MapGet("/api/traces/{id}", context => DashboardJsonContext.WriteAsync(context, Trace(context.Request), DashboardJsonContext.Default.TraceView));
        routes.MapGet("/api/metrics", context => DashboardJsonContext.WriteAsync(context, Metrics(), DashboardJsonContext.Default.MetricRows));
        routes.MapGet("/api/metrics/series", context => DashboardJsonContext.WriteAsync(context, Series(context.Request), DashboardJsonContext.Default.SeriesRows));
    }

    private LogRows Logs(HttpRequest request)
    {
        var filter = new LogFilter
        {
            After = Number(request, "after"),
            Service = Text(request, "resource"),
            MinSeverity = (int)Math.Min(Number(request, "level"), 24),
            Text = Text(request, "text"),
            TraceId = Text(request, "trace"),
        };
        var last = telemetry.Logs.Last;
        var logs = telemetry.Logs.Query(filter);
        return new(
            [.. logs.Select(l => new LogRow(l.Id, Milliseconds(l.Time), l.Severity, l.Source.Service, l.Source.Instance, l.Category, l.Message, l.TraceId))],
            logs is [.., var newest] ? Math.Max(newest.Id, last) : last,
            telemetry.Logs.Use);
    }

    private LogView? Log(HttpRequest request) =>
        telemetry.Logs.Find(long.Parse((string)request.RouteValues["id"]!, CultureInfo.InvariantCulture)) is not { } l
            ? null
            : new(l.Id, Milliseconds(l.Time), l.Severity, l.Source.Service, l.Source.Instance, l.Category, l.Message, l.TraceId, l.SpanId, l.Attributes);

    private TraceRows Traces(HttpRequest request)
    {
        var found = telemetry.Traces.Query(Text(request, "resource"), Text(request, "text"), Text(request, "failed") is not null, MaxTraces);
        return new(
            [.. found.Select(t => new TraceRow(t.Id, t.Name, t.Service, Milliseconds(t.Start), Milliseconds(t.Duration), t.Spans, t.Failed, t.Services))],
            telemetry.Traces.Use);
    }

    private TraceView? Trace(HttpRequest request)
    {
        var id = (string)request.RouteValues["id"]!;
        var spans = telemetry.Traces.Find(id);
        return spans.Count == 0 ? null : new(id, [.. spans.Select(View)], telemetry.Logs.Query(new() { TraceId = id }).Count);

        static SpanView View(SpanEntry s) => new(
            s.SpanId, s.ParentId, s.Name, s.Kind, Milliseconds(s.Start), Milliseconds(s.End - s.Start), s.Failed, s.StatusMessage, s.Source.Service, s.Source.Instance, s.Scope,
            s.Attributes, [.. s.Events.Select(e => new SpanEventView(Milliseconds(e.Time), e.Name, e.Attributes))]);
    }

    private MetricRows Metrics() => new(
        [.. telemetry.Metrics.List().Select(m => new MetricView(m.Metric.Service, m.Metric.Meter, m.Metric.Name, m.Kind.ToString(), m.Unit, m.Description, m.Series))],
        telemetry.Metrics.Use);

    private SeriesRows Series(HttpRequest request)
    {
        var metric = new MetricName(Text(request, "resource") ?? "", Text(request, "meter") ?? "", Text(request, "name") ?? "");
        return new([.. telemetry.Metrics.Find(metric, Number(request, "after")).Select(s => new SeriesView(s.Source.Instance, s.Attributes, [.. s.Points.Select(Point)]))]);
    }

    private static double?[] Point(MetricPoint p) => [p.Time, Finite(p.Value), Finite(p.Sum), Finite(p.P50), Finite(p.P90), Finite(p.P99)];

    private static double? Finite(double value) => double.IsFinite(value) ? value : null;

    private static double Milliseconds(long nanoseconds) => Math.Round(nanoseconds / 1e6, 4);

    private static string? Text(HttpRequest request, string name) => request.Query[name] is [{ Length: > 0 } text] ? text : null;

    private static long Number(HttpRequest request, string name) =>
        long.TryParse(request.Query[name], NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : 0;
}
