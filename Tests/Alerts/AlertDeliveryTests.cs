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
public abstract class AlertDeliveryTests : AlertScene
{
    [Fact]
    public async Task An_alert_is_told_once_by_every_channel_and_so_is_its_end()
    {
        var gateway = First;
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
        Assert.All(Mail.Mails, m => Assert.Equal(("osmen@example.com", "a@example.com,b@example.com"), (m.From, string.Join(',', m.To))));
        Assert.All(Metrics.Requests, r => Assert.Equal(("/metrics", "Bearer 0123456789abcdef"), (r.Path, r.Headers["Authorization"])));
        Assert.Equal(AlertState.Resolved, Assert.Single(await gateway.Alerts.ReadHistoryAsync(DateTimeOffset.UnixEpoch, 10, Token)).State);
    }

    [Fact]
    public async Task An_hour_without_the_channel_loses_no_notice_and_doubles_none()
    {
        var gateway = First;
        Hook.Status = 503;
        Mail.Refuses = true;
        Queue(25);
        await RunAsync(gateway, TimeSpan.FromMinutes(2));
        Queue(0);
        await RunAsync(gateway, TimeSpan.FromMinutes(58));
        Hook.Requests.Clear();
        (Hook.Status, Mail.Refuses) = (200, false);
        await RunAsync(gateway, TimeSpan.FromMinutes(15));
        Assert.Equal(["[FIRING] Backlog (critical)", "[RESOLVED] Backlog (critical)"], Titles());
        Assert.Equal(["[FIRING] Backlog (critical)", "[RESOLVED] Backlog (critical)"], Subjects());
    }

    [Fact]
    public async Task Another_gateway_takes_over_from_one_that_died_and_tells_nobody_again()
    {
        var (first, second) = (First, Gateway());
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
        Assert.False(await first.Leader.WriteAsync(_ => throw new InvalidOperationException("It must not write."), Token));
    }

    [Fact]
    public async Task A_flapping_alert_is_one_story_not_one_for_each_flap()
    {
        var gateway = First;
        for (var minute = 0; minute < 6; minute++)
        {
            Queue(25);
            await RunAsync(gateway, TimeSpan.FromSeconds(60));
            Queue(0);
            await RunAsync(gateway, TimeSpan.FromSeconds(15));
        }
        await RunAsync(gateway, TimeSpan.FromMinutes(5));

        // Told at 45 s; over at 60 s, which must wait for the interval's minute; firing again when that has passed; told to be over at
        // 135 s. And so on: two flaps are one story.
        var story = Enumerable.Repeat(new[] { "[FIRING] Backlog (critical)", "[RESOLVED] Backlog (critical)" }, 3).SelectMany(s => s);
        Assert.Equal(story, Titles());
        Assert.Equal(story, Subjects());
    }

    [Fact]
    public async Task What_nobody_acknowledges_is_escalated_and_repeated_and_what_somebody_does_is_not()
    {
        var gateway = First;
        Queue(25);
        await RunAsync(gateway, TimeSpan.FromMinutes(45));
        Assert.Equal(["[FIRING] Backlog (critical)", "[STILL FIRING] Backlog (critical)"], Titles());
        Assert.Equal(["*[NOT ACKNOWLEDGED] Backlog (critical)*", "*[STILL FIRING] Backlog (critical)*"], Escalated());
        var alert = Assert.Single(await gateway.Alerts.ReadActiveAsync(Token));
        Assert.True(await gateway.Alerts.AcknowledgeAsync(alert.Id, "me@example.com", "on it", Time.GetUtcNow(), Token));
        Assert.True(await gateway.Alerts.AcknowledgeAsync(alert.Id, "you@example.com", null, Time.GetUtcNow(), Token));
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
        var gateway = First;
        var now = Time.GetUtcNow();
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
        var gateway = First;
        await using (var other = await HttpReceiver.StartAsync())
        {
            await gateway.Instances.AnnounceAsync("w2", "agentworker", other.Address, Token);
            await RunAsync(gateway, TimeSpan.FromMinutes(1));
            Assert.NotEmpty(other.Requests);
        }
        await gateway.Instances.LeaveAsync("w2", Token);
        await RunAsync(gateway, TimeSpan.FromMinutes(1));
        Assert.Empty(Titles());
        Metrics.Status = 500;
        await RunAsync(gateway, TimeSpan.FromMinutes(1));
        Assert.Equal([$"{Metrics.Address.Authority} is down"], (await gateway.Alerts.ReadActiveAsync(Token)).Select(a => a.Summary));
        Assert.Equal(["[FIRING] Down (warning)"], Titles());
    }

    [Fact]
    public async Task What_fires_and_waits_survives_a_restart_of_everything()
    {
        Queue(25);
        await First.TickAsync();
        var pending = Assert.Single(await First.Alerts.ReadActiveAsync(Token));
        Assert.Equal(AlertState.Pending, pending.State);
        await First.Leader.ReleaseAsync(Token);
        Advance(TimeSpan.FromSeconds(30));
        var next = Gateway();
        await next.TickAsync();
        var firing = Assert.Single(await next.Alerts.ReadActiveAsync(Token));
        Assert.Equal((pending.Id, AlertState.Firing, pending.ActiveAt), (firing.Id, firing.State, firing.ActiveAt));
    }
}
