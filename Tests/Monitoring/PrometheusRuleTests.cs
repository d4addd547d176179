using OsMEN.Gateway.Alerts.Rules;
using OsMEN.Tests.Infrastructure;

namespace OsMEN.Tests.Monitoring;

/// <summary>What a rule becomes in PromQL.</summary>
public sealed class PrometheusRuleTests
{
    private const string Head = "outside_metrics:\n  up: {kind: gauge}\nrules:\n  - {name: A, summary: s, description: d, severity: info, ";

    [Theory]
    [InlineData("metric: up, where: {job: [a, b]}, by: [job], aggregation: min, comparison: \"==\", threshold: 0, no_data: firing}", "min by (job) (up{job=~\"a|b\"}) == 0\nor absent(up{job=\"a\"})\nor absent(up{job=\"b\"})")]
    [InlineData("metric: up, where: {job: a}, threshold: 0, no_data: firing}", "sum (up{job=\"a\"}) > 0\nor absent(up{job=\"a\"})")]
    [InlineData("metric: agents, where_not: {status: [a.b, \"c\\\\d*\"]}, aggregation: max, threshold: 1e-7}", "max (osmen_agents{status!~\"a\\\\.b|c\\\\\\\\d.*\"}) > 1E-07")]
    [InlineData("metric: agents, where: {status: \"say \\\"x\\\"\"}, aggregation: avg, threshold: -1, comparison: \"<=\"}", "avg (osmen_agents{status=\"say \\\"x\\\"\"}) <= -1")]
    [InlineData("metric: task_queue_size, shared: true, threshold: 1}", "sum (max by (priority) (osmen_task_queue_size)) > 1")]
    [InlineData("metric: task_queue_size, shared: true, by: [priority], threshold: 1}", "max by (priority) (osmen_task_queue_size) > 1")]
    [InlineData("metric: agent_executions_total, function: increase, window: 90s, threshold: 1}", "sum (increase(osmen_agent_executions_total[90s])) > 1")]
    [InlineData("metric: agent_executions_total, function: increase, window: 1h, from_zero: true, threshold: 1}", "sum ((osmen_agent_executions_total unless last_over_time(osmen_agent_executions_total[1h] offset 1h)) or increase(osmen_agent_executions_total[1h])) > 1")]
    [InlineData(
        "metric: agent_duration_seconds, function: quantile, quantile: 0.5, window: 5m, by: [agent_id], min_events: 3, threshold: 1}",
        "histogram_quantile(0.5, sum by (agent_id, le) (rate(osmen_agent_duration_seconds_bucket[5m]))) > 1\nand sum by (agent_id) (increase(osmen_agent_duration_seconds_count[5m])) >= 3")]
    [InlineData(
        "metric: tasks_total, where: {status: failed}, function: rate, window: 5m, by: [type], divide_by: [{metric: tasks_total}, {metric: agent_executions_total}], threshold: 0.5}",
        null)]
    [InlineData(
        "metric: tasks_total, where: {status: failed}, function: rate, window: 5m, by: [job], divide_by: [{metric: tasks_total}, {metric: agent_executions_total}], min_events: 2, threshold: 0.5}",
        "sum by (job) (rate(osmen_tasks_total{status=\"failed\"}[5m]))\n  / (sum by (job) (rate(osmen_tasks_total[5m])) + sum by (job) (rate(osmen_agent_executions_total[5m])) > 0) > 0.5\n"
        + "and sum by (job) (increase(osmen_tasks_total[5m])) + sum by (job) (increase(osmen_agent_executions_total[5m])) >= 2")]
    public async Task A_rule_s_condition_is_written_in_PromQL(string rule, string? expected)
    {
        var file = AlertYaml.Read("alerts.yaml", Head + rule, static _ => null);
        if (expected is null)
        {
            Assert.Contains("has no label type", file.Problems.Single().Reason, StringComparison.Ordinal);
            return;
        }
        Assert.Empty(file.Problems);
        Assert.Equal(expected, PrometheusExpression.Of(file.Rules[0], file.Rules[0].Levels[0]));

        var path = Path.Combine(Path.GetTempPath(), $"{Path.GetRandomFileName()}.yaml");
        await File.WriteAllTextAsync(path, PrometheusRules.Write(file.Rules), TestContext.Current.CancellationToken);
        try
        {
            await Programs.RunAsync(Programs.Need("promtool", "promtool"), "check", "rules", path);
        }
        finally
        {
            File.Delete(path);
        }
    }

    [Fact]
    public void Texts_show_labels_and_values_as_people_read_them()
    {
        var file = AlertYaml.Read(
            "alerts.yaml",
            """
            rules:
              - name: A
                summary: "{agent_id}'s {value} of {threshold}"
                description: "for {for} over {window}"
                metric: agent_executions_total
                function: rate
                window: 5m
                by: [agent_id]
                divide_by: {metric: agent_executions_total}
                threshold: 0.125
                unit: percent
                severity: warning
                for: 120s
                runbook: other-section
            """,
            static _ => null);
        Assert.Empty(file.Problems);
        Assert.Equal(
            """
            # Written from monitoring/alerts.yaml by "dotnet run --project Gateway -- generate".
            groups:
              - name: alerts
                rules:
                  - alert: A
                    expr: |-
                      sum by (agent_id) (rate(osmen_agent_executions_total[5m]))
                        / (sum by (agent_id) (rate(osmen_agent_executions_total[5m])) > 0) > 0.125
                    for: 2m
                    labels:
                      severity: warning
                    annotations:
                      summary: '{{ $labels.agent_id }}''s {{ $value | humanizePercentage }} of 12.5%'
                      description: 'for 2m over 5m'
                      runbook_url: 'docs/operations.md#other-section'

            """.ReplaceLineEndings("\n"),
            PrometheusRules.Write(file.Rules));
    }

    [Fact]
    public void Rules_that_cannot_be_used_are_not_written()
    {
        var root = Directory.CreateTempSubdirectory("osmen-alerts-");
        try
        {
            Directory.CreateDirectory(Path.Combine(root.FullName, "monitoring"));
            var path = Path.Combine(root.FullName, "monitoring", "alerts.yaml");
            File.WriteAllText(path, "rules:\n  - {name: A, summary: s, description: d, metric: agents, threshold: 1}\n");
            Assert.Equal($"{path}:2: rules[0].severity is missing", Assert.Throws<FormatException>(() => PrometheusRules.Write(root.FullName)).Message);
        }
        finally
        {
            root.Delete(recursive: true);
        }
    }
}
