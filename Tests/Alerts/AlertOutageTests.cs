using System.Collections.Concurrent;
using System.Globalization;
using System.Text.Json;
using OsMEN.Tests.Executions;
using OsMEN.Tests.Infrastructure;

namespace OsMEN.Tests.Alerts;

public sealed class PostgresAlertOutageTests(PostgresServer server) : AlertOutageTests
{
    internal override Task<TestStore> CreateAsync() => TestStore.PostgresAsync(server);
}

public sealed class SqliteAlertOutageTests : AlertOutageTests
{
    internal override Task<TestStore> CreateAsync() => TestStore.SqliteAsync();
}

/// <summary>Many alerts, each a group of its own, by a channel that may be used three times a minute.</summary>
public abstract class AlertOutageTests : AlertScene
{
    private const int Groups = 12;
    private const int RateLimit = 3;

    internal override string Yaml() =>
        $$"""
        rules:
          - {name: Backlog, summary: "{value} wait", description: "d", metric: task_queue_size, by: [priority], threshold: 10, severity: critical}
        channels:
          hook: {type: webhook, url: "{{Hook.Address}}", secret: s3cret, allow_private: true, rate_limit: {{RateLimit}}, title: "{status}"}
        routes:
          - {channels: [hook], group_by: [alertname, priority], group_wait: 0s, group_interval: 1m, repeat_interval: 24h}
        """;

    [Fact]
    public async Task After_an_hour_without_the_channel_everything_arrives_once_in_order_and_no_faster_than_allowed()
    {
        ConcurrentQueue<DateTimeOffset> attempts = [];
        Hook.During = _ =>
        {
            attempts.Enqueue(Time.GetUtcNow());
            return Task.CompletedTask;
        };
        Hook.Status = 503;
        Backlogs(25);
        await RunAsync(First, TimeSpan.FromMinutes(20));
        Backlogs(0);
        await RunAsync(First, TimeSpan.FromMinutes(40));
        Assert.InRange(attempts.Count, Groups, 60 * RateLimit);

        Hook.Requests.Clear();
        Hook.Status = 200;
        await RunAsync(First, TimeSpan.FromMinutes(25));
        var told = Hook.Requests.Select(r => JsonDocument.Parse(r.Body).RootElement)
            .Select(b => (Priority: b.GetProperty("alerts")[0].GetProperty("labels").GetProperty("priority").GetString()!, Title: b.GetProperty("title").GetString()!))
            .ToLookup(n => n.Priority, n => n.Title, StringComparer.Ordinal);
        Assert.Equal(Enumerable.Range(0, Groups).Select(Name), told.Select(g => g.Key).Order(StringComparer.Ordinal));
        Assert.All(told, group => Assert.Equal(["FIRING", "RESOLVED"], group));

        DateTimeOffset[] all = [.. attempts];
        Assert.All(all, from => Assert.InRange(all.Count(at => at >= from && at < from + TimeSpan.FromMinutes(1)), 1, RateLimit));
    }

    [Fact]
    public async Task A_change_of_leader_lets_no_more_through_than_the_channel_may_get()
    {
        var second = Gateway();
        Backlogs(25);
        await First.TickAsync();
        Assert.Equal(RateLimit, Hook.Requests.Count);
        await First.Leader.ReleaseAsync(Token);
        Advance(Tick);
        await second.TickAsync();
        Assert.NotNull(second.Leader.Fence);
        Assert.Equal(RateLimit, Hook.Requests.Count);
        await RunAsync(second, TimeSpan.FromMinutes(1));
        Assert.Equal(2 * RateLimit, Hook.Requests.Count);
        await RunAsync(second, TimeSpan.FromMinutes(4));
        Assert.Equal(Groups, Hook.Requests.Count);
    }

    private static string Name(int priority) => priority.ToString("00", CultureInfo.InvariantCulture);

    private void Backlogs(int waiting) => Metrics.Answer =
        "# TYPE osmen_task_queue_size gauge\n" + string.Concat(Enumerable.Range(0, Groups).Select(i => $"osmen_task_queue_size{{priority=\"{Name(i)}\"}} {waiting}\n"));
}
