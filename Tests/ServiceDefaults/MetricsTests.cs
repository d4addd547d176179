using System.Diagnostics;
using System.Diagnostics.Metrics;
using System.Net;
using System.Text.RegularExpressions;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using OsMEN.ServiceDefaults.Metrics;
using OsMEN.Tests.Infrastructure;

namespace OsMEN.Tests.ServiceDefaults;

public sealed partial class MetricsTests
{
    private const string OpenMetrics = "application/openmetrics-text; version=1.0.0,text/plain;version=0.0.4;q=0.5";

    [Fact]
    public async Task Requests_are_counted_by_route_and_a_scan_makes_one_series()
    {
        await using var service = await TestService.StartAsync(map: app =>
        {
            app.MapGet("/items/{id}", (string id) => id);
            app.MapGet("/boom", IResult () => throw new InvalidOperationException("no"));
        });
        for (var i = 0; i < 20; i++)
        {
            await service.GetAsync($"/items/{i}");
            await service.GetAsync($"/scan/{i}.php");
        }
        await service.GetAsync("/boom");
        using var odd = new HttpRequestMessage(new HttpMethod("BREW"), "/items/1");
        (await service.Client.SendAsync(odd, TestContext.Current.CancellationToken)).Dispose();

        var (_, text) = await service.GetAsync("/metrics");
        var samples = Samples(text, service.Prefix);
        Assert.Equal(
            [
                """errors_total{otel_scope_name="OsMEN",component="http",error_type="500"} 0""",
                """errors_total{otel_scope_name="OsMEN",component="http",error_type="InvalidOperationException"} 1""",
                """requests_total{otel_scope_name="OsMEN",endpoint="/boom",method="GET",status_code="500"} 1""",
                """requests_total{otel_scope_name="OsMEN",endpoint="/items/{id}",method="GET",status_code="200"} 20""",
                """requests_total{otel_scope_name="OsMEN",endpoint="unmatched",method="GET",status_code="404"} 20""",
                """requests_total{otel_scope_name="OsMEN",endpoint="unmatched",method="_OTHER",status_code="405"} 1""",
            ],
            samples.Where(s => s.StartsWith("requests_total", StringComparison.Ordinal) || s.StartsWith("errors_total", StringComparison.Ordinal)).Order(StringComparer.Ordinal));
        Assert.Contains("""request_duration_seconds_count{otel_scope_name="OsMEN",endpoint="/items/{id}",method="GET",status_code="200"} 20""", samples);
        Assert.Contains("""requests_in_progress{otel_scope_name="OsMEN",endpoint="/items/{id}",method="GET"} 0""", samples);
        Assert.DoesNotContain("scan/", text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Exposition_has_every_family_and_every_series_once()
    {
        await using var service = await TestService.StartAsync();
        await service.GetAsync("/alive");
        var (_, text) = await service.GetAsync("/metrics");
        var lines = text.Split('\n');
        var types = lines.Where(l => l.StartsWith("# TYPE ", StringComparison.Ordinal)).ToArray();
        Assert.Equal(types.Length, types.Select(t => t.Split(' ')[2]).Distinct(StringComparer.Ordinal).Count());

        // The names of the GenAI conventions have no prefix, and other tests of this process record under them.
        var series = lines.Where(l => l.Length > 0 && l[0] != '#' && !l.StartsWith("gen_ai_", StringComparison.Ordinal)).Select(l => l[..l.LastIndexOf(' ')]).ToArray();
        Assert.Equal(series.Length, series.Distinct(StringComparer.Ordinal).Count());
        Assert.All(lines.Where(l => l.Length > 0), l => Assert.Matches(Line(), l));

        Assert.Contains("# TYPE dotnet_thread_pool_thread_count_total counter", types);
        Assert.Contains("# TYPE dotnet_gc_collections_total counter", types);
        Assert.Contains("# TYPE kestrel_active_connections gauge", types);
        Assert.Contains($"# TYPE {service.Prefix}request_duration_seconds histogram", types);
        Assert.Contains($"# TYPE {service.Prefix}component_health_status gauge", types);
        Assert.Contains(lines, l => l.StartsWith("target_info{service_name=\"gateway\",", StringComparison.Ordinal) || l.Contains("service_name=\"gateway\"", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Every_metric_of_the_catalogue_is_exposed_with_its_name_type_and_unit()
    {
        await using var service = await TestService.StartAsync();
        var factory = service.App.Services.GetRequiredService<MetricFactory>();
        foreach (var metric in MetricCatalog.All)
        {
            switch (metric.Kind)
            {
                case MetricKind.Counter: factory.Counter(metric).Add(1); break;
                case MetricKind.Gauge: factory.Gauge(metric).Record(1); break;
                default: factory.Histogram(metric).Record(1); break;
            }
        }

        var text = (await service.GetAsync("/metrics", ("Accept", OpenMetrics))).Body.Split('\n').ToHashSet(StringComparer.Ordinal);
        Assert.All(MetricCatalog.All, metric =>
        {
            // OpenMetrics names a counter's family without _total, which only its samples have.
            var family = service.Prefix + (metric.Kind == MetricKind.Counter ? metric.Family[..^"_total".Length] : metric.Family);
            Assert.Contains($"# TYPE {family} {metric.Kind.ToString().ToLowerInvariant()}", text);
            if (metric.Unit is "s" or "By") Assert.Contains($"# UNIT {family} {(metric.Unit == "s" ? "seconds" : "bytes")}", text);
        });
    }

    [Fact]
    public async Task Promtool_reads_the_exposition()
    {
        var promtool = Programs.Need("promtool", "promtool");
        await using var service = await TestService.StartAsync(map: app => app.MapGet("/items/{id}", (string id) => id));
        await service.GetAsync("/items/1");
        using var process = Process.Start(new ProcessStartInfo(promtool, ["check", "metrics"]) { RedirectStandardInput = true, RedirectStandardError = true, UseShellExecute = false })!;
        var problems = process.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
        await process.StandardInput.WriteAsync((await service.GetAsync("/metrics")).Body);
        process.StandardInput.Close();
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);

        // 1 is text that it can't read; 3 is advice about names, of which some of .NET's own metrics need some.
        Assert.True(process.ExitCode is 0 or 3, await problems);
        Assert.DoesNotContain(service.Prefix, await problems, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_scrape_sees_what_was_recorded_just_before_it()
    {
        await using var service = await TestService.StartAsync();
        using var meter = new Meter("OsMEN.Fresh");
        var counter = meter.CreateCounter<long>($"{service.Prefix}fresh");
        for (var i = 1; i <= 3; i++)
        {
            counter.Add(1);
            Assert.Contains($"{service.Prefix}fresh_total{{otel_scope_name=\"OsMEN.Fresh\"}} {i}\n", (await service.GetAsync("/metrics")).Body, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task Only_GET_scrapes()
    {
        await using var service = await TestService.StartAsync();
        using var posted = await service.Client.PostAsync("/metrics", null, TestContext.Current.CancellationToken);
        Assert.Equal(HttpStatusCode.MethodNotAllowed, posted.StatusCode);
    }

    [Fact]
    public async Task OpenMetrics_is_served_to_who_prefers_it()
    {
        await using var service = await TestService.StartAsync();
        await service.GetAsync("/alive");
        using var request = new HttpRequestMessage(HttpMethod.Get, "/metrics");
        request.Headers.TryAddWithoutValidation("Accept", OpenMetrics);
        using var response = await service.Client.SendAsync(request, TestContext.Current.CancellationToken);
        Assert.Equal("application/openmetrics-text; version=1.0.0; charset=utf-8; escaping=underscores", response.Content.Headers.ContentType?.ToString());
        var text = await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
        Assert.EndsWith("\n# EOF\n", text, StringComparison.Ordinal);
        Assert.Contains($"# TYPE {service.Prefix}requests counter\n", text, StringComparison.Ordinal);
        Assert.Contains($"\n{service.Prefix}requests_total{{", text, StringComparison.Ordinal);
        Assert.Contains($"# UNIT {service.Prefix}request_duration_seconds seconds\n", text, StringComparison.Ordinal);
        Assert.Contains(",le=\"1.0\"} ", text, StringComparison.Ordinal);

        using var plain = await service.Client.GetAsync("/metrics", TestContext.Current.CancellationToken);
        Assert.Equal("text/plain; version=0.0.4; charset=utf-8", plain.Content.Headers.ContentType?.ToString());
        Assert.Contains(",le=\"1\"} ", await plain.Content.ReadAsStringAsync(TestContext.Current.CancellationToken), StringComparison.Ordinal);
    }

    [Fact]
    public async Task OpenMetrics_joins_a_bucket_to_a_trace()
    {
        await using var service = await TestService.StartAsync(map: app => app.MapGet("/hello", () => "hello"), settings: ("OTEL_TRACES_SAMPLER", "always_on"));
        var traceId = ActivityTraceId.CreateRandom().ToHexString();
        await service.GetAsync("/hello", ("traceparent", $"00-{traceId}-00f067aa0ba902b7-01"));
        var (_, text) = await service.GetAsync("/metrics", ("Accept", OpenMetrics));
        var prefix = $"{service.Prefix}request_duration_seconds_bucket{{otel_scope_name=\"OsMEN\",endpoint=\"/hello\",";
        Assert.Contains(text.Split('\n'), l => l.StartsWith(prefix, StringComparison.Ordinal) && l.Contains($" 1 # {{trace_id=\"{traceId}\",span_id=\"", StringComparison.Ordinal));
        Assert.DoesNotContain("trace_id", (await service.GetAsync("/metrics")).Body, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_users_meter_is_exported_without_registration_and_odd_values_are_escaped()
    {
        await using var service = await TestService.StartAsync();
        using var meter = new Meter("OsMEN.Custom", "1.2");
        var counter = meter.CreateCounter<long>($"{service.Prefix}my.things-done", "{thing}", "Line one\nback\\slash \"quoted\"");
        counter.Add(3, new("a.b", "x\"y\\z\nw"), new("a_b", "second"), new("1st", true), new("n", 7));
        var (_, text) = await service.GetAsync("/metrics");
        Assert.Contains(
            $$"""
            # TYPE {{service.Prefix}}my_things_done_total counter
            # HELP {{service.Prefix}}my_things_done_total Line one\nback\\slash "quoted"
            {{service.Prefix}}my_things_done_total{otel_scope_name="OsMEN.Custom",otel_scope_version="1.2",_1st="true",a_b="x\"y\\z\nw;second",n="7"} 3

            """.ReplaceLineEndings("\n"), text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Without_metrics_there_is_no_endpoint()
    {
        await using var service = await TestService.StartAsync(settings: ("ENABLE_METRICS", "false"));
        Assert.Equal(HttpStatusCode.NotFound, (await service.GetAsync("/metrics")).Status);
    }

    private static string[] Samples(string text, string prefix) =>
        [.. text.Split('\n').Where(l => l.StartsWith(prefix, StringComparison.Ordinal)).Select(l => l[prefix.Length..])];

    [GeneratedRegex("""^(# (TYPE|HELP) [a-zA-Z_:][a-zA-Z0-9_:]* .*|[a-zA-Z_:][a-zA-Z0-9_:]*\{([a-zA-Z_][a-zA-Z0-9_]*="(\\["\\n]|[^"\\])*",?)*\} (NaN|[+-]Inf|-?[0-9][0-9.E+-]*))$""", RegexOptions.ExplicitCapture)]
    private static partial Regex Line();
}
