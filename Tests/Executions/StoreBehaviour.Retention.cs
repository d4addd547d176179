using System.Globalization;
using System.Text.Json;
using Microsoft.Extensions.Options;
using OsMEN.Executions;
using OsMEN.Executions.Audit;
using OsMEN.Executions.Retention;
using OsMEN.Executions.Usage;
using OsMEN.Llm;
using OsMEN.Tests.Infrastructure;

namespace OsMEN.Tests.Executions;

public abstract partial class StoreBehaviour
{
    private static readonly string[] Tables = ["executions", "execution_events", "agent_turns", "tool_calls", "workflow_runs"];

    [Fact]
    public async Task What_ended_long_ago_goes_with_all_of_its_own_and_its_key_is_free_again()
    {
        var first = New(Past(90)) with { IdempotencyKey = "k", RequestHash = [1] };
        await AcceptAsync(first);
        var claim = Assert.Single(await ClaimAsync(1));
        await Store.JournalTurnAsync(claim.Lease, new JournaledTurn(1, 1, "{}"), Token);
        await Store.JournalCallAsync(claim.Lease, new JournaledCall(1, "c", "send", 1, false, "ok"), Token);
        await ExecuteAsync($"INSERT INTO workflow_runs (execution_id, definition) VALUES ('{first.Id}', '{{}}')");
        await Store.RecordAsync([new ExecutionRecord { Lease = claim.Lease, Events = Frames(claim, 2, ExecutionStatus.Completed), End = new AttemptEnd(ExecutionStatus.Completed, "1") }], Token);
        Assert.Equal("1 1 1 1 1", await CountsAsync());

        Assert.Equal((0, 0), Trimmed(await Store.TrimExecutionsAsync(Guid.Empty, Past(60), 10, Token)));
        Assert.Equal("1 1 1 1 1", await CountsAsync());
        Assert.Equal((1, 1), Trimmed(await Store.TrimExecutionsAsync(Guid.Empty, Past(-60), 10, Token)));
        Assert.Equal("0 0 0 0 0", await CountsAsync());
        Assert.Null(await Store.GetAsync(first.Id, Token));
        Assert.Null(await Store.ReadEventsAsync(first.Id, 0, 10, Token));
        Assert.Equal(AcceptOutcome.Created, (await Store.AcceptAsync([New() with { IdempotencyKey = "k", RequestHash = [2] }], Token))[0].Outcome);

        async Task<string> CountsAsync() => string.Join(' ', await Task.WhenAll(Tables.Select(CountAsync)));
    }

    [Fact]
    public async Task What_waits_runs_or_was_asked_for_again_is_never_removed()
    {
        for (var i = 0; i < 3; i++)
            await AcceptAsync(New(Past(90)) with { MaxAttempts = 1 });
        var claims = await ClaimAsync(2);
        await EndAsync(claims[1], new AttemptEnd(ExecutionStatus.Failed, Error: new ExecutionError("X", "x")));
        Assert.True((await Store.RetryAsync(claims[1].Execution.Id, Token))!.Value.Changed);
        Assert.Equal((0, 0), Trimmed(await Store.TrimExecutionsAsync(Guid.Empty, Past(-60), 10, Token)));
        Assert.Equal(0, (await Store.TrimEventsAsync(default, Past(-60), 10, Token)).Removed);
        Assert.Equal(3, (await Store.ListAsync(new ExecutionQuery(), Token)).Count);
    }

    [Fact]
    public async Task Children_stay_while_their_parent_lives_and_go_before_it()
    {
        var root = await AcceptAsync(New(Past(90)) with { Priority = 9 });
        var parent = Assert.Single(await ClaimAsync(1));
        var child = await EndedAsync(New(Past(80)) with { ParentId = root.Id });
        var grandchild = await EndedAsync(New(Past(70)) with { ParentId = child });
        var orphan = await EndedAsync(New(Past(75)) with { ParentId = Guid.CreateVersion7() });
        Assert.Equal(0, await PassAsync(new() { ExecutionsAge = TimeSpan.FromDays(1) }, TimeSpan.Zero));
        Assert.Equal(2, await PassAsync(new() { ExecutionsAge = TimeSpan.FromDays(1) }, TimeSpan.FromDays(2)));
        Assert.Null(await Store.GetAsync(orphan, Token));
        Assert.Null(await Store.GetAsync(grandchild, Token));
        Assert.NotNull(await Store.GetAsync(child, Token));

        await EndAsync(parent, new AttemptEnd(ExecutionStatus.Completed, "1"));
        Assert.Equal(2, await PassAsync(new() { ExecutionsAge = TimeSpan.FromDays(1) }, TimeSpan.FromDays(2)));
        Assert.Empty(await Store.ListAsync(new ExecutionQuery(), Token));
    }

