using System.Text.RegularExpressions;
using OsMEN.Executions.Catalog;
using OsMEN.Gateway.Alerts.Rules;
using OsMEN.Tests.Infrastructure;

namespace OsMEN.Tests.Monitoring;

/// <summary>The rules that are shipped: what the contract promises, each with its tests and its runbook.</summary>
public sealed partial class AlertRuleTests
{
    private static readonly string[] Cases = ["fires", "stays silent", "no data", "counter reset"];
    private static readonly Lazy<AlertFile> Shipped = new(() => AlertYaml.ReadFile(MonitoringFiles.Full("monitoring/alerts.yaml"), static _ => null));

    public static TheoryData<string> Names => [.. Shipped.Value.Rules.Select(r => r.Name)];

    [Fact]
    public void The_shipped_rules_have_no_problem() => Assert.Empty(Shipped.Value.Problems);

    [Fact]
    public void Every_rule_of_the_contract_is_there_with_its_thresholds()
    {
        string[] expected =
        [
            "BudgetNearlySpent >= critical 0.95, warning 0.85",
            "ComponentUnhealthy <= warning 1",
            "ContainerRuntimeDown == critical 0",
            "DatabaseConnectionsHigh > warning 0.8",
            "DatabaseDown == critical 0",
            "DatabasePoolExhausted >= critical 1",
            "ExecutionErrorBudgetBurn > critical 14.4x 1h 5m, critical 6x 6h 30m, warning 1x 72h 6h",
            "HighAgentFailureRate > critical 0.1, warning 0.05",
            "HighCost > warning 10",
            "HighCpuUsage > warning 0.8",
            "HighErrorRate > critical 0.05",
            "HighMemoryUsage > critical 0.9, warning 0.85",
            "HighRequestLatency > warning 1",
            "HighResponseTime > critical 10",
            "LowCacheHitRate < info 0.7",
            "NotificationFailures > warning 0",
            "QueueWaitHigh > warning 60",
            "RedisDown == critical 0",
            "RedisMemoryHigh > warning 0.9",
            "RequestErrorBudgetBurn > critical 14.4x 1h 5m, critical 6x 6h 30m, warning 1x 72h 6h",
            "ServiceDown == critical 0",
            "SlowExecutions > warning 30",
            "TaskQueueBacklog > warning 1000",
            "UnpricedTokens > info 0",
            "WorkersSaturated >= warning 0.95",
        ];
        Assert.Equal(expected, Shipped.Value.Rules.Select(Short).Order(StringComparer.Ordinal));
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Every_rule_has_a_test_file_with_the_four_cases(string rule)
    {
        var text = MonitoringFiles.Text($"monitoring/prometheus/tests/{rule}.yaml");
        var cases = CaseName().Matches(text).Select(m => m.Groups["name"].Value).ToArray();
        Assert.All(Cases, expected => Assert.Contains(cases, c => c.StartsWith(expected, StringComparison.Ordinal)));
        Assert.All(AlertName().Matches(text), m => Assert.Equal(rule, m.Groups["name"].Value));
        foreach (var severity in Severities(Shipped.Value.Rules.Single(r => r.Name == rule)))
            Assert.Contains($"severity: {severity}", text, StringComparison.Ordinal);
    }

    [Fact]
    public void Every_test_file_has_its_rule() =>
        Assert.Equal(Shipped.Value.Rules.Select(r => r.Name).Order(StringComparer.Ordinal), TestFiles().Select(f => Path.GetFileNameWithoutExtension(f)!).Order(StringComparer.Ordinal));

    [Fact]
    public async Task Prometheus_finds_each_rule_to_do_what_its_test_says()
    {
        var promtool = Programs.Need("promtool", "promtool");
        await Programs.RunAsync(promtool, ["test", "rules", .. TestFiles()]);
    }

    [Fact]
    public async Task Prometheus_accepts_the_rules()
    {
        var promtool = Programs.Need("promtool", "promtool");
        var output = await Programs.RunAsync(promtool, "check", "rules", MonitoringFiles.Full("monitoring/prometheus/rules/alerts.yaml"));
        var count = Shipped.Value.Rules.Sum(r => r.Levels.Count + r.BurnRates.Count);
        Assert.Contains($"SUCCESS: {count} rules found", output, StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Every_rule_has_its_section_in_the_runbook(string rule)
    {
        var (file, section) = Shipped.Value.Rules.Single(r => r.Name == rule).Runbook.Split('#') switch { var parts => (parts[0], parts[1]) };
        var text = MonitoringFiles.Text(file);
        var heading = Heading().Matches(text).Single(m => Anchor(m.Groups["title"].Value) == section);
        var rest = text[(heading.Index + heading.Length)..];
        var end = rest.IndexOf("\n#", StringComparison.Ordinal);
        var body = end < 0 ? rest : rest[..end];
        Assert.All(["**Meaning.**", "**Look at.**", "**Do.**"], part => Assert.Contains(part, body, StringComparison.Ordinal));
    }

    // As GitHub makes them.
    private static string Anchor(string title) => NoAnchor().Replace(title.ToLowerInvariant(), "").Replace(' ', '-');

    private static string Short(AlertRule rule)
    {
        var levels = rule.Levels.Select(l => $"{JsonFields.WireName(l.Severity)} {AlertText.Plain(l.Threshold)}")
            .Concat(rule.BurnRates.Select(b => $"{JsonFields.WireName(b.Severity)} {AlertText.Plain(b.Factor)}x {DurationText.Format(b.Long)} {DurationText.Format(b.Short)}"));
        return $"{rule.Name} {rule.Comparison.Sign()} {string.Join(", ", levels)}";
    }

    private static IEnumerable<string> Severities(AlertRule rule) =>
        rule.Levels.Select(l => l.Severity).Concat(rule.BurnRates.Select(b => b.Severity)).Distinct().Select(JsonFields.WireName);

    private static string[] TestFiles() => Directory.GetFiles(MonitoringFiles.Full("monitoring/prometheus/tests"), "*.yaml");

    [GeneratedRegex(@"^  - name: [""']?(?<name>.*)$", RegexOptions.Multiline | RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex CaseName();

    [GeneratedRegex("^        alertname: (?<name>.*)$", RegexOptions.Multiline | RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex AlertName();

    [GeneratedRegex("^#+ (?<title>.*)$", RegexOptions.Multiline | RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Heading();

    [GeneratedRegex("[^a-z0-9 _-]", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex NoAnchor();
}
