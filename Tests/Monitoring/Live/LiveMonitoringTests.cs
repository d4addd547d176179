using System.Text.RegularExpressions;
using OsMEN.ServiceDefaults.Metrics;
using OsMEN.Tests.Infrastructure;

namespace OsMEN.Tests.Monitoring.Live;

/// <summary>Runs every query of rules and boards against a running system, and checks the alerts when a part of it is killed.</summary>
[Collection(AloneOnTheMachine.Name)]
public sealed partial class LiveMonitoringTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(3);

    // Why an expression over one of these has no data here.
    private static readonly Dictionary<string, string> Absent = new(StringComparer.Ordinal)
    {
        ["osmen_container_runtime_healthy"] = "no agent of the catalogue runs in a container",
        ["osmen_notifications_total"] = "nobody is told",
        ["up{job=\"osmen_gateway\"} == 0"] = "OsMEN's document has another name for the job; docs/queries.md has ours",
    };

    [Fact]
    public async Task Every_expression_has_data_and_an_alert_fires_while_a_part_is_dead()
    {
        await using var system = await MonitoredSystem.StartAsync();
        await Programs.UntilAsync(
            async () => (await PrometheusServer.QueryAsync(system.Prometheus, "up{job=~\"gateway|agentworker|prometheus\"}")) is { Count: 4 } targets
                && targets.All(t => t.Value == 1),
            "every target is up");
        await EveryExpressionAsync(system);
        await EveryLabelAsync(system);

        await DiesAsync(system, "agentworker", 1, "ServiceDown", "agentworker");
        await DiesAsync(system, Path.GetFileName(Programs.Find("redis-server", "valkey-server")!), 0, "RedisDown", "gateway");
        await DiesAsync(system, "postgres-server", 0, "DatabaseDown", "gateway");
    }

    private static async Task EveryExpressionAsync(MonitoredSystem system)
    {
        var asked = MonitoringExpressions.All().SelectMany(Asked).Where(e => WhyNot(e.Expression) is null).Distinct().ToList();
        Assert.True(asked.Count > 150, $"Only {asked.Count} expressions are asked.");
        List<(string Source, string Expression)> empty = asked;
        try
        {
            await Programs.UntilAsync(
                async () =>
                {
                    var still = new List<(string, string)>();
                    foreach (var e in empty)
                    {
                        if ((await PrometheusServer.QueryAsync(system.Prometheus, MonitoringExpressions.WithoutThreshold(e.Expression))).Count == 0)
                            still.Add(e);
                    }

                    empty = still;
                    return empty.Count == 0;
                },
                "every expression has data",
                Patience);
        }
        catch (TimeoutException)
        {
            Assert.Fail($"No data:\n{string.Join('\n', empty.Select(e => $"{e.Source}: {e.Expression}"))}");
        }
    }

    // Labels of the catalogue, those of the scrape, and none else: neither an id nor what somebody forgot to declare.
    private static async Task EveryLabelAsync(MonitoredSystem system)
    {
        string[] scraped = ["job", "instance", "__name__", "otel_scope_name", "le"];

        // OpenMetrics has a sample with the time of creation for each series of a counter, without _total, and of a histogram.
        var declared = MetricCatalog.All
            .SelectMany(m => (string[])[$"osmen_{m.Family}", $"osmen_{Total().Replace(m.Family, "")}_created"], (metric, name) => (metric.Labels, name))
            .DistinctBy(m => m.name).ToDictionary(m => m.name, m => m.Labels, StringComparer.Ordinal);
        var recorded = MonitoringFiles.Rules().Select(r => r.Rule["record"]?.GetValue<string>()).ToHashSet(StringComparer.Ordinal);
        var found = await PrometheusServer.QueryAsync(system.Prometheus, "{__name__=~\"osmen_.+\",otel_scope_name!=\"\"}");
        var other = found.Where(s => !recorded.Contains(s.Labels["__name__"])).Select(s => (Name: Suffix().Replace(s.Labels["__name__"], ""), Extra: s.Labels.Keys.Except(scraped)))
            .Where(s => !declared.TryGetValue(s.Name, out var labels) || s.Extra.Except(labels).Any()).Select(s => $"{s.Name}: {string.Join(", ", s.Extra)}");
        Assert.Empty(other.Distinct(StringComparer.Ordinal));
    }

    [GeneratedRegex("_(bucket|sum|count)$", RegexOptions.ExplicitCapture)]
    private static partial Regex Suffix();

    [GeneratedRegex("_total$", RegexOptions.ExplicitCapture)]
    private static partial Regex Total();

    // An alert's condition has no result while all is well: what it reads is asked for. promtool's tests hold the conditions themselves.
    private static IEnumerable<(string Source, string Expression)> Asked((string Source, string Expression) e) =>
        e.Source.StartsWith("rule alerts:", StringComparison.Ordinal) ? MonitoringExpressions.MetricsOf(e.Expression).Select(m => (e.Source, m)) : [e];

    private static string? WhyNot(string expression) =>
        Absent.GetValueOrDefault(expression) ?? MonitoringExpressions.MetricsOf(expression).Select(m => Absent.GetValueOrDefault(m) ?? Exporter(m)).FirstOrDefault(r => r is not null);

    // .NET's own and Prometheus's are here; those of servers' exporters and of containers are not.
    private static string? Exporter(string metric) => MonitoringFiles.Outside.GetValueOrDefault(metric) is { } by and not (".NET" or "Prometheus") ? $"{by} does not run here" : null;

    private static async Task DiesAsync(MonitoredSystem system, string resource, int instance, string alert, string job)
    {
        // With a scrape a second, one that is late for long enough fires too, and is resolved by itself.
        await Programs.UntilAsync(async () => (await FiringAsync()).Count == 0, $"{alert} does not fire", Patience);
        var id = await system.KillAsync(resource, instance);
        await Programs.UntilAsync(async () => (await FiringAsync()).Any(a => a["job"] == job), $"{alert} fires", Patience);
        await system.StartAsync(id);
        await Programs.UntilAsync(async () => (await FiringAsync()).Count == 0, $"{alert} is resolved", Patience);

        Task<IReadOnlyList<IReadOnlyDictionary<string, string>>> FiringAsync() => AlertmanagerServer.FiringAsync(system.Alertmanager, alert);
    }
}