    [Fact]
    public async Task Usage_stays_the_same_when_its_executions_are_gone()
    {
        await UsedAsync("brief", "ana", March.AddDays(1), 1.5m, CallAt(March.AddDays(1), "openai", "gpt-5", new TokenUsage(100, 20, 40, 5, 7), 0.123456789m));
        await UsedAsync("brief", "bob", March.AddDays(2), null, CallAt(March.AddDays(3), "anthropic", "x", new TokenUsage(7, 3), null));
        await UsedAsync("triage", "ana", March.AddDays(2), 2m);
        var before = await AllAsync();
        Assert.Equal(3, Trimmed(await Store.TrimExecutionsAsync(Guid.Empty, Past(-60), 2, Token)).Removed + Trimmed(await Store.TrimExecutionsAsync(Guid.Empty, Past(-60), 2, Token)).Removed);
        Assert.Equal(before, await AllAsync());
        await UsedAsync("brief", "ana", March.AddDays(1), 1m);
        Assert.Equal("2026-03-02|2|100|20|40|5|7|0.123456789|0|0|2.5", (await UsageAsync(UsageGroup.Day))[0]);

        Assert.Equal(1, await Store.TrimUsageAsync(March.AddDays(2), 10, Token));
        Assert.Equal(2, await Store.TrimUsageAsync(March.AddDays(9), 10, Token));

        async Task<string[]> AllAsync()
        {
            var rows = new List<string>();
            foreach (var by in Enum.GetValues<UsageGroup>())
            {
                rows.AddRange(await UsageAsync(by));
                rows.AddRange(await UsageAsync(by, q => q with { User = "ana" }));
            }

            return [.. rows];
        }
    }

    [Fact]
    public async Task Events_that_were_removed_leave_one_gap_and_the_end()
    {
        var id = await WithEventsAsync();
        Assert.Equal((4, 4), Trimmed(await Store.TrimEventsAsync(default, Past(-60), 10, Token)));
        Assert.Equal((0, 0), Trimmed(await Store.TrimEventsAsync(default, Past(-60), 10, Token)));
        Assert.Equal(1, await CountAsync("execution_events"));

        Assert.Equal((1, "PENDING"), await ReadAsync(0));
        Assert.Equal((9, "COMPLETED \"done\""), await ReadAsync(1));
        Assert.Equal((9, "COMPLETED \"done\""), await ReadAsync(8));
        Assert.Empty((await Store.ReadEventsAsync(id, 9, 10, Token))!.Frames);

        async Task<(long Seq, string Status)> ReadAsync(long after)
        {
            var page = (await Store.ReadEventsAsync(id, after, 10, Token))!;
            var frame = JsonDocument.Parse(Assert.Single(page.Frames)).RootElement;
            Assert.Equal((page.FirstSeq, id), (frame.GetProperty("seq").GetInt64(), frame.GetProperty("executionId").GetGuid()));
            var data = frame.GetProperty("data");
            return (page.FirstSeq, data.GetProperty("status").GetString() + (data.TryGetProperty("output", out var output) ? " " + output.GetRawText() : ""));
        }
    }

    [Fact]
    public async Task Events_half_removed_are_told_from_where_they_begin()
    {
        var id = await WithEventsAsync();
        var batch = await Store.TrimEventsAsync(default, Past(-60), 2, Token);
        Assert.Equal((2, 2, new TrimPosition(id, 4)), (batch.Seen, batch.Removed, batch.Last));
        var page = (await Store.ReadEventsAsync(id, 1, 10, Token))!;
        Assert.Equal((6L, 4), (page.FirstSeq, page.Frames.Count));
        Assert.Equal((2, 2), Trimmed(await Store.TrimEventsAsync(batch.Last, Past(-60), 10, Token)));
    }

