using System.Text.Json;
using OsMEN.Gateway.Alerts.State;
using OsMEN.Tests.Executions;
using OsMEN.Tests.Infrastructure;

namespace OsMEN.Tests.Alerts;

public sealed class PostgresAlertDeliveryTests(PostgresServer server) : AlertDeliveryTests
{
    internal override Task<TestStore> CreateAsync() => TestStore.PostgresAsync(server);
}

public sealed class SqliteAlertDeliveryTests : AlertDeliveryTests
{
    internal override Task<TestStore> CreateAsync() => TestStore.SqliteAsync();
}

/// <summary>From an instance's metrics to what receivers got: exactly the notices that are due, whatever happens on the way.</summary>
public abstract class AlertDeliveryTests : IAsyncLifetime
{
    private static readonly TimeSpan Tick = TimeSpan.FromSeconds(15);

    private readonly ManualTimeProvider _time = new();
    private readonly string _file = Path.Combine(Path.GetTempPath(), $"{Path.GetRandomFileName()}.yaml");
    private readonly List<AlertGateway> _gateways = [];
    private TestStore? _test;
    private HttpReceiver? _hook;
    private HttpReceiver? _metrics;
    private SmtpReceiver? _mail;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    internal abstract Task<TestStore> CreateAsync();

    public async ValueTask InitializeAsync()
    {
        _test = await CreateAsync();
        (_hook, _metrics, _mail) = (await HttpReceiver.StartAsync(), await HttpReceiver.StartAsync(), new SmtpReceiver());
        await File.WriteAllTextAsync(
            _file,
            $$"""
            outside_metrics:
              up: {kind: gauge}
            rules:
              - {name: Backlog, summary: "{value} wait", description: "d", metric: task_queue_size, shared: true, threshold: 10, for: 30s, severity: critical}
              - {name: Down, summary: "{instance} is down", description: "d", metric: up, by: [job, instance], aggregation: min, comparison: "==", threshold: 0, severity: warning}
            channels:
              hook: {type: webhook, url: "{{_hook.Address}}", secret: s3cret, allow_private: true, rate_limit: 1000}
              mail: {type: email, host: 127.0.0.1, port: {{_mail.Port}}, tls: none, from: osmen@example.com, to: "a@example.com, b@example.com"}
              boss: {type: slack, url: "{{_hook.Address}}boss", allow_private: true}
            routes:
              - {severity: critical, channels: [hook, mail], group_wait: 15s, group_interval: 1m, repeat_interval: 30m, escalation: [{after: 10m, channels: [boss]}]}
              - {severity: warning, channels: [hook], group_wait: 0s, group_interval: 1m}
            """,
            Token);
        Queue(0);
        await Gateway().Instances.AnnounceAsync("w1", "agentworker", _metrics.Address, Token);
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var gateway in _gateways) gateway.Dispose();
        await _hook!.DisposeAsync();
        await _metrics!.DisposeAsync();
        await _mail!.DisposeAsync();
        await _test!.DisposeAsync();
        File.Delete(_file);
        GC.SuppressFinalize(this);
    }

    [Fact]
    public async Task An_alert_is_told_once_by_every_channel_and_so_is_its_end()
    {
        var gateway = _gateways[0];
        await RunAsync(gateway, TimeSpan.FromMinutes(1));
        Queue(25);
        await RunAsync(gateway, TimeSpan.FromMinutes(5));
        var alert = Assert.Single(await gateway.Alerts.ReadActiveAsync(Token));
        Assert.Equal((AlertState.Firing, 25.0, "25 wait"), (alert.State, alert.Value, alert.Summary));
        Queue(0);
        await RunAsync(gateway, TimeSpan.FromMinutes(5));
        Assert.Empty(await gateway.Alerts.ReadActiveAsync(Token));
        Assert.Equal(["[FIRING] Backlog (critical)", "[RESOLVED] Backlog (critical)"], Titles());
        Assert.Equal(["[FIRING] Backlog (critical)", "[RESOLVED] Backlog (critical)"], Subjects());
        Assert.All(_mail!.Mails, m => Assert.Equal(("osmen@example.com", "a@example.com,b@example.com"), (m.From, string.Join(',', m.To))));
        Assert.All(_metrics!.Requests, r => Assert.Equal(("/metrics", "Bearer 0123456789abcdef"), (r.Path, r.Headers["Authorization"])));
        Assert.Equal(AlertState.Resolved, Assert.Single(await gateway.Alerts.ReadHistoryAsync(DateTimeOffset.UnixEpoch, 10, Token)).State);
    }

    [Fact]
    public async Task An_hour_without_the_channel_loses_no_notice_and_doubles_none()
    {
        var gateway = _gateways[0];
        _hook!.Status = 503;
        _mail!.Refuses = true;
        Queue(25);
        await RunAsync(gateway, TimeSpan.FromMinutes(2));
        Queue(0);
        await RunAsync(gateway, TimeSpan.FromMinutes(58));
        _hook.Requests.Clear();
        (_hook.Status, _mail.Refuses) = (200, false);
        await RunAsync(gateway, TimeSpan.FromMinutes(15));
        Assert.Equal(["[FIRING] Backlog (critical)", "[RESOLVED] Backlog (critical)"], Titles());
        Assert.Equal(["[FIRING] Backlog (critical)", "[RESOLVED] Backlog (critical)"], Subjects());
    }

    [Fact]
    public async Task Another_gateway_takes_over_from_one_that_died_and_tells_nobody_again()
    {
        var (first, second) = (_gateways[0], Gateway());
        Queue(25);
        for (var i = 0; i < 8; i++)
        {
            await first.TickAsync();
            await second.TickAsync();
            await LiveAsync(first);
            await LiveAsync(second);
            Advance(Tick - TimeSpan.FromSeconds(14));
            for (var s = 0; s < 7; s++)
            {
                await LiveAsync(first);
                await LiveAsync(second);
                Advance(TimeSpan.FromSeconds(2));
            }
        }
        Assert.NotNull(first.Leader.Fence);
        Assert.Null(second.Leader.Fence);
        Assert.Equal(["[FIRING] Backlog (critical)"], Titles());

        // Silence from here: within three renewals the other leads, with a higher fence.
        var fence = first.Leader.Fence;
        for (var s = 0; s < 4; s++)
        {
            await LiveAsync(second);
            Advance(TimeSpan.FromSeconds(2));
        }
        Assert.Equal(fence + 1, second.Leader.Fence);
        Assert.Null(first.Leader.Fence);
        await RunAsync(second, TimeSpan.FromMinutes(3));
        Queue(0);
        await RunAsync(second, TimeSpan.FromMinutes(3));
        Assert.Equal(["[FIRING] Backlog (critical)", "[RESOLVED] Backlog (critical)"], Titles());
        Assert.Equal(["[FIRING] Backlog (critical)", "[RESOLVED] Backlog (critical)"], Subjects());

        // The dead one wakes: it changes nothing.
        Assert.False(await first.Leader.WriteAsync((_, _) => throw new InvalidOperationException("It must not write."), Token));
    }

    [Fact]
    public async Task A_flapping_alert_is_one_story_not_one_for_each_flap()
    {
        var gateway = _gateways[0];
        for (var minute = 0; minute < 6; minute++)
        {
            Queue(25);
            await RunAsync(gateway, TimeSpan.FromSeconds(60));
            Queue(0);
            await RunAsync(gateway, TimeSpan.FromSeconds(15));
        }
        await RunAsync(gateway, TimeSpan.FromMinutes(5));
        var titles = Titles();
        Assert.InRange(titles.Count, 2, 8);
        Assert.Equal("[RESOLVED] Backlog (critical)", titles[^1]);
        Assert.Equal("[FIRING] Backlog (critical)", titles[0]);
        Assert.Equal(titles, Subjects());
    }

    [Fact]
    public async Task What_nobody_acknowledges_is_escalated_and_repeated_and_what_somebody_does_is_not()
    {
        var gateway = _gateways[0];
        Queue(25);
        await RunAsync(gateway, TimeSpan.FromMinutes(45));
        Assert.Equal(["[FIRING] Backlog (critical)", "[STILL FIRING] Backlog (critical)"], Titles());
        Assert.Equal(["*[NOT ACKNOWLEDGED] Backlog (critical)*", "*[STILL FIRING] Backlog (critical)*"], Escalated());
        var alert = Assert.Single(await gateway.Alerts.ReadActiveAsync(Token));
        Assert.True(await gateway.Alerts.AcknowledgeAsync(alert.Id, "me@example.com", "on it", _time.GetUtcNow(), Token));
        Assert.True(await gateway.Alerts.AcknowledgeAsync(alert.Id, "you@example.com", null, _time.GetUtcNow(), Token));
        await RunAsync(gateway, TimeSpan.FromMinutes(90));
        Assert.Equal(2, Titles().Count);
        alert = Assert.Single(await gateway.Alerts.ReadActiveAsync(Token));
        Assert.Equal(("me@example.com", "on it"), (alert.AcknowledgedBy, alert.Note));
        Queue(0);
        await RunAsync(gateway, TimeSpan.FromMinutes(3));
        Assert.Equal("[RESOLVED] Backlog (critical)", Titles()[^1]);
        Assert.Equal("*[RESOLVED] Backlog (critical)*", Escalated()[^1]);
        Assert.Equal(3, Escalated().Count);
    }

    [Fact]
    public async Task Nobody_is_told_of_what_a_silence_covers_until_it_ends()
    {
        var gateway = _gateways[0];
        var now = _time.GetUtcNow();
        await gateway.Silences.AddAsync(new("s1", [new("alertname", ["Back*"], Excludes: false)], now, now + TimeSpan.FromMinutes(10), "maintenance", "me", now), Token);
        Queue(25);
        await RunAsync(gateway, TimeSpan.FromMinutes(9));
        Assert.Equal(AlertState.Firing, Assert.Single(await gateway.Alerts.ReadActiveAsync(Token)).State);
        Assert.Empty(Titles());
        await RunAsync(gateway, TimeSpan.FromMinutes(3));
        Assert.Equal(["[FIRING] Backlog (critical)"], Titles());
    }

    [Fact]
    public async Task An_instance_that_dies_is_missed_and_one_that_leaves_is_not()
    {
        var gateway = _gateways[0];
        await using (var other = await HttpReceiver.StartAsync())
        {
            await gateway.Instances.AnnounceAsync("w2", "agentworker", other.Address, Token);
            await RunAsync(gateway, TimeSpan.FromMinutes(1));
            Assert.NotEmpty(other.Requests);
        }
        await gateway.Instances.LeaveAsync("w2", Token);
        await RunAsync(gateway, TimeSpan.FromMinutes(1));
        Assert.Empty(Titles());
        _metrics!.Status = 500;
        await RunAsync(gateway, TimeSpan.FromMinutes(1));
        Assert.Equal([$"{_metrics.Address.Authority} is down"], (await gateway.Alerts.ReadActiveAsync(Token)).Select(a => a.Summary));
        Assert.Equal(["[FIRING] Down (warning)"], Titles());
    }

    [Fact]
    public async Task What_fires_and_waits_survives_a_restart_of_everything()
    {
        Queue(25);
        await _gateways[0].TickAsync();
        var pending = Assert.Single(await _gateways[0].Alerts.ReadActiveAsync(Token));
        Assert.Equal(AlertState.Pending, pending.State);
        await _gateways[0].Leader.ReleaseAsync(Token);
        Advance(TimeSpan.FromSeconds(30));
        var next = Gateway();
        await next.TickAsync();
        var firing = Assert.Single(await next.Alerts.ReadActiveAsync(Token));
        Assert.Equal((pending.Id, AlertState.Firing, pending.ActiveAt), (firing.Id, firing.State, firing.ActiveAt));
    }

    private AlertGateway Gateway()
    {
        var gateway = new AlertGateway(_test!, _time, _file);
        _gateways.Add(gateway);
        return gateway;
    }

    private async Task RunAsync(AlertGateway gateway, TimeSpan time)
    {
        for (var passed = TimeSpan.Zero; passed < time; passed += Tick)
        {
            await gateway.TickAsync();
            if (_metrics!.Status == 200 && passed.Ticks % TimeSpan.FromMinutes(5).Ticks == 0) await gateway.Instances.AnnounceAsync("w1", "agentworker", _metrics.Address, Token);
            Advance(Tick);
            await gateway.Leader.RenewAsync(Token);
        }
    }

    private static Task LiveAsync(AlertGateway gateway) => gateway.Leader.RenewAsync(Token);

    private void Advance(TimeSpan by) => _time.Advance(by);

    private void Queue(int waiting) => _metrics!.Answer = $"# TYPE osmen_task_queue_size gauge\nosmen_task_queue_size{{priority=\"5\"}} {waiting}\nother_metric 1\n";

    private List<string> Titles() => [.. _hook!.Requests.Where(r => r.Path == "/").Select(r => JsonDocument.Parse(r.Body).RootElement.GetProperty("title").GetString()!)];

    private List<string> Escalated() => [.. _hook!.Requests.Where(r => r.Path == "/boss").Select(r => JsonDocument.Parse(r.Body).RootElement.GetProperty("text").GetString()!.Split('\n')[0])];

    private List<string> Subjects() => [.. _mail!.Mails.Select(m => m.Data.Split('\n').Single(l => l.StartsWith("Subject: ", StringComparison.Ordinal))["Subject: ".Length..])];
}
