using OsMEN.Gateway.Alerts.Rules;

namespace OsMEN.Tests.Monitoring;

/// <summary>What the file of rules may say, and what is said to whoever got it wrong.</summary>
public sealed class AlertYamlTests
{
    private const string Head = """
        outside_metrics:
          up: {kind: gauge}
        rules:
          - name: Example
            summary: "{value} of {agent_id}"
            description: "over {threshold} for {for}"

        """;

    private const string Rest = """
            by: [agent_id]
            threshold: 0.5
            severity: warning
        """;

    [Theory]
    [InlineData("metric: agent_executions_total\n    function: rate\n    window: 5m\n    treshold: 3", 10, "rules[0].treshold is no known key; there are: name,")]
    [InlineData("metric: agent_execution_total\n    function: rate\n    window: 5m", 7, "rules[0].metric agent_execution_total is no metric of the catalogue (docs/metrics.md, without prefix) nor one of outside_metrics")]
    [InlineData("metric: agent_executions_total\n    function: rate\n    window: 5 minutes", 9, "rules[0].window must be a duration with its unit, such as 30s, 5m or 2h")]
    [InlineData("metric: agent_executions_total\n    function: rate\n    window: 10s", 9, "rules[0].window must be at least 1m, four scrapes")]
    [InlineData("metric: agent_executions_total\n    function: rate", 4, "rules[0].window is missing")]
    [InlineData("metric: agent_executions_total\n    window: 5m", 4, "rules[0].function must be one of: rate, increase, since agent_executions_total is a counter")]
    [InlineData("metric: agent_running_executions\n    function: rate", 8, "rules[0].function must be one of: value, since agent_running_executions is a gauge")]
    [InlineData("metric: agent_duration_seconds\n    function: quantile\n    window: 5m", 4, "rules[0].quantile must be a number between 0 and 1, such as 0.95")]
    [InlineData("metric: agent_running_executions\n    where: {status: failed}", 8, "rules[0].where.status agent_running_executions has no such label; it has: agent_id, job, instance")]
    [InlineData("metric: agent_running_executions\n    where: {agent_id: {a: b}}", 8, "rules[0].where.agent_id must be a text or a list of texts")]
    [InlineData("metric: up", 8, "rules[0].by[0] up has no label agent_id; it has: job, instance")]
    [InlineData("metric: agent_running_executions\n    for: 5", 8, "rules[0].for must be a duration with its unit, such as 30s, 5m or 2h")]
    [InlineData("metric: agent_running_executions\n    comparison: \"=>\"", 8, "rules[0].comparison must be one of: >, >=, <, <=, ==, !=")]
    [InlineData("metric: agent_running_executions\n    levels: {critical: 1}", 8, "rules[0].levels stand instead of severity and threshold")]
    [InlineData("metric: agent_running_executions\n    no_data: alert", 8, "rules[0].no_data must be one of: ok, firing")]
    [InlineData("metric: agent_running_executions\n    unit: \"%\"", 8, "rules[0].unit must be one of: number, percent, seconds, bytes, dollars")]
    [InlineData("metric: agent_running_executions\n    min_events: 5", 8, "rules[0].min_events needs a quantile, or a share of counted events")]
    [InlineData("metric: agent_running_executions\n    divide_by: {metric: agents, were: x}", 8, "rules[0].divide_by.were is no known key; there are: metric, where, where_not")]
    [InlineData("metric: agent_running_executions\n    where: {agent_id: \"${OSMEN_TEST_UNSET}\"}", 8, "rules[0].where.agent_id names the environment variable OSMEN_TEST_UNSET, which is not set")]
    [InlineData("metric: agent_running_executions\n    metric: agents", 8, "key metric is there twice")]
    public void What_is_wrong_is_said_with_its_line(string lines, int line, string reason)
    {
        var file = AlertYaml.Read("alerts.yaml", $"{Head}    {lines}\n{Rest}", static _ => null);
        Assert.Contains(file.Problems, p => p.Line == line && p.Reason.StartsWith(reason, StringComparison.Ordinal));
    }