    [Fact]
    public async Task What_is_tried_again_after_its_events_were_removed_goes_on_with_their_numbers()
    {
        var id = (await AcceptAsync(New(Past(90)) with { MaxAttempts = 1 })).Id;
        var claim = Assert.Single(await ClaimAsync(1));
        await Store.RecordAsync(
            [new ExecutionRecord { Lease = claim.Lease, Events = new EventChunk(2, ["{\"seq\":2}", "{\"seq\":3}"]), End = new AttemptEnd(ExecutionStatus.Failed, Error: new ExecutionError("X", "x")) }], Token);
        await Store.TrimEventsAsync(default, Past(-60), 10, Token);
        Assert.Contains("\"error\":{\"type\":\"X\"", Assert.Single((await Store.ReadEventsAsync(id, 1, 10, Token))!.Frames), StringComparison.Ordinal);

        Assert.True((await Store.RetryAsync(id, Token))!.Value.Changed);
        var page = (await Store.ReadEventsAsync(id, 1, 10, Token))!;
        Assert.Equal((4L, 1), (page.FirstSeq, page.Frames.Count));
        Assert.Equal(4, Assert.Single(await ClaimAsync(1)).LastSeq);
    }

    [Fact]
    public async Task Several_that_remove_at_once_share_the_work()
    {
        for (var i = 0; i < 60; i++)
            await EndedAsync(New(Past(90 + i)));
        var options = new RetentionOptions { ExecutionsAge = TimeSpan.FromDays(1), Batch = 10 };
        var removed = await Task.WhenAll(Enumerable.Range(0, 3).Select(_ => Task.Run(() => PassAsync(options, TimeSpan.FromDays(2)), Token)));
        Assert.Equal(60, removed.Sum());
        Assert.Equal((0L, 60L), (await CountAsync("executions"), await CountAsync("execution_usage")));
    }

    [Fact]
    public async Task The_oldest_go_first_where_executions_or_events_are_too_large()
    {
        // A text that can't be compressed: what is measured is what is stored.
        var random = new Random(1);
        var ids = new List<Guid>();
        for (var i = 0; i < 40; i++)
        {
            var bytes = new byte[48 * 1024];
            random.NextBytes(bytes);
            var claim = await ClaimedAsync(New(Past(900 - i)) with { Input = $"\"{Convert.ToBase64String(bytes)}\"" });
            ids.Add(claim.Execution.Id);
            await Store.RecordAsync([new ExecutionRecord { Lease = claim.Lease, Events = new EventChunk(2, [Convert.ToBase64String(bytes)]), End = new AttemptEnd(ExecutionStatus.Completed, "1") }], Token);
        }

        var (executions, events) = await Store.EstimateBytesAsync(0, 0, Token);
        Assert.InRange(executions, 40 * 60_000, 40 * 70_000);
        Assert.InRange(events, 40 * 60_000, 40 * 70_000);

        // Nothing is removed by size that has ended just now.
        var options = new RetentionOptions { ExecutionsBytes = 1 << 20, EventsBytes = 1 << 20, Batch = 10 };
        Assert.Equal(0, await PassAsync(options, TimeSpan.Zero));
        await PassAsync(new() { EventsBytes = 1 << 20, Batch = 10 }, TimeSpan.FromDays(2));
        var (_, left) = await Store.EstimateBytesAsync(0, 0, Token);
        Assert.InRange(left, 300_000, 1 << 20);
        Assert.Equal(40, await CountAsync("executions"));
        await PassAsync(options, TimeSpan.FromDays(2));
        var kept = (await Store.ListAsync(new ExecutionQuery { Limit = 100 }, Token)).Select(e => e.Id).Reverse().ToArray();
        Assert.InRange(kept.Length, 5, 20);
        Assert.Equal(ids.TakeLast(kept.Length), kept);
    }

