using System.Net.Http.Json;
using System.Text.RegularExpressions;
using OsMEN.Gateway.Alerts.Notices;
using OsMEN.Gateway.Alerts.Rules;
using OsMEN.Tests.Alerts;
using OsMEN.Tests.Infrastructure;

namespace OsMEN.Tests.Monitoring;

/// <summary>Who is told of what: the routes, channels and inhibitions of <c>monitoring/alertmanager/alertmanager.yml</c>.</summary>
public sealed partial class AlertmanagerTests
{
    private static readonly string[][] Alerts =
    [
        ["DatabaseDown", "severity=critical", "job=gateway"],
        ["HighErrorRate", "severity=critical"],
        ["ComponentUnhealthy", "severity=warning", "job=gateway", "component=task_queue"],
        ["ComponentUnhealthy", "severity=warning", "job=gateway", "component=llm"],
        ["HighMemoryUsage", "severity=critical", "job=agentworker", "instance=w-1:8080"],
        ["HighMemoryUsage", "severity=warning", "job=agentworker", "instance=w-1:8080"],
        ["HighMemoryUsage", "severity=warning", "job=agentworker", "instance=w-2:8080"],
        ["BudgetNearlySpent", "severity=critical", "budget=a", "period=day"],
        ["BudgetNearlySpent", "severity=warning", "budget=b", "period=day"],
    ];

    // Those of them that nothing keeps back.
    private static readonly string[] Told =
    [
        "BudgetNearlySpent budget=a critical", "BudgetNearlySpent budget=b warning", "ComponentUnhealthy component=llm warning", "DatabaseDown critical",
        "HighMemoryUsage instance=w-1:8080 critical", "HighMemoryUsage instance=w-2:8080 warning",
    ];

    private static readonly string Configuration = MonitoringFiles.Full("monitoring/alertmanager/alertmanager.yml");

    [Theory]
    [InlineData("critical", "pagerduty,sms,slack,email,webhook")]
    [InlineData("warning", "slack,email,webhook")]
    [InlineData("info", "email,webhook")]
    [InlineData("none", "webhook")]
    public async Task A_severity_goes_to_its_channels(string severity, string receivers)
    {
        var output = await Programs.RunAsync(Amtool(), "config", "routes", "test", $"--config.file={Configuration}", $"severity={severity}", "alertname=HighErrorRate");
        Assert.Equal(receivers, output.Trim());
    }

    [Fact]
    public async Task It_is_accepted_as_it_stands_and_with_every_channel_turned_on()
    {
        await Programs.RunAsync(Amtool(), "check-config", Configuration);
        var file = Path.Combine(Directory.CreateTempSubdirectory("osmen-alertmanager-").FullName, "alertmanager.yml");
        try
        {
            var on = TurnedOff().Replace(MonitoringFiles.Text("monitoring/alertmanager/alertmanager.yml"), "${indent}${line}");
            Assert.All(
                ["smtp_smarthost", "email_configs", "slack_configs", "pagerduty_configs", "webhook_configs", "sns_configs", "mute_time_intervals"],
                key => Assert.Matches($"(?m)^ +{key}:", on));
            await File.WriteAllTextAsync(file, on, TestContext.Current.CancellationToken);
            await Programs.RunAsync(Amtool(), "check-config", file);
        }
        finally
        {
            Directory.Delete(Path.GetDirectoryName(file)!, recursive: true);
        }
    }

    [Fact]
    public void Every_alert_that_it_names_is_a_rule_s()
    {
        var rules = AlertYaml.ReadFile(MonitoringFiles.Full("monitoring/alerts.yaml"), static _ => null).Rules.Select(r => r.Name).ToArray();
        var named = Named().Matches(MonitoringFiles.Text("monitoring/alertmanager/alertmanager.yml")).SelectMany(m => m.Groups["names"].Value.Trim('"').Split('|')).ToArray();
        Assert.NotEmpty(named);
        Assert.All(named, name => Assert.Contains(name, rules));
    }

    [Fact]
    public async Task It_starts_with_nothing_configured_and_keeps_back_what_follows_from_another_alert()
    {
        var amtool = Amtool();
        await using var server = await AlertmanagerServer.StartAsync(Configuration);
        foreach (var alert in Alerts) await Programs.RunAsync(amtool, [$"--alertmanager.url={server.Http.BaseAddress}", "alert", "add", .. alert]);

        // Inhibition is decided when notices are due; asking to see only what is not kept back decides it too.
        string[] told = [];
        await Programs.UntilAsync(
            async () =>
            {
                told = [.. (await server.Http.GetFromJsonAsync<Alert[]>("/api/v2/alerts?inhibited=false", TestContext.Current.CancellationToken))!.Select(a => a.ToString()).Order(StringComparer.Ordinal)];
                return told.SequenceEqual(Told, StringComparer.Ordinal);
            },
            "what follows is kept back");
        Assert.Equal(Told, told);
    }

    [Fact]
    public void The_built_in_engine_keeps_back_the_same()
    {
        var file = RoutingYaml.Read("alerts.yaml", MonitoringFiles.Text("monitoring/alerts.yaml"), static _ => null);
        Assert.Empty(file.Problems);
        var alerts = Alerts.Select(a => InhibitionTests.Alert(string.Join(' ', a))).ToArray();
        var inhibited = Inhibition.Find(file.Inhibitions, alerts);
        Assert.Equal(
            Told, alerts.Where(a => !inhibited.ContainsKey(a.Fingerprint)).Select(a => new Alert(a.Labels.Pairs.ToDictionary(StringComparer.Ordinal)).ToString()).Order(StringComparer.Ordinal));
    }

    private static string Amtool() => Programs.Need("amtool", "amtool");

    [GeneratedRegex("^(?<indent> +)# (?<line>((- |  )*[a-z0-9_]+:).*)$", RegexOptions.Multiline | RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex TurnedOff();

    [GeneratedRegex("alertname =~? (?<names>\"[^\"]*\"|[A-Za-z]+)", RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Named();

    private sealed record Alert(Dictionary<string, string> Labels)
    {
        public override string ToString() =>
            string.Join(' ', Labels.Where(l => l.Key is "budget" or "component" or "instance").Select(l => $"{l.Key}={l.Value}").Prepend(Labels["alertname"]).Append(Labels["severity"]));
    }
}
