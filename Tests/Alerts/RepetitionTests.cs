using System.Net;
using System.Text.Json;
using OsMEN.Tests.Executions;
using OsMEN.Tests.Infrastructure;

namespace OsMEN.Tests.Alerts;

public sealed class PostgresRepetitionTests(PostgresServer server) : RepetitionTests
{
    internal override Task<TestStore> CreateAsync() => TestStore.PostgresAsync(server);
}

public sealed class SqliteRepetitionTests : RepetitionTests
{
    internal override Task<TestStore> CreateAsync() => TestStore.SqliteAsync();
}

/// <summary>Notices that are sent again: whether an earlier attempt may have arrived is told where the receiver cannot know.</summary>
public abstract class RepetitionTests : AlertScene
{
    private const string MayRepeat = "Perhaps told before: an earlier attempt got no answer.";

    internal override string Yaml() =>
        $$"""
        rules:
          - {name: Backlog, summary: "{value} wait", description: "d", metric: task_queue_size, shared: true, threshold: 10, severity: critical}
        channels:
          hook: {type: webhook, url: "{{Hook.Address}}hook", secret: s3cret, allow_private: true, timeout: 1s}
          slack: {type: slack, url: "{{Hook.Address}}slack", allow_private: true, timeout: 1s}
          sms: {type: sms, url: "{{Hook.Address}}sms", account_sid: a, auth_token: t, from: "1", to: "2", allow_private: true, timeout: 1s}
        routes:
          - {channels: [hook, slack, sms], group_wait: 0s, repeat_interval: 24h}
        """;

    [Fact]
    public async Task What_got_no_answer_says_that_it_may_be_a_repetition_and_what_was_refused_does_not()
    {
        Queue(25);
        Hook.Status = 503;
        await RunAsync(First, Tick);
        Assert.Equal([false, false, false], Said());

        // Refused, so nobody has it; then taken, without an answer.
        Hook.Status = 200;
        var taken = 0;
        Hook.During = async token =>
        {
            if (Interlocked.Increment(ref taken) == 3) Advance(TimeSpan.FromSeconds(1));
            await Task.Delay(Timeout.Infinite, token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        };
        await RunAsync(First, Tick);
        Assert.Equal([false, false, false], Said());

        // Refused again: the one before may still have arrived.
        Hook.During = _ => Task.CompletedTask;
        Hook.Status = 503;
        await RunAsync(First, Tick * 2);
        Assert.Equal([true, true, true], Said());
        Hook.Status = 200;
        await RunAsync(First, TimeSpan.FromMinutes(5));
        Assert.Equal([true, true, true], Said());
    }

    [Fact]
    public async Task What_was_claimed_by_a_gateway_that_died_says_so_when_the_next_sends_it()
    {
        var second = Gateway();
        Queue(25);
        await First.Leader.RenewAsync(Token);
        await First.EvaluateAsync();
        foreach (var notice in await First.Notices.ReadDueAsync(Time.GetUtcNow(), 10, Token)) await First.ClaimAsync(notice);

        await First.Leader.ReleaseAsync(Token);
        Advance(TimeSpan.FromMinutes(1));
        await RunAsync(second, Tick);
        Assert.Equal([true, true, true], Said());
    }

    // Of the last of each channel.
    private bool[] Said()
    {
        var last = Hook.Requests.Reverse().DistinctBy(r => r.Path.Split('/')[1]).ToDictionary(r => r.Path.Split('/')[1], r => r.Body, StringComparer.Ordinal);
        var hook = JsonDocument.Parse(last["hook"]).RootElement.GetProperty("may_repeat").GetBoolean();
        return [hook, last["slack"].Contains(MayRepeat, StringComparison.Ordinal), WebUtility.UrlDecode(last["sms"]).Contains(MayRepeat, StringComparison.Ordinal)];
    }
}