    [Fact]
    public async Task Calls_go_by_size_but_none_of_this_month()
    {
        var now = TimeProvider.System.GetUtcNow();
        var month = new DateTimeOffset(now.Year, now.Month, 15, 0, 0, 0, TimeSpan.Zero).AddMonths(2);
        await Store.KeepCallsAsync(month, TimeSpan.FromDays(400), long.MaxValue, Token);
        await UsedAsync("brief", "ana", now, null, CallAt(now, "p", "first", new TokenUsage(1, 1), 0.5m), CallAt(month, "p", "second", new TokenUsage(1, 1), 0.5m));
        Assert.Equal(["p/first", "p/second"], await ModelsAsync());
        while (await Store.KeepCallsAsync(month, TimeSpan.FromDays(400), 1, Token) > 0)
        {
        }

        Assert.Equal(["p/second"], await ModelsAsync());

        async Task<string[]> ModelsAsync() =>
            [.. (await UsageAsync(UsageGroup.Model, q => q with { Since = now.AddYears(-1), Until = now.AddYears(5) })).Select(r => r.Split('|')[0])];
    }

    [Fact]
    public async Task Alerts_notices_silences_health_and_sessions_go_by_age_and_number()
    {
        var now = TimeProvider.System.GetUtcNow();
        string At(int days) => now.AddDays(-days).ToUnixTimeMilliseconds().ToString(CultureInfo.InvariantCulture);
        for (var i = 0; i < 8; i++)
        {
            await ExecuteAsync($"INSERT INTO alerts VALUES ('{i}', 'r', 'f{i}', '', 'info', '{(i == 0 ? "firing" : "resolved")}', 1, '', '', '', {At(i * 20)}, {At(i * 20)}, {(i == 0 ? "NULL" : At(i * 20))}, NULL, NULL, NULL, NULL)");
            await ExecuteAsync($"INSERT INTO alert_notices VALUES ('{i}', 'c', 'g', '', '{(i == 7 ? "waiting" : "sent")}', 1, {At(i * 2)}, 0, NULL, NULL, 0)");
            await ExecuteAsync($"INSERT INTO alert_silences (id, matchers, starts_at, ends_at, comment, created_by, created_at) VALUES ('{i}', '', 0, {At(i * 10)}, '', 'a', 0)");
            await ExecuteAsync($"INSERT INTO health_changes VALUES ('{i}', 's', 'i', 'c', NULL, 'healthy', {At(i * 10)}, NULL)");
            await ExecuteAsync($"INSERT INTO dashboard_sessions VALUES ('{i}', 'k', 0, {At(i - 4)})");
        }

        await PassAsync(new() { Batch = 10 }, TimeSpan.FromMinutes(1));
        Assert.Equal(["0,1,2,3,4", "0,1,2,3,7", "0,1,2", "0,1,2", "0,1,2,3"], await KeptAsync());
        await ExecuteAsync(
            $"WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 150) INSERT INTO health_changes SELECT 'n' || i, 's', 'i', 'c', NULL, 'healthy', {At(0)} - i, NULL FROM n");
        await PassAsync(new() { Batch = 10, HealthCount = 100 }, TimeSpan.FromMinutes(1));
        Assert.Equal((100L, "0"), (await CountAsync("health_changes"), (await KeptAsync())[3].Split(',')[0]));

        async Task<string[]> KeptAsync()
        {
            var kept = new List<string>();
            foreach (var (table, key) in ((string, string)[])[("alerts", "id"), ("alert_notices", "id"), ("alert_silences", "id"), ("health_changes", "id"), ("dashboard_sessions", "hash")])
            {
                await using var command = _test!.Database.CreateCommand($"SELECT {key} FROM {table} ORDER BY {key}");
                await using var reader = await command.ExecuteReaderAsync(Token);
                var keys = new List<string>();
                while (await reader.ReadAsync(Token))
                    keys.Add(reader.GetString(0));
                kept.Add(string.Join(',', keys));
            }

            return [.. kept];
        }
    }

