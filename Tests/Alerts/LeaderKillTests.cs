using System.Globalization;
using System.Text.Json;
using OsMEN.Executions;
using OsMEN.Gateway.Alerts.State;
using OsMEN.Tests.Executions;
using OsMEN.Tests.Infrastructure;

namespace OsMEN.Tests.Alerts;

public sealed class PostgresLeaderKillTests(PostgresServer server) : LeaderKillTests
{
    internal override Task<TestStore> CreateAsync() => TestStore.PostgresAsync(server);
}

public sealed class SqliteLeaderKillTests : LeaderKillTests
{
    internal override Task<TestStore> CreateAsync() => TestStore.SqliteAsync();
}

/// <summary>
/// Three gateways as processes of their own. The one that leads is killed while one alert fires and another is pending; the next while it
/// sends, when receivers have the notices and it has no answers.
/// </summary>
public abstract class LeaderKillTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    internal abstract Task<TestStore> CreateAsync();

    [Fact]
    public async Task A_killed_leader_s_alerts_go_on_with_the_next_and_what_is_told_again_can_be_told_apart()
    {
        await using var redis = new RedisServer();
        await redis.StartAsync();
        await using var test = await CreateAsync();
        await using var hook = await HttpReceiver.StartAsync();
        await using var metrics = await HttpReceiver.StartAsync();
        await using var mail = new SmtpReceiver();
        var file = Path.Combine(Path.GetTempPath(), $"{Path.GetRandomFileName()}.yaml");
        await File.WriteAllTextAsync(file, Yaml(hook, mail), Token);
        try
        {
            var environment = Environment(test.ConnectionString, redis.ConnectionString, file);
            await using var first = await ServiceProcess.StartAsync(["OsMEN.Gateway.dll"], environment);
            var others = await Task.WhenAll(ServiceProcess.StartAsync(["OsMEN.Gateway.dll"], environment), ServiceProcess.StartAsync(["OsMEN.Gateway.dll"], environment));
            await using var second = others[0];
            await using var third = others[1];
            await RunAsync(test, [first, second, third], hook, metrics, mail);
        }
        finally
        {
            File.Delete(file);
        }
    }

    private static async Task RunAsync(TestStore test, List<ServiceProcess> gateways, HttpReceiver hook, HttpReceiver metrics, SmtpReceiver mail)
    {
        var alerts = new AlertTable(test.Database);
        Show(metrics, first: 1, second: 0);
        await new InstanceTable(test.Database, TimeProvider.System).AnnounceAsync("w1", "agentworker", metrics.Address, Token);
        await Programs.UntilAsync(() => Task.FromResult(hook.Requests.Count == 4 && mail.Mails.Count == 1), "the first alert is told");
        await Programs.UntilAsync(async () => await WaitingAsync(test) == 0, "that is known");

        // One fires and has been told, one is pending. From here on receivers take what they are sent, and answer nothing.
        using var answering = new CancellationTokenSource();
        hook.During = HoldAsync;
        mail.During = HoldAsync;
        Show(metrics, first: 1, second: 1);
        Alert? pending = null;
        await Programs.UntilAsync(async () => (pending = (await alerts.ReadActiveAsync(Token)).Find(a => a.Rule == "Second")) is not null, "the second alert is pending");
        var killed = await KillLeaderAsync(test, gateways);
        await Programs.UntilAsync(() => Task.FromResult(hook.Requests.Count == 8 && mail.Mails.Count == 2), "the second alert is told", TimeSpan.FromMinutes(3));
        var firing = (await alerts.FindAsync(pending!.Id, Token))!;
        Assert.Equal((AlertState.Firing, pending.ActiveAt), (firing.State, firing.ActiveAt));
        Assert.True(firing.FiredAt > killed);
        Assert.True(firing.FiredAt - firing.ActiveAt >= TimeSpan.FromSeconds(15));
        await KillLeaderAsync(test, gateways);
        await answering.CancelAsync();
        await Programs.UntilAsync(() => Task.FromResult(hook.Requests.Count == 12 && mail.Mails.Count == 3), "the second alert is told again", TimeSpan.FromMinutes(3));
        await Programs.UntilAsync(async () => await WaitingAsync(test) == 0, "that is known");
        Show(metrics, first: 0, second: 0);
        await Programs.UntilAsync(() => Task.FromResult(hook.Requests.Count == 20 && mail.Mails.Count == 5), "both ends are told");
        await Programs.UntilAsync(async () => await WaitingAsync(test) == 0, "that is known");
        Assert.Equal((20, 5), (hook.Requests.Count, mail.Mails.Count));
        Assert.Equal(["First", "Second"], (await alerts.ReadHistoryAsync(DateTimeOffset.UnixEpoch, 10, Token)).Select(a => a.Rule).Order(StringComparer.Ordinal));
        AssertTold(hook, mail, firing);

        async Task HoldAsync(CancellationToken cancellationToken)
        {
            using var either = CancellationTokenSource.CreateLinkedTokenSource(answering.Token, cancellationToken);
            await Task.Delay(Timeout.Infinite, either.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    // Each told once, but for the one whose sender died; and that one by all who can tell with the key that shows it to be the same.
    private static void AssertTold(HttpReceiver hook, SmtpReceiver mail, Alert second)
    {
        string[] once = ["[FIRING] First (critical)", "[RESOLVED] First (critical)", "[RESOLVED] Second (critical)"];
        const string twice = "[FIRING] Second (critical)";
        Check(Bodies("/hook").Select(b => (b.GetProperty("title").GetString()!, b.GetProperty("id").GetString()!)));
        Assert.All(hook.Requests.Where(r => r.Path == "/hook"), r => Assert.Equal(JsonDocument.Parse(r.Body).RootElement.GetProperty("id").GetString(), r.Headers["X-OsMEN-Id"]));
        Check(mail.Mails.Select(m => (m.Subject, m.Header("Message-ID"))));

        var incidents = Bodies("/pagerduty").Select(b => (b.GetProperty("payload").GetProperty("summary").GetString()!, b.GetProperty("event_action").GetString(), Key: b.GetProperty("dedup_key").GetString()!)).ToArray();
        Assert.Equal(2, incidents.Select(i => i.Key).Distinct(StringComparer.Ordinal).Count());
        Assert.Equal(["resolve", "trigger", "trigger"], incidents.Where(i => i.Item1.Contains("Second", StringComparison.Ordinal)).Select(i => i.Item2).Order(StringComparer.Ordinal));
        Assert.Single(incidents.Where(i => i.Item1.Contains("Second", StringComparison.Ordinal)).Select(i => i.Key).Distinct(StringComparer.Ordinal));

        // Slack knows nothing, so the repetition says so.
        var messages = Bodies("/slack").Select(b => b.GetProperty("text").GetString()!).Where(t => t.StartsWith($"*{twice}*", StringComparison.Ordinal)).ToArray();
        Assert.Equal([false, true], messages.Select(t => t.Contains("Perhaps told before", StringComparison.Ordinal)));
        Assert.Single(Bodies("/slack"), b => b.GetProperty("text").GetString()!.Contains("Perhaps told before", StringComparison.Ordinal));

        // Alertmanager knows an alert by its labels.
        var shown = Bodies("/alertmanager/api/v2/alerts").Select(b => Assert.Single(b.EnumerateArray()))
            .Where(a => a.GetProperty("labels").GetProperty("alertname").GetString() == "Second").Select(a => (a.GetProperty("labels").GetRawText(), a.GetProperty("startsAt").GetDateTimeOffset())).ToArray();
        Assert.Equal(3, shown.Length);
        Assert.Equal(second.FiredAt, Assert.Single(shown.Distinct()).Item2);

        void Check(IEnumerable<(string Title, string Key)> notices)
        {
            var told = notices.ToArray();
            Assert.Equal([.. once, twice, twice], told.Select(n => n.Title).OrderBy(t => t == twice).ThenBy(t => t, StringComparer.Ordinal));
            Assert.Equal(4, told.Select(n => n.Key).Distinct(StringComparer.Ordinal).Count());
            Assert.Single(told.Where(n => n.Title == twice).Select(n => n.Key).Distinct(StringComparer.Ordinal));
        }

        IEnumerable<JsonElement> Bodies(string path) => hook.Requests.Where(r => r.Path == path).Select(r => JsonDocument.Parse(r.Body).RootElement);
    }

    /// <summary>SIGKILL for the gateway whose fence is in force; returns when it was dead, once another leads.</summary>
    private static async Task<DateTimeOffset> KillLeaderAsync(TestStore test, List<ServiceProcess> gateways)
    {
        ServiceProcess? leader = null;
        long fence = 0;
        await Programs.UntilAsync(
            async () =>
            {
                fence = await FenceAsync(test);
                var says = string.Create(CultureInfo.InvariantCulture, $"evaluates the alert rules (fence {fence})");
                return (leader = gateways.Find(g => g.Tail().Contains(says, StringComparison.Ordinal))) is not null;
            },
            "somebody leads");
        gateways.Remove(leader!);
        await leader!.KillAsync();
        var killed = TimeProvider.System.GetUtcNow();
        await Programs.UntilAsync(async () => await FenceAsync(test) > fence, "another leads");
        return killed;
    }

    private static async Task<long> FenceAsync(TestStore test) => (await test.Database.QueryAsync<long>("SELECT fence FROM alert_leader", null, Token)).Single();

    private static async Task<long> WaitingAsync(TestStore test) =>
        (await test.Database.QueryAsync<long>("SELECT count(*) FROM alert_notices WHERE state = 'waiting'", null, Token)).Single();

    private static void Show(HttpReceiver metrics, int first, int second) => metrics.Answer = string.Create(
        CultureInfo.InvariantCulture, $"# TYPE osmen_task_queue_size gauge\nosmen_task_queue_size{{priority=\"1\"}} {first}\nosmen_task_queue_size{{priority=\"2\"}} {second}\n");

    private static string Yaml(HttpReceiver hook, SmtpReceiver mail) =>
        $$"""
        rules:
          - {name: First, summary: "s", description: "d", metric: task_queue_size, where: {priority: "1"}, threshold: 0, severity: critical}
          - {name: Second, summary: "s", description: "d", metric: task_queue_size, where: {priority: "2"}, threshold: 0, for: 15s, severity: critical}
        channels:
          hook: {type: webhook, url: "{{hook.Address}}hook", secret: s3cret, allow_private: true, rate_limit: 1000, timeout: 15s}
          pagerduty: {type: pagerduty, url: "{{hook.Address}}pagerduty", routing_key: key, allow_private: true, timeout: 15s}
          alertmanager: {type: alertmanager, url: "{{hook.Address}}alertmanager", timeout: 15s}
          slack: {type: slack, url: "{{hook.Address}}slack", allow_private: true, timeout: 15s}
          mail: {type: email, host: 127.0.0.1, port: {{mail.Port}}, tls: none, from: osmen@example.com, to: a@example.com, timeout: 15s}
        routes:
          - {channels: [hook, pagerduty, alertmanager, slack, mail], group_wait: 0s, group_interval: 1s, repeat_interval: 1h}
        """;

    private static Dictionary<string, string> Environment(string database, string redis, string file) => new(StringComparer.Ordinal)
    {
        ["ConnectionStrings__osmen"] = database,
        ["ConnectionStrings__redis"] = redis,
        ["CATALOG_PATH"] = Path.Combine(AppContext.BaseDirectory, "catalog"),
        ["OSMEN_API_KEYS"] = "osm_leaderkills0123456789:admin:tests",
        ["MONITORING_CONFIG_PATH"] = file,
        ["Alerts__Interval"] = "00:00:00.3",
        ["Alerts__LeaderRenewal"] = "00:00:02",
        ["Alerts__SendInterval"] = "00:00:00.1",
    };
}
