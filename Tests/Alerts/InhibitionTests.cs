using OsMEN.Gateway.Alerts.Measuring;
using OsMEN.Gateway.Alerts.Notices;
using OsMEN.Gateway.Alerts.Rules;
using OsMEN.Gateway.Alerts.State;

namespace OsMEN.Tests.Alerts;

/// <summary>Which alerts keep others back, and how Alertmanager is told the same.</summary>
public sealed class InhibitionTests
{
    [Fact]
    public void An_alert_is_kept_back_by_another_that_shares_the_labels_and_one_that_both_lack_is_shared()
    {
        Inhibition[] inhibitions = [new([Filter("alertname", "Down")], [Filter("alertname", "Slow*", "Late")], ["job", "instance"])];
        Assert.Equal(
            ["Late job=b", "SlowDisk job=a instance=1"],
            Inhibited(inhibitions, "Down job=a instance=1", "SlowDisk job=a instance=1", "SlowDisk job=a instance=2", "Down job=b", "Late job=b", "Late job=b instance=1", "Other job=b"));
    }

    [Fact]
    public void One_that_matches_both_sides_is_kept_back_only_by_one_that_does_not()
    {
        Inhibition[] inhibitions = [new([Filter("severity", "critical")], [Filter("alertname", "A*")], [])];
        Assert.Empty(Inhibited(inhibitions, "A1 severity=critical", "A2 severity=critical"));
        Assert.Equal(["A1 severity=critical"], Inhibited(inhibitions, "A1 severity=critical", "B severity=critical"));
    }

    [Fact]
    public void One_that_is_kept_back_keeps_others_back()
    {
        Inhibition[] inhibitions = [new([Filter("alertname", "A")], [Filter("alertname", "B")], []), new([Filter("alertname", "B")], [Filter("alertname", "C")], [])];
        Assert.Equal(["B", "C"], Inhibited(inhibitions, "A", "B", "C"));
    }

    [Fact]
    public void Alertmanager_is_told_the_same_whatever_stands_in_values()
    {
        Inhibition[] inhibitions =
        [
            new([Filter("alertname", "Down")], [Filter("alertname", "Slow*", "Late"), Filter("path", "/a.b")], ["job"]),
            new([Filter("team", "the \"A\" team's")], [Filter("team", "C:\\*")], []),
        ];
        const string expected = """
            route: {}

            # While the source fires, nobody is told of the target. From here on written from "inhibitions" of monitoring/alerts.yaml by
            # "dotnet run --project Gateway -- generate".
            inhibit_rules:
              - source_matchers: [alertname = Down]
                target_matchers: ['alertname =~ "Slow.*|Late"', 'path = "/a.b"']
                equal: [job]
              - source_matchers: ['team = "the \"A\" team''s"']
                target_matchers: ['team =~ "C:\\\\.*"']

            """;
        var written = AlertmanagerInhibitions.Write("route: {}\n", inhibitions);
        Assert.Equal(expected.ReplaceLineEndings("\n"), written);
        Assert.Equal(written, AlertmanagerInhibitions.Write(written, inhibitions));
    }

    [Theory]
    [InlineData("inhibitions: 1", "inhibitions must be a list of at most 200")]
    [InlineData("inhibitions:\n  - {source: {alertname: A}}", "inhibitions[0].target must be an object of 1 to 20 labels")]
    [InlineData("inhibitions:\n  - {source: {alertname: A}, target: {alertname: B}, equals: [job]}", "inhibitions[0].equals is no known key; there are: source, target, equal")]
    [InlineData("inhibitions:\n  - {source: {\"a b\": A}, target: {alertname: B}}", "inhibitions[0].source has a b, which is no label's name")]
    [InlineData("inhibitions:\n  - {source: {alertname: A}, target: {alertname: B}, equal: [a-b]}", "inhibitions[0].equal has a-b, which is no label's name")]
    public void What_is_wrong_is_said(string yaml, string reason) =>
        Assert.StartsWith(reason, Assert.Single(RoutingYaml.Read("alerts.yaml", yaml, static _ => null).Problems).Reason, StringComparison.Ordinal);

    private static LabelFilter Filter(string label, params string[] values) => new(label, values, Excludes: false);

    // Alerts are written as "Name label=value …".
    private static IEnumerable<string> Inhibited(Inhibition[] inhibitions, params string[] alerts)
    {
        var found = Inhibition.Find(inhibitions, [.. alerts.Select(Alert)]);
        Assert.All(found, f => Assert.Contains(f.Value, alerts));
        return found.Keys.Order(StringComparer.Ordinal);
    }

    internal static Alert Alert(string text) => new()
    {
        Id = text,
        Rule = text.Split(' ')[0],
        Fingerprint = text,
        Labels = new LabelSet([new("alertname", text.Split(' ')[0]), .. text.Split(' ')[1..].Select(l => KeyValuePair.Create(l.Split('=')[0], l.Split('=')[1]))]),
        Severity = AlertSeverity.Warning,
        State = AlertState.Firing,
        Value = 1,
        Summary = "",
        Description = "",
        Runbook = "",
        ActiveAt = default,
    };
}