    [Fact]
    public void A_name_stands_for_one_rule()
    {
        var rule = """
              - {name: Twice, summary: s, description: d, metric: agents, threshold: 1, severity: info}

            """;
        var file = AlertYaml.Read("alerts.yaml", $"rules:\n{rule}{rule}", static _ => null);
        Assert.Equal(["alerts.yaml:3: rules[1].name Twice is another rule's name already"], file.Problems.Select(p => p.ToString()));
    }

    [Theory]
    [InlineData("rules: []", "alerts.yaml:1: rules must be a list of 1 to 1000 rules")]
    [InlineData("", "alerts.yaml:1: must be an object with named fields")]
    [InlineData("rule:\n  - x", "alerts.yaml:1: rule is no known key; there are: runbook, outside_metrics, rules, channels, routes")]
    [InlineData("outside_metrics:\n  agents: {kind: gauge}", "alerts.yaml:2: outside_metrics.agents is a metric of ours")]
    [InlineData("outside_metrics:\n  a b: {kind: gauge}", "alerts.yaml:2: outside_metrics.a b is no metric's name")]
    [InlineData("rules: [", "alerts.yaml:2: While parsing")]
    public void A_file_that_is_none_is_refused(string text, string problem) =>
        Assert.Contains(AlertYaml.Read("alerts.yaml", text, static _ => null).Problems, p => p.ToString().StartsWith(problem, StringComparison.Ordinal));

    [Fact]
    public void A_file_that_is_not_there_is_a_problem() =>
        Assert.StartsWith("/no/such/alerts.yaml: cannot be read: ", AlertYaml.ReadFile("/no/such/alerts.yaml", static _ => null).Problems.Single().ToString(), StringComparison.Ordinal);

    [Theory]
    [InlineData("2.5", 2.5)]
    [InlineData(null, 10)]
    public void A_variable_of_the_environment_is_a_number_where_its_value_is_one(string? value, double threshold)
    {
        var file = AlertYaml.Read("alerts.yaml", "rules:\n  - {name: A, summary: s, description: d, metric: agents, severity: info, threshold: \"${LIMIT:-10}\"}", name => name == "LIMIT" ? value : null);
        Assert.Empty(file.Problems);
        Assert.Equal([new AlertLevel(AlertSeverity.Info, threshold)], file.Rules.Single().Levels);
    }

    [Fact]
    public void A_value_of_the_environment_adds_no_keys()
    {
        var file = AlertYaml.Read("alerts.yaml", "rules:\n  - {name: A, summary: \"${TEXT}\", description: d, metric: agents, severity: info, threshold: 1}", _ => "x\"\n    for: 1h\n  - name: B");
        Assert.Empty(file.Problems);
        Assert.Equal("x\"\n    for: 1h\n  - name: B", file.Rules.Single().Summary);
    }

    [Fact]
    public void Where_alerts_are_sent_is_not_the_rules_affair()
    {
        var file = AlertYaml.Read(
            "alerts.yaml",
            "channels: {slack: {url: \"${SLACK_URL}\"}}\nroutes: [{severity: critical, channels: [slack]}]\nrules:\n  - {name: A, summary: s, description: d, metric: agents, severity: info, threshold: 1}",
            static _ => null);
        Assert.Empty(file.Problems);
        Assert.Equal("A", file.Rules.Single().Name);
    }

    [Theory]
    [InlineData("5*", "503", true)]
    [InlineData("5*", "205", false)]
    [InlineData("*", "", true)]
    [InlineData("a*c*e", "abcde", true)]
    [InlineData("a*c*e", "abcd", false)]
    [InlineData("/api/*", "/api/v1", true)]
    [InlineData("x", "xx", false)]
    public void A_star_stands_for_any_text(string pattern, string value, bool matches)
    {
        Assert.Equal(matches, new LabelFilter("l", [pattern], Excludes: false).Matches(value));
        Assert.Equal(!matches, new LabelFilter("l", [pattern], Excludes: true).Matches(value));
    }
}
