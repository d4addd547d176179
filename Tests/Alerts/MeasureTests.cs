using Microsoft.Extensions.Logging.Abstractions;
using OsMEN.Gateway.Alerts;
using OsMEN.Gateway.Alerts.Measuring;
using OsMEN.Gateway.Alerts.Rules;
using OsMEN.Tests.Infrastructure;
using OsMEN.Tests.Monitoring;

namespace OsMEN.Tests.Alerts;

public sealed class MeasureTests
{
    private const long Second = 1000;
    private const long Hour = 3600 * Second;

    [Fact]
    public void Thinning_out_keeps_growth_over_days_and_resets()
    {
        var series = new SampleSeries(LabelSet.Empty, startsHere: true);
        var (value, grown) = (0.0, 0.0);
        for (long at = 0; at <= 80 * Hour; at += 15 * Second)
        {
            if (at % (7 * Hour) == 0 && at > 0) value = 0;
            else (value, grown) = (value + 2, grown + (at > 8 * Hour ? 2 : 0));
            series.Add(new(at, value), TimeSpan.FromHours(73));
        }
        Assert.InRange(series.Increase(8 * Hour, 80 * Hour)!.Value, grown * 0.999, grown * 1.001);
        Assert.InRange(series.Increase(80 * Hour - 300 * Second, 80 * Hour)!.Value, 39.9, 40.1);
    }

    [Fact]
    public void A_scrape_is_read_for_what_rules_ask_for()
    {
        const string text = "# HELP a x\n# TYPE a gauge\na{x=\"1,2\",y=\"say \\\"hi\\\"\\n\\\\\"} 5\nb 1\na{x=\"}\"} +Inf 1700000000\na NaN\nbroken{x=\"1 3\n";
        var read = ExpositionReader.Read(text, name => name is "a" or "broken").Select(r => $"{r.Metric} {string.Join(';', r.Labels.Pairs.Select(p => $"{p.Key}={p.Value}"))} {r.Value.ToString(System.Globalization.CultureInfo.InvariantCulture)}");
        Assert.Equal(["a x=1,2;y=say \"hi\"\n\\ 5", "a x=} Infinity", "a  NaN"], read);
    }

    [Fact]
    public void What_no_rule_asks_for_is_not_kept_and_what_does_not_fit_is_counted()
    {
        var store = new SampleStore();
        store.Keep(new Dictionary<string, TimeSpan> { ["a"] = TimeSpan.FromMinutes(10) });
        Assert.Null(store.Add("b", LabelSet.Empty, 0, 1, startsHere: false));
        for (var i = 0; i <= SampleStore.MaxSeries; i++) store.Add("a", new([new("n", $"{i}")]), 0, 1, startsHere: false);
        Assert.Equal(1, store.LeftOut);
        store.Forget(11 * 60 * Second);
        Assert.NotNull(store.Add("a", new([new("n", "new")]), 11 * 60 * Second, 1, startsHere: true));
    }

    [Fact]
    public void A_counter_that_was_there_before_this_process_looked_has_not_grown_from_zero()
    {
        var rule = AlertYaml.ReadFile(MonitoringFiles.Full("monitoring/alerts.yaml"), static _ => null).Rules.Single(r => r.Name == "HighCost");
        foreach (var (startsHere, fires) in new[] { (true, 1), (false, 0) })
        {
            var store = new SampleStore();
            store.Keep(RuleMeasure.Needs([rule], "osmen_"));
            for (var i = 0; i < 4; i++) store.Add("osmen_llm_cost_dollars_total", LabelSet.Empty, i * 15 * Second, 500, startsHere);
            Assert.Equal(fires, new RuleMeasure(store, "osmen_").Evaluate(AlertCase.Of(rule).Single(), 45 * Second).Count);
        }
    }

    [Fact]
    public async Task Prometheus_is_asked_and_where_it_is_away_nothing_is_known()
    {
        var server = await PrometheusServer.StartAsync("scrape_configs: []\n");
        using var measure = new PrometheusMeasure(server.Http.BaseAddress!, new AlertOptions(), TimeProvider.System, NullLogger<PrometheusMeasure>.Instance);
        var rules = AlertYaml.ReadFile(MonitoringFiles.Full("monitoring/alerts.yaml"), static _ => null).Rules;
        AlertCase[] cases = [.. rules.SelectMany(AlertCase.Of)];
        var found = await measure.MeasureAsync(cases, TestContext.Current.CancellationToken);
        Assert.All(found, f => Assert.NotNull(f.Findings));
        Assert.Equal(
            ["ServiceDown job=agentworker 1", "ServiceDown job=gateway 1"],
            found.SelectMany(f => f.Findings!.Select(x => $"{f.Case.Rule.Name} {string.Join(',', x.Labels.Pairs.Select(p => $"{p.Key}={p.Value}"))} {x.Value:0}")).Order(StringComparer.Ordinal));
        await server.DisposeAsync();
        Assert.All(await measure.MeasureAsync(cases, TestContext.Current.CancellationToken), f => Assert.Null(f.Findings));
    }
}
