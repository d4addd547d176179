using System.Globalization;
using System.Text.RegularExpressions;
using OsMEN.ServiceDefaults.Metrics;
using OsMEN.Tests.Infrastructure;
using OsMEN.Tests.ServiceDefaults;

namespace OsMEN.Tests.Monitoring;

/// <summary>What boards, rules and documents ask: it parses, and each metric is there.</summary>
public sealed partial class ExpressionTests
{
    private static readonly string[] HistogramParts = ["_bucket", "_sum", "_count"];

    private static readonly HashSet<string> Exported =
    [
        .. MetricCatalog.All.SelectMany(m => m.Kind == MetricKind.Histogram ? HistogramParts.Select(p => $"osmen_{m.Family}{p}") : [$"osmen_{m.Family}"]),
    ];

    private static readonly HashSet<string> Recorded = [.. MonitoringFiles.Rules().Select(r => r.Rule["record"]?.GetValue<string>()).OfType<string>()];

    [Fact]
    public async Task Prometheus_parses_every_expression()
    {
        var promtool = Programs.Need("Prometheus", "promtool");
        var all = MonitoringExpressions.All().ToArray();
        Assert.True(all.Length > 300, string.Create(CultureInfo.InvariantCulture, $"{all.Length} expressions"));
        var file = Path.GetTempFileName();
        try
        {
            // One file each would take minutes: all at once, and one by one only to name what is wrong.
            await File.WriteAllTextAsync(file, MonitoringExpressions.RulesFile([.. all.Select(e => e.Expression)]), TestContext.Current.CancellationToken);
            await Programs.RunAsync(promtool, "check", "rules", file);
        }
        catch (InvalidOperationException e)
        {
            var wrong = RuleNumber().Matches(e.Message).Select(m => all[int.Parse(m.Groups["number"].ValueSpan, CultureInfo.InvariantCulture) - 1]);
            Assert.Fail($"{string.Join('\n', wrong)}\n{e.Message}");
        }
        finally
        {
            File.Delete(file);
        }
    }

    [Fact]
    public async Task The_rules_and_their_tests_pass()
    {
        var promtool = Programs.Need("Prometheus", "promtool");
        await Programs.RunAsync(promtool, ["check", "rules", .. Directory.GetFiles(MonitoringFiles.Full("monitoring/prometheus/rules"), "*.yaml")]);
        await Programs.RunAsync(promtool, ["test", "rules", .. PackTests()]);
    }

    [Fact]
    public void Every_metric_that_is_asked_for_is_exported_or_recorded_or_another_programs()
    {
        var unknown = from e in MonitoringExpressions.All()
                      from metric in MonitoringExpressions.MetricsOf(e.Expression)
                      where !Exported.Contains(metric) && !Recorded.Contains(metric) && !MonitoringFiles.Outside.ContainsKey(metric)

                            // A quantile is recorded under the histogram's own name.
                            && metric != "openmanus_http_request_duration_seconds"
                      select $"{e.Source}: {metric}";
        Assert.True(!unknown.Any(), string.Join('\n', unknown.Distinct().Order(StringComparer.Ordinal)));
    }

    [Fact]
    public void Every_label_that_is_asked_for_is_one_of_its_metrics()
    {
        var labels = MetricCatalog.All.ToDictionary(m => m.Family, m => m.Labels, StringComparer.Ordinal);
        var unknown = from e in MonitoringExpressions.All()
                      from selector in Selector().Matches(e.Expression)
                      let metric = selector.Groups["metric"].Value
                      let family = labels.GetValueOrDefault(metric) ?? labels.GetValueOrDefault(metric[..Math.Max(0, metric.LastIndexOf('_'))])
                      where family is not null
                      from label in Label().Matches(selector.Groups["labels"].Value)
                      where label.Groups["name"].Value is not ("job" or "instance" or "le") && !family.Contains(label.Groups["name"].Value)
                      select $"{e.Source}: {selector.Value}";
        Assert.True(!unknown.Any(), string.Join('\n', unknown.Distinct()));
    }

    [Fact]
    public void What_is_declared_as_another_programs_is_asked_for()
    {
        string[] asked =
        [
            .. MonitoringExpressions.All().SelectMany(e => MonitoringExpressions.MetricsOf(e.Expression)),
            .. MonitoringFiles.Documents["documents"]!.AsArray().SelectMany(d => MonitoringFiles.Texts(d!["metrics"])),
        ];
        Assert.Equal([], MonitoringFiles.Outside.Keys.Except(asked, StringComparer.Ordinal));
    }

