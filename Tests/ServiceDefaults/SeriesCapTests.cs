using System.Diagnostics.Metrics;
using System.Globalization;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using OsMEN.ServiceDefaults.Metrics;

namespace OsMEN.Tests.ServiceDefaults;

public sealed class SeriesCapTests
{
    [Fact]
    public async Task Ten_thousand_paths_make_no_series()
    {
        await using var service = await TestService.StartAsync(map: app => app.MapGet("/items/{id}", (string id) => id));
        await service.GetAsync("/items/0");
        await service.GetAsync("/scan/0.php");
        // What the first round of checks finds makes series of its own, and the first scrape is a request too.
        await service.CheckAsync("");
        await CountAsync(service);
        var before = await CountAsync(service);
        var random = new Random(7);
        await Parallel.ForAsync(0, 10_000, TestContext.Current.CancellationToken, async (i, token) =>
        {
            string path;
            lock (random) path = (i % 2 == 0 ? "/items/" : "/") + Convert.ToHexString(BitConverter.GetBytes(random.NextInt64()));
            using var response = await service.Client.GetAsync(path, token);
        });
        Assert.Equal(before, await CountAsync(service));
    }

    [Fact]
    public async Task Ten_thousand_model_names_end_in_other()
    {
        await using var service = await TestService.StartAsync();
        var metrics = service.App.Services.GetRequiredService<LlmMetrics>();
        for (var i = 0; i < 10_000; i++)
            metrics.Record("daily_brief", new("openai", string.Create(CultureInfo.InvariantCulture, $"model-{i}"), "ok", TimeSpan.FromSeconds(1), null, 10, 5, 0, 0, 0, null, null));

        var (_, text) = await service.GetAsync("/metrics");
        var requests = text.Split('\n').Where(l => l.StartsWith($"{service.Prefix}llm_requests_total{{", StringComparison.Ordinal)).ToArray();
        Assert.Equal(201, requests.Length);
        Assert.Contains($$"""{{service.Prefix}}llm_requests_total{otel_scope_name="OsMEN",model="other",platform="openai",status="ok"} 9800""", requests);
        Assert.Contains($$"""{{service.Prefix}}metrics_series_dropped_total{otel_scope_name="OsMEN",metric="{{service.Prefix}}llm_requests_total"} 9800""", text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Misspelled_models_take_no_place_of_real_ones()
    {
        await using var service = await TestService.StartAsync();
        var metrics = service.App.Services.GetRequiredService<LlmMetrics>();
        for (var i = 0; i < 1000; i++)
            metrics.Record("", new("openai", string.Create(CultureInfo.InvariantCulture, $"typo-{i}"), "error", TimeSpan.FromSeconds(1), null, 0, 0, 0, 0, 0, 0, "error"));
        for (var i = 0; i < 300; i++)
            metrics.Record("", new("openai", string.Create(CultureInfo.InvariantCulture, $"real-{i}"), "ok", TimeSpan.FromSeconds(1), null, 10, 5, 0, 0, 0, 0.001m, null));

        var (_, text) = await service.GetAsync("/metrics");
        var costs = text.Split('\n').Where(l => l.StartsWith($"{service.Prefix}llm_cost_dollars_total{{", StringComparison.Ordinal)).ToArray();
        Assert.Equal(300, costs.Length);
        Assert.DoesNotContain(costs, c => c.Contains("other", StringComparison.Ordinal));
        Assert.DoesNotContain("typo", text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Series_past_the_cardinality_limit_are_one_that_says_so()
    {
        await using var service = await TestService.StartAsync();
        using var meter = new Meter("OsMEN.Unbounded");
        var counter = meter.CreateCounter<long>($"{service.Prefix}visits");
        for (var i = 0; i < 5000; i++) counter.Add(1, new("visitor", i), new("page", "home"));

        var (_, text) = await service.GetAsync("/metrics");
        var visits = text.Split('\n').Where(l => l.StartsWith($"{service.Prefix}visits_total{{", StringComparison.Ordinal)).ToArray();
        Assert.InRange(visits.Length, 1000, 2001);
        var overflow = Assert.Single(visits, l => !l.Contains("visitor", StringComparison.Ordinal));
        var start = $$"""{{service.Prefix}}visits_total{otel_scope_name="OsMEN.Unbounded",otel_metric_overflow="true"} """;
        Assert.StartsWith(start, overflow, StringComparison.Ordinal);
        Assert.Equal(5000, long.Parse(overflow[start.Length..], CultureInfo.InvariantCulture) + visits.Length - 1);
    }

    private static async Task<int> CountAsync(TestService service) =>
        (await service.GetAsync("/metrics")).Body.Split('\n').Count(l => l.StartsWith(service.Prefix, StringComparison.Ordinal));
}
