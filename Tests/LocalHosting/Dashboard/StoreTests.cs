using System.Globalization;
using OsMEN.LocalHosting.Otlp;
using OsMEN.LocalHosting.Output;

namespace OsMEN.Tests.LocalHosting.Dashboard;

/// <summary>What services send has bounds, whatever they send.</summary>
public sealed class StoreTests
{
    private static readonly TelemetrySource s_source = new("api", "api-1");

    [Fact]
    public void Of_20000_logs_the_newest_10000_are_kept_and_the_others_counted()
    {
        var store = new LogStore();
        store.Add([.. Enumerable.Range(1, 20_000).Select(i => Log($"line {i}"))]);
        Assert.Equal((10_000, 10_000L), (store.Use.Count, store.Use.Dropped));
        var kept = store.Query(new());
        Assert.Equal(("line 10001", "line 20000"), (kept[0].Message, kept[^1].Message));
        Assert.Equal(kept.Sum(Sizes.Of), store.Use.Bytes);
    }

    [Fact]
    public void Big_logs_push_out_the_oldest_before_they_exceed_the_bytes()
    {
        var store = new LogStore(maxBytes: 1_000_000);
        store.Add([.. Enumerable.Range(1, 100).Select(i => Log(new string('x', 10_000) + i.ToString(CultureInfo.InvariantCulture)))]);
        Assert.InRange(store.Use.Bytes, 900_000, 1_000_000);
        Assert.Equal(100, store.Use.Count + store.Use.Dropped);
        Assert.EndsWith("x100", store.Query(new())[^1].Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Of_12000_traces_the_newest_10000_are_kept()
    {
        var store = new TraceStore();
        for (var i = 0; i < 12_000; i++)
            store.Add([Span(i, 1)]);
        Assert.Equal((10_000, 2_000L), (store.Use.Count, store.Use.Dropped));
        Assert.Empty(store.Find(TraceId(0)));
        Assert.Single(store.Find(TraceId(11_999)));
    }

    [Fact]
    public void One_trace_without_end_does_not_push_out_the_others()
    {
        var store = new TraceStore(maxBytes: 1_000_000);
        store.Add([Span(1, 1)]);
        for (var i = 1; i <= 5_000; i++)
            store.Add([Span(2, i)]);
        Assert.Equal((2, 0L), (store.Use.Count, store.Use.Dropped));
        Assert.True(store.Use.Bytes < 200_000);
        Assert.Equal(5_000, store.Find(TraceId(2)).Count + store.DroppedSpans);
    }

    [Fact]
    public void A_trace_s_root_is_found_though_it_arrives_last()
    {
        var store = new TraceStore();
        store.Add([Span(1, 2, parent: 1, start: 20), Span(1, 3, parent: 1, start: 30, service: "worker", failed: true)]);
        store.Add([Span(1, 1, start: 10)]);
        var trace = Assert.Single(store.Query(null, null, failedOnly: true, 10));
        Assert.Equal(("span 1", "api", 10L, 25L, 3, 1), (trace.Name, trace.Service, trace.Start, trace.Duration, trace.Spans, trace.Failed));
        Assert.Equal([("api", 2), ("worker", 1)], trace.Services.Select(s => (s.Key, s.Value)).Order());
        Assert.Empty(store.Query("other", null, failedOnly: false, 10));
    }

    [Fact]
    public void A_series_keeps_its_window_and_of_a_steady_value_only_the_ends()
    {
        var store = new MetricStore();
        for (var second = 0; second < 2_000; second++)
            store.Add([Sample("changing", second, second), Sample("steady", second, 7)]);
        var changing = Points(store, "changing");
        Assert.Equal((1_099L, 1_999L, 901), (changing[0].Time, changing[^1].Time, changing.Count));
        Assert.Equal([(0L, 7d), (1_999L, 7d)], Points(store, "steady").Select(p => (p.Time, p.Value)));
    }

    [Fact]
    public void Points_of_one_second_become_one()
    {
        var store = new MetricStore();
        store.Add([Sample("gauge", 1, 1), Sample("gauge", 1, 2), Sample("gauge", 2, 3)]);
        Assert.Equal([(1L, 2d), (2L, 3d)], Points(store, "gauge").Select(p => (p.Time, p.Value)));
    }

    [Fact]
    public void A_new_series_takes_the_place_of_a_silent_one_and_never_of_a_live_one()
    {
        var store = new MetricStore(maxSeries: 2);
        store.Add([Sample("old", 0, 1), Sample("live", 100, 1), Sample("new", 101, 1), Sample("refused", 102, 1)]);
        Assert.Equal(["live", "new"], store.List().Select(m => m.Metric.Name));
        Assert.Equal((2, 1L), (store.Use.Count, store.Use.Dropped));
    }

    [Fact]
    public void Full_stores_stay_within_200_MB_by_their_own_accounts()
    {
        Assert.True(Sizes.Total <= 200 * Sizes.Megabyte);
        var store = new MetricStore();
        store.Add([.. Enumerable.Range(0, 5_000).Select(i => Sample($"metric {i}", 0, i))]);
        Assert.True(store.Use.Bytes <= Sizes.Metrics);
        Assert.Equal(5_000, store.Use.Count + store.Use.Dropped);
    }

    [Fact]
    public void Percentiles_are_of_what_was_measured_since_the_point_before()
    {
        var store = new MetricStore();
        store.Add([Histogram(1, 10, 10, 0, 0), Histogram(2, 20, 10, 10, 0), Histogram(3, 20, 10, 10, 0)]);
        var points = Points(store, "histogram");
        Assert.Equal((1L, 10d, 0.5f), (points[0].Time, points[0].Value, points[0].P50));
        Assert.Equal((2L, 20d, 1.5f), (points[1].Time, points[1].Value, points[1].P50));
        Assert.Equal((3L, 20d, float.NaN), (points[2].Time, points[2].Value, points[2].P50));
    }

    [Fact]
    public void Of_console_lines_the_newest_10000_are_kept()
    {
        var lines = new ConsoleLines(2);
        var write = lines.Tee("api", 0, _ => { });
        for (var i = 1; i <= 15_000; i++)
            write($"line {i}");
        var (all, total) = lines.After("api", 0, 0)!.Value;
        Assert.Equal((10_000, 15_000L, "line 5001", "line 15000"), (all.Count, total, all[0].Text, all[^1].Text));
        Assert.Equal(["line 15000"], lines.After("api", 0, 14_999)!.Value.Lines.Select(l => l.Text));
        Assert.Null(lines.After("other", 0, 0));
    }

    [Fact]
    public void A_broken_message_is_refused_and_nothing_of_it_kept()
    {
        var store = new TelemetryStore();
        foreach (var broken in (byte[][])[[0x0A], [0x0A, 0x05, 0x01], [0x0F, 0x01], [0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x01]])
            Assert.Throws<InvalidDataException>(() => store.Receive(OtlpSignal.Logs, broken));
        Assert.Equal(0, store.Logs.Use.Count);
    }

    private static LogEntry Log(string message) => new()
    {
        Time = 1,
        Severity = 9,
        Source = s_source,
        Category = "Test",
        Message = message,
        TraceId = null,
        SpanId = null,
        Attributes = [],
    };

    private static string TraceId(int number) => number.ToString("x32", CultureInfo.InvariantCulture);

    private static SpanEntry Span(int trace, int number, int? parent = null, long start = 0, string service = "api", bool failed = false) => new()
    {
        TraceId = TraceId(trace),
        SpanId = number.ToString("x16", CultureInfo.InvariantCulture),
        ParentId = parent?.ToString("x16", CultureInfo.InvariantCulture),
        Name = string.Create(CultureInfo.InvariantCulture, $"span {number}"),
        Kind = 1,
        Start = start,
        End = start + 5,
        Failed = failed,
        StatusMessage = null,
        Source = s_source with { Service = service },
        Scope = "Test",
        Attributes = [],
        Events = [],
    };

    private static MetricSample Sample(string name, long second, double value) => new()
    {
        Source = s_source,
        Metric = new("api", "Test", name),
        Unit = "",
        Description = "",
        Kind = MetricKind.Gauge,
        Cumulative = true,
        Start = 0,
        Time = second * 1_000_000_000,
        Value = value,
        Attributes = [],
    };

    private static MetricSample Histogram(long second, double count, params long[] buckets) =>
        Sample("histogram", second, count) with { Kind = MetricKind.Histogram, Bounds = [1, 2], Buckets = buckets };

    private static IReadOnlyList<MetricPoint> Points(MetricStore store, string name) => store.Find(new("api", "Test", name), -1).Single().Points;
}
