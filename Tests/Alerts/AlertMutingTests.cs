using OsMEN.Gateway.Alerts;
using OsMEN.Gateway.Alerts.State;
using OsMEN.Tests.Executions;
using OsMEN.Tests.Infrastructure;

namespace OsMEN.Tests.Alerts;

public sealed class PostgresAlertMutingTests(PostgresServer server) : AlertMutingTests
{
    internal override Task<TestStore> CreateAsync() => TestStore.PostgresAsync(server);
}

public sealed class SqliteAlertMutingTests : AlertMutingTests
{
    internal override Task<TestStore> CreateAsync() => TestStore.SqliteAsync();
}

/// <summary>Alerts that fire and of which nobody is told, until they have to be: silenced, or inhibited by another.</summary>
public abstract class AlertMutingTests : AlertScene
{
    internal override string Yaml() =>
        $$"""
        rules:
          - {name: DatabaseDown, summary: "s", description: "d", metric: component_health_status, where: {component: database}, aggregation: min, by: [job], comparison: "==", threshold: 0, severity: critical}
          - {name: Backlog, summary: "{value} wait", description: "d", metric: task_queue_size, shared: true, threshold: 10, severity: warning}
        channels:
          hook: {type: webhook, url: "{{Hook.Address}}", secret: s3cret, allow_private: true, rate_limit: 1000}
          boss: {type: slack, url: "{{Hook.Address}}boss", allow_private: true}
        routes:
          - {channels: [hook], group_wait: 0s, group_interval: 1m, repeat_interval: 30m, escalation: [{after: 10m, channels: [boss]}]}
        inhibitions:
          - source: {alertname: DatabaseDown}
            target: {alertname: [Backlog, Other*]}
        """;

    [Fact]
    public async Task What_follows_from_another_alert_is_told_when_that_has_ended_and_it_still_fires()
    {
        Show(25, database: 0);
        await RunAsync(First, TimeSpan.FromMinutes(20));
        Assert.Equal(["[FIRING] DatabaseDown (critical)"], Titles());
        var views = await ViewsAsync();
        var inhibitor = Assert.Single(views, v => v.Rule == "DatabaseDown");
        Assert.Equal([("Backlog", "inhibited", inhibitor.Id), ("DatabaseDown", "firing", null)], views.Select(v => (v.Rule, v.State, v.InhibitedBy)));

        Show(25, database: 2);
        await RunAsync(First, TimeSpan.FromMinutes(2));
        Assert.Equal(["[FIRING] Backlog (warning)", "[RESOLVED] DatabaseDown (critical)"], Titles()[1..].Order(StringComparer.Ordinal));
        Assert.Equal([("Backlog", "firing", null)], (await ViewsAsync()).Select(v => (v.Rule, v.State, v.InhibitedBy)));

        // Nobody could acknowledge it before: its escalation begins now, not twenty minutes ago.
        Assert.Equal(["*[NOT ACKNOWLEDGED] DatabaseDown (critical)*", "*[RESOLVED] DatabaseDown (critical)*"], Escalated());
        await RunAsync(First, TimeSpan.FromMinutes(9));
        Assert.Equal("*[NOT ACKNOWLEDGED] Backlog (warning)*", Escalated()[^1]);
    }

    [Fact]
    public async Task What_ended_with_its_cause_is_never_told()
    {
        Show(25, database: 0);
        await RunAsync(First, TimeSpan.FromMinutes(5));
        Show(0, database: 2);
        await RunAsync(First, TimeSpan.FromMinutes(5));
        Assert.Equal(["[FIRING] DatabaseDown (critical)", "[RESOLVED] DatabaseDown (critical)"], Titles());
        Assert.Equal(["Backlog", "DatabaseDown"], (await First.Alerts.ReadHistoryAsync(DateTimeOffset.UnixEpoch, 10, Token)).Select(a => a.Rule).Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task What_was_told_before_its_cause_came_is_not_told_again_while_that_lasts_and_its_end_is()
    {
        Show(25, database: 2);
        await RunAsync(First, TimeSpan.FromMinutes(2));
        Show(25, database: 0);
        await RunAsync(First, TimeSpan.FromMinutes(45));
        Assert.Equal(["[FIRING] Backlog (warning)"], Titles().Where(t => t.Contains("Backlog", StringComparison.Ordinal)));
        Show(0, database: 0);
        await RunAsync(First, TimeSpan.FromMinutes(2));
        Assert.Equal(["[FIRING] Backlog (warning)", "[RESOLVED] Backlog (warning)"], Titles().Where(t => t.Contains("Backlog", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task A_recurring_silence_holds_in_each_of_its_windows_and_between_them_people_are_told()
    {
        // Windows of ten minutes, at the full hour.
        var now = Time.GetUtcNow();
        var hour = new DateTimeOffset(now.Year, now.Month, now.Day, now.Hour, 0, 0, TimeSpan.Zero) + TimeSpan.FromHours(1);
        Advance(hour - now);
        await First.Silences.AddAsync(
            new("s1", [new("alertname", ["Back*"], Excludes: false)], now, Silence.Endless, "backups", "me", now, new Recurrence("0 * * * *", TimeSpan.FromMinutes(10), "UTC")), Token);
        for (var window = 0; window < 2; window++)
        {
            Hook.Requests.Clear();
            await First.Instances.AnnounceAsync("w1", "agentworker", Metrics.Address, Token);
            Show(25, database: 2);
            await RunAsync(First, TimeSpan.FromMinutes(9));
            Assert.Equal([("silenced", "s1")], (await ViewsAsync()).Select(v => (v.State, v.SilencedBy)));
            Assert.Empty(Titles());
            await RunAsync(First, TimeSpan.FromMinutes(2));
            Assert.Equal(["[FIRING] Backlog (warning)"], Titles());
            Show(0, database: 2);
            await RunAsync(First, TimeSpan.FromMinutes(2));
            Assert.Equal(["[FIRING] Backlog (warning)", "[RESOLVED] Backlog (warning)"], Titles());
            Advance(hour + TimeSpan.FromHours(window + 1) - Time.GetUtcNow());
        }
    }

    private async Task<IReadOnlyList<AlertView>> ViewsAsync()
    {
        var (active, mutes) = await First.Mutes.ReadActiveAsync(Token);
        return [.. active.Select(a => AlertView.Of(a, mutes)).OrderBy(v => v.Rule, StringComparer.Ordinal)];
    }

    private void Show(int waiting, int database) => Metrics.Answer =
        $"# TYPE osmen_task_queue_size gauge\nosmen_task_queue_size{{priority=\"5\"}} {waiting}\n# TYPE osmen_component_health_status gauge\nosmen_component_health_status{{component=\"database\"}} {database}\n";
}
