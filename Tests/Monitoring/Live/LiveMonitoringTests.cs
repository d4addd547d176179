using System.Text.RegularExpressions;
using OsMEN.ServiceDefaults.Metrics;
using OsMEN.Tests.Infrastructure;

namespace OsMEN.Tests.Monitoring.Live;

/// <summary>Everything that asks for metrics, asked of a running system; and what is told when a part of it dies.</summary>
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
    public async Task Every_expression_has_data_and_a_part_that_dies_is_told_of_until_it_is_back()
    {
        await using var system = await MonitoredSystem.StartAsync();
        await Programs.UntilAsync(
            async () => (await system.Prometheus.QueryAsync("up{job=~\"gateway|agentworker|prometheus\"}")) is { Count: 4 } targets && targets.All(t => t.Value == 1), "every target is up");
        await EveryExpressionAsync(system);
        await EveryLabelAsync(system);

        await DiesAsync(system, "ServiceDown", "job", "agentworker", system.Workers[1].KillAsync, system.Workers[1].StartAsync);
        await DiesAsync(system, "RedisDown", "job", "gateway", system.Redis.KillAsync, system.Redis.StartAsync);
        await DiesAsync(system, "DatabaseDown", "job", "gateway", system.Postgres.KillAsync, system.Postgres.StartAsync);
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
                        if ((await system.Prometheus.QueryAsync(MonitoringExpressions.WithoutThreshold(e.Expression))).Count == 0)
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
        var declared = MetricCatalog.All.ToDictionary(m => $"osmen_{m.Family}", m => m.Labels, StringComparer.Ordinal);
        var recorded = MonitoringFiles.Rules().Select(r => r.Rule["record"]?.GetValue<string>()).ToHashSet(StringComparer.Ordinal);
        var found = await system.Prometheus.QueryAsync("{__name__=~\"osmen_.+\",otel_scope_name!=\"\"}");
        var other = found.Where(s => !recorded.Contains(s.Labels["__name__"])).Select(s => (Name: Suffix().Replace(s.Labels["__name__"], ""), Extra: s.Labels.Keys.Except(scraped)))
            .Where(s => !declared.TryGetValue(s.Name, out var labels) || s.Extra.Except(labels).Any()).Select(s => $"{s.Name}: {string.Join(", ", s.Extra)}");
        Assert.Empty(other.Distinct(StringComparer.Ordinal));
    }

    [GeneratedRegex("_(bucket|sum|count)$", RegexOptions.ExplicitCapture)]
    private static partial Regex Suffix();

    // An alert's condition has no result while all is well: what it reads is asked for. promtool's tests hold the conditions themselves.
    private static IEnumerable<(string Source, string Expression)> Asked((string Source, string Expression) e) =>
        e.Source.StartsWith("rule alerts:", StringComparison.Ordinal) ? MonitoringExpressions.MetricsOf(e.Expression).Select(m => (e.Source, m)) : [e];

    private static string? WhyNot(string expression) =>
        Absent.GetValueOrDefault(expression) ?? MonitoringExpressions.MetricsOf(expression).Select(m => Absent.GetValueOrDefault(m) ?? Exporter(m)).FirstOrDefault(r => r is not null);

    // .NET's own and Prometheus's are here; those of servers' exporters and of containers are not.
    private static string? Exporter(string metric) => MonitoringFiles.Outside.GetValueOrDefault(metric) is { } by and not (".NET" or "Prometheus") ? $"{by} does not run here" : null;

    private static async Task DiesAsync(MonitoredSystem system, string alert, string label, string value, Func<Task> kill, Func<Task> start)
    {
        // Scrapes have a second here: one that was late for long enough has fired, and ends by itself.
        await Programs.UntilAsync(async () => (await system.Alertmanager.FiringAsync(alert)).Count == 0, $"{alert} does not fire", Patience);
        await kill();
        await Programs.UntilAsync(async () => (await system.Alertmanager.FiringAsync(alert)).Any(a => a[label] == value), $"{alert} fires", Patience);
        await start();
        await Programs.UntilAsync(async () => (await system.Alertmanager.FiringAsync(alert)).Count == 0, $"{alert} is resolved", Patience);
    }
}