    [Fact]
    public void No_recorded_name_is_one_of_ours() => Assert.Equal([], Recorded.Intersect(Exported, StringComparer.Ordinal));

    [Fact]
    public void Every_recorded_name_of_a_pack_is_tested()
    {
        foreach (var pack in MonitoringFiles.Rules().Where(r => r.Rule["record"] is not null && r.File is "openmanus" or "agentnexus" or "maos" or "hishamos").GroupBy(r => r.File))
        {
            var tests = MonitoringFiles.Yaml($"monitoring/prometheus/tests/packs/{pack.Key}.yaml")["tests"]!.AsArray()
                .SelectMany(t => t!["promql_expr_test"]!.AsArray()).SelectMany(t => MonitoringExpressions.MetricsOf(t!["expr"]!.GetValue<string>()));
            Assert.Equal([], pack.Select(r => r.Rule["record"]!.GetValue<string>()).Except(tests, StringComparer.Ordinal));
        }
    }

    [Fact]
    public void Every_metric_of_the_five_documents_is_here_or_has_a_reason_not_to_be()
    {
        foreach (var document in MonitoringFiles.Documents["documents"]!.AsArray())
        {
            var reasons = document!["not_here"]?.AsObject().Select(r => r.Key).ToArray() ?? [];
            var missing = MonitoringFiles.Texts(document["metrics"]).Where(m => !IsHere(m)).ToArray();
            Assert.Equal(reasons, missing);
        }

        // A histogram is asked for by its parts.
        static bool IsHere(string metric) => Exported.Contains(metric) || Recorded.Contains(metric) || MonitoringFiles.Outside.ContainsKey(metric)
            || HistogramParts.All(p => Exported.Contains(metric + p) || Recorded.Contains(metric + p));
    }

    [Fact]
    public async Task The_runtime_exports_what_is_asked_of_it()
    {
        await using var service = await TestService.StartAsync();
        GC.Collect();
        await service.GetAsync("/health/live");
        var (_, text) = await service.GetAsync("/metrics");
        var there = text.Split('\n').Select(l => l.Split(' ', '{')[0]).ToHashSet(StringComparer.Ordinal);
        Assert.Equal([], MonitoringFiles.Outside.Where(o => o.Value == ".NET").Select(o => o.Key).Except(there, StringComparer.Ordinal));
    }

    [Theory]
    [InlineData("sum by (job) (rate(a_total{x=~\"b.*\", y=\"c{\\\"}\"}[5m])) / on (job) group_left (z) clamp_min(b:c, 1e-9) or vector(0)", "a_total b:c")]
    [InlineData("histogram_quantile(0.9, sum(rate(a_bucket[1h:5m] offset 1d)) by (le)) > bool 1", "a_bucket")]
    [InlineData("topk(10, (d unless e) and f)", "d e f")]
    public void The_metrics_of_an_expression_are_found(string expression, string metrics) =>
        Assert.Equal(metrics.Split(' '), MonitoringExpressions.MetricsOf(expression).Order(StringComparer.Ordinal));

    [Theory]
    [InlineData("a / b > 0.8", "a / b")]
    [InlineData("up{job=\"gateway\"} == 0", "up{job=\"gateway\"}")]
    [InlineData("a > bool 1", "a > bool 1")]
    [InlineData("a > b", "a > b")]
    public void A_threshold_can_be_left_out(string expression, string without) => Assert.Equal(without, MonitoringExpressions.WithoutThreshold(expression));

    [Fact]
    public void Grafanas_variables_are_filled_in() => Assert.Equal(
        "sum(rate(a{b=~\".*\", c=~\".*\"}[5m])) + increase(d[1h])",
        MonitoringExpressions.WithoutVariables("sum(rate(a{b=~\"$job\", c=~\"${agent:regex}\"}[$__rate_interval])) + increase(d[$__range])"));

    private static string[] PackTests() => Directory.GetFiles(MonitoringFiles.Full("monitoring/prometheus/tests/packs"), "*.yaml");

    [GeneratedRegex(@"\bosmen_(?<metric>\w+)\{(?<labels>[^}]*)\}", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Selector();

    [GeneratedRegex("(?<name>\\w+)\\s*(=~|!~|!=|=)\"", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Label();

    [GeneratedRegex("rule (?<number>[0-9]+)", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex RuleNumber();
}
