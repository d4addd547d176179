using System.Text.Json.Nodes;
using OsMEN.Executions.Catalog;
using OsMEN.Gateway.Alerts.Measuring;
using OsMEN.Gateway.Alerts.Rules;
using OsMEN.Gateway.Alerts.State;
using OsMEN.Tests.Infrastructure;
using OsMEN.Tests.Monitoring;

namespace OsMEN.Tests.Alerts;

/// <summary>
/// The built-in engine and Prometheus, given the same series: for every shipped rule the same alerts, with the same labels and texts, fire
/// at the same times.
/// </summary>
public sealed class EngineAgreementTests
{
    private static readonly Lazy<AlertFile> Shipped = new(() => AlertYaml.ReadFile(MonitoringFiles.Full("monitoring/alerts.yaml"), static _ => null));

    public static TheoryData<string> Names => [.. Shipped.Value.Rules.Select(r => r.Name)];

    [Theory]
    [MemberData(nameof(Names))]
    public void The_engine_passes_the_tests_that_are_written_for_Prometheus(string rule)
    {
        var file = PromtoolFile.Read($"monitoring/prometheus/tests/{rule}.yaml");
        foreach (var test in file.Tests)
        {
            var fired = Run(file, test);
            foreach (var (at, alert, expected) in test.Expectations)
                Assert.Equal((test.Name, at, string.Join('\n', expected)), (test.Name, at, string.Join('\n', Firing(fired, file, at, alert))));
        }
    }

    [Theory]
    [MemberData(nameof(Names))]
    public async Task Promtool_finds_what_the_engine_finds_at_every_evaluation(string rule)
    {
        var promtool = Programs.Need("promtool", "promtool");
        var file = PromtoolFile.Read($"monitoring/prometheus/tests/{rule}.yaml");
        JsonArray tests = [];
        foreach (var test in file.Tests)
        {
            var fired = Run(file, test);
            tests.Add(new JsonObject
            {
                ["name"] = test.Name,
                ["interval"] = DurationText.Format(test.Interval),
                ["input_series"] = new JsonArray([.. test.Series.Select(s => new JsonObject { ["series"] = s.Text, ["values"] = s.Values })]),
                ["alert_rule_test"] = new JsonArray([.. fired.Select(f => new JsonObject
                {
                    ["eval_time"] = DurationText.Format(f.Key),
                    ["alertname"] = rule,
                    ["exp_alerts"] = new JsonArray([.. f.Value.Where(a => a.Rule == rule).Select(a => new JsonObject
                    {
                        ["exp_labels"] = new JsonObject(a.Labels.Pairs.Where(l => l.Key != "alertname").Select(l => KeyValuePair.Create(l.Key, (JsonNode?)l.Value))),
                        ["exp_annotations"] = new JsonObject { ["summary"] = a.Summary, ["description"] = a.Description, ["runbook_url"] = a.Runbook },
                    })]),
                })]),
            });
        }
        var document = new JsonObject
        {
            ["rule_files"] = new JsonArray(MonitoringFiles.Full("monitoring/prometheus/rules/alerts.yaml")),
            ["evaluation_interval"] = DurationText.Format(file.EvaluationInterval),
            ["tests"] = tests,
        };
        var path = Path.Combine(Path.GetTempPath(), $"{Path.GetRandomFileName()}.yaml");
        await File.WriteAllTextAsync(path, document.ToJsonString(), TestContext.Current.CancellationToken);
        try
        {
            await Programs.RunAsync(promtool, "test", "rules", path);
        }
        finally
        {
            File.Delete(path);
        }
    }

    private static string[] Firing(SortedDictionary<TimeSpan, IReadOnlyList<Alert>> fired, PromtoolFile file, TimeSpan at, string alert) =>
        [.. fired[TimeSpan.FromTicks(at.Ticks / file.EvaluationInterval.Ticks * file.EvaluationInterval.Ticks)].Where(a => a.Rule == alert)
            .Select(a => PromtoolFile.Line(a.Labels.Pairs, a.Summary, a.Description, a.Runbook)).Order(StringComparer.Ordinal)];

    /// <summary>Which alerts fire after each evaluation.</summary>
    private static SortedDictionary<TimeSpan, IReadOnlyList<Alert>> Run(PromtoolFile file, PromtoolTest test)
    {
        const string prefix = "osmen_";
        var rules = Shipped.Value.Rules;
        var store = new SampleStore();
        store.Keep(RuleMeasure.Needs(rules, prefix));
        var measure = new RuleMeasure(store, prefix);
        AlertCase[] cases = [.. rules.SelectMany(AlertCase.Of)];
        var end = test.Expectations.Max(e => e.At);
        var fired = new SortedDictionary<TimeSpan, IReadOnlyList<Alert>>();
        Dictionary<string, Alert> active = new(StringComparer.Ordinal);
        var next = 0;
        for (var at = TimeSpan.Zero; at <= end; at += file.EvaluationInterval)
        {
            for (; next * test.Interval <= at; next++)
                foreach (var series in test.Series)
                    if (next < series.Samples.Count && series.Samples[next] is { } value)
                        store.Add(series.Metric, series.Labels, (long)(next * test.Interval).TotalMilliseconds, value, startsHere: true);
            var changes = AlertStates.Next(
                [.. active.Values], [.. cases.Select(c => new CaseFindings(c, measure.Evaluate(c, (long)at.TotalMilliseconds)))], DateTimeOffset.UnixEpoch + at);
            foreach (var alert in changes.Removed) active.Remove(alert.Fingerprint);
            foreach (var alert in changes.Written)
                if (alert.State == AlertState.Resolved) active.Remove(alert.Fingerprint);
                else active[alert.Fingerprint] = alert;
            fired[at] = [.. active.Values.Where(a => a.State == AlertState.Firing)];
        }
        return fired;
    }
}