    [Fact]
    public async Task A_turn_is_one_process_s_in_each_interval()
    {
        var (now, interval) = (TimeProvider.System.GetUtcNow(), TimeSpan.FromMinutes(10));
        var turns = await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => new RetentionTurn(_test!.Database).TakeAsync(now, interval, Token)));
        Assert.Single(turns, t => t);
        var turn = new RetentionTurn(_test!.Database);
        Assert.False(await turn.TakeAsync(now.AddMinutes(5), interval, Token));
        Assert.True(await turn.TakeAsync(now.AddMinutes(10), interval, Token));

        // One whose clock was a year ahead must not stop the others.
        Assert.True(await turn.TakeAsync(now.AddYears(1), interval, Token));
        Assert.True(await turn.TakeAsync(now.AddMinutes(20), interval, Token));
    }

    [Fact]
    public async Task What_the_database_holds_is_told_with_the_age_of_the_oldest()
    {
        Assert.All(await Store.MeasureStorageAsync(Guid.Empty, Token), s => Assert.Null(s.Oldest));
        await WithEventsAsync();
        var stored = await Store.MeasureStorageAsync(Guid.Empty, Token);
        Assert.Equal(["database", "executions", "events", "calls", "journal"], stored.Select(s => s.What));
        Assert.InRange((TimeProvider.System.GetUtcNow() - stored[1].Oldest!.Value).TotalSeconds, 89, 600);
        Assert.Equal(stored[1].Oldest, stored[2].Oldest);
        Assert.True(stored[0].Bytes > 0);
        Assert.Equal(Store.Kind == "postgresql", stored.Skip(1).All(s => s.Bytes > 0));
        await Store.TrimEventsAsync(default, Past(-60), 10, Token);
        Assert.Null((await Store.MeasureStorageAsync(Guid.Empty, Token))[2].Oldest);
    }

    private static (int Seen, int Removed) Trimmed(TrimBatch batch) => (batch.Seen, batch.Removed);

    /// <summary>A pass as it would run that much later; answers how many rows it removed.</summary>
    private async Task<long> PassAsync(RetentionOptions options, TimeSpan later)
    {
        var clock = new ManualTimeProvider();
        clock.Advance(TimeProvider.System.GetUtcNow() + later - clock.GetUtcNow());
        var removed = await new RetentionPass(Store, _test!.Database, new AuditTable(_test.Database), new RetentionMetrics(Metering.Factory(), clock), Options.Create(options), clock).RunAsync(Token);
        return removed.Values.Sum();
    }

    private async Task<ClaimedExecution> ClaimedAsync(NewExecution item)
    {
        await AcceptAsync(item with { Priority = 9 });
        return Assert.Single(await ClaimAsync(1));
    }

    private async Task<Guid> EndedAsync(NewExecution item)
    {
        var claim = await ClaimedAsync(item);
        await EndAsync(claim, new AttemptEnd(ExecutionStatus.Completed, "1"));
        return claim.Execution.Id;
    }

    /// <summary>Numbers 2 to 9 in four chunks, the last with the end.</summary>
    private async Task<Guid> WithEventsAsync()
    {
        var claim = await ClaimedAsync(New(Past(90)));
        var id = claim.Execution.Id;
        for (var seq = 2; seq <= 6; seq += 2)
        {
            await Store.RecordAsync(
                [new ExecutionRecord { Lease = claim.Lease, Events = new EventChunk(seq, [Log(seq), Log(seq + 1)]) }], Token);
        }

        string Log(long seq) => EventFrames.Write(id, seq, new ExecutionEvent.Log("x"), DateTimeOffset.UnixEpoch);
        var end = EventFrames.Write(id, 9, new ExecutionEvent.StatusChanged(ExecutionStatus.Completed, "\"done\""), DateTimeOffset.UnixEpoch);
        await Store.RecordAsync([new ExecutionRecord { Lease = claim.Lease, Events = new EventChunk(8, [Log(8), end]), End = new AttemptEnd(ExecutionStatus.Completed, "\"done\"") }], Token);
        return id;
    }

    private async Task<long> CountAsync(string table)
    {
        await using var command = _test!.Database.CreateCommand($"SELECT count(*) FROM {table}");
        return (long)(await command.ExecuteScalarAsync(Token))!;
    }
}
