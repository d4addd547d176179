using System.Text.Json;
using OsMEN.Executions;
using OsMEN.Llm;
using OsMEN.ServiceDefaults;

namespace OsMEN.Tests.Executions;

/// <summary>What every <see cref="IExecutionStore"/> does. One subclass a store runs all of it.</summary>
public abstract partial class StoreBehaviour : IAsyncLifetime
{
    private static readonly TimeSpan Lease = TimeSpan.FromMinutes(1);
    private TestStore? _test;

    private IExecutionStore Store => _test!.Store;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync() => _test = await CreateAsync(null);

    public async ValueTask DisposeAsync()
    {
        if (_test is not null)
            await _test.DisposeAsync();
        GC.SuppressFinalize(this);
    }

    [Fact]
    public async Task An_accepted_execution_is_found_as_it_was_asked_for()
    {
        var item = New() with
        {
            ParentId = Guid.CreateVersion7(),
            Priority = 7,
            Timeout = TimeSpan.FromSeconds(90),
            MaxAttempts = 5,
            BudgetUsd = 0.123456789m,
            Metadata = """{"team":"ops"}""",
            TraceParent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
            RequestId = "req-1",
            Input = """{"text":"Grüße 🌍 \u0000"}""",
        };
        var accepted = await AcceptAsync(item);
        var found = await Store.GetAsync(item.Id, Token);
        Assert.Equal(accepted with { RunAt = default }, found! with { RunAt = default });
        Assert.Equal("0af7651916cd43dd8448eb211c80319c", found.TraceId);
        Assert.Equal(ExecutionStatus.Pending, found.Status);
        Assert.Null(await Store.GetAsync(Guid.CreateVersion7(), Token));
    }

    [Fact]
    public async Task The_same_key_with_the_same_request_returns_the_first_execution_and_another_request_conflicts()
    {
        var first = New() with { IdempotencyKey = "k", RequestHash = [1, 2] };
        var results = await Store.AcceptAsync([first, New() with { IdempotencyKey = "k", RequestHash = [1, 2] }], Token);
        Assert.Equal([AcceptOutcome.Created, AcceptOutcome.Existing], results.Select(r => r.Outcome));
        Assert.Equal(first.Id, results[1].Execution!.Id);
        results = await Store.AcceptAsync(
            [
                New() with { IdempotencyKey = "k", RequestHash = [1, 2] },
                New() with { IdempotencyKey = "k", RequestHash = [9] },
                New() with { IdempotencyKey = "k", RequestHash = [9], User = "somebody else" },
            ],
            Token);
        Assert.Equal([AcceptOutcome.Existing, AcceptOutcome.Conflict, AcceptOutcome.Created], results.Select(r => r.Outcome));
        Assert.Equal(2, (await Store.ListAsync(new ExecutionQuery(), Token)).Count);
    }

    [Fact]
    public async Task An_accept_sent_twice_writes_once()
    {
        var item = New();
        await AcceptAsync(item);
        var again = await Store.AcceptAsync([item], Token);
        Assert.Equal(AcceptOutcome.Existing, again[0].Outcome);
        Assert.Single(await ClaimAsync(10));
    }

    [Fact]
    public async Task Claims_take_the_highest_priority_first_and_then_the_oldest()
    {
        var low = await AcceptAsync(New() with { Priority = 1 });
        var old = await AcceptAsync(New() with { Priority = 5, RunAt = Past(10) });
        var older = await AcceptAsync(New() with { Priority = 5, RunAt = Past(20) });
        var high = await AcceptAsync(New() with { Priority = 9 });
        var order = new List<Guid>();
        order.AddRange((await ClaimAsync(1)).Select(c => c.Execution.Id));
        order.AddRange((await ClaimAsync(10)).Select(c => c.Execution.Id));
        Assert.Equal([high.Id, older.Id, old.Id, low.Id], order);
    }

    [Fact]
    public async Task An_execution_is_not_claimed_before_its_time_whatever_its_priority()
    {
        await AcceptAsync(New() with { Priority = 9, RunAt = DateTimeOffset.UnixEpoch.AddYears(100) });
        var due = await AcceptAsync(New() with { Priority = 0 });
        var claimed = Assert.Single(await ClaimAsync(10));
        Assert.Equal(due.Id, claimed.Execution.Id);
        var depth = await Store.GetDepthAsync(Token);
        Assert.Equal((0, 1, 1), (depth.Due, depth.Scheduled, depth.Running));
    }

    [Fact]
    public async Task What_is_due_later_is_told_by_kind_also_once_it_was_queued_again()
    {
        var later = DateTimeOffset.UnixEpoch.AddYears(100);
        await AcceptAsync(New() with { RunAt = later });
        await AcceptAsync(New() with { Kind = ExecutionKind.Command, RunAt = later });
        await AcceptAsync(New() with { Kind = ExecutionKind.Workflow, RunAt = later });
        var again = await AcceptAsync(New() with { Kind = ExecutionKind.Workflow });
        await Store.CancelAsync(again.Id, Token);
        await Store.RetryAsync(again.Id, Token);
        await EndAsync(Assert.Single(await ClaimAsync(1)), new AttemptEnd(ExecutionStatus.Pending, RunAt: later));
        var depth = await Store.GetDepthAsync(Token);
        Assert.Equal([1, 1, 2], depth.ScheduledByKind);
        Assert.Equal((0, 4, 0), (depth.Due, depth.Scheduled, depth.Running));
    }

    [Fact]
    public async Task A_claim_counts_the_attempt_and_gives_no_more_than_asked_for()
    {
        for (var i = 0; i < 5; i++)
            await AcceptAsync(New());
        Assert.Equal(2, (await ClaimAsync(2)).Count);
        var claims = await ClaimAsync(10, "w2");
        Assert.Equal(3, claims.Count);
        var execution = claims[0].Execution;
        Assert.Equal((ExecutionStatus.Running, 1, "w2", 1L, 1L), (execution.Status, execution.Attempt, execution.Worker, claims[0].Fence, claims[0].LastSeq));
        Assert.NotNull(execution.StartedAt);
        Assert.Equal(execution, await Store.GetAsync(execution.Id, Token));
    }

    [Fact]
    public async Task Concurrent_claims_never_give_one_execution_to_two_workers()
    {
        await Store.AcceptAsync([.. Enumerable.Range(0, 300).Select(_ => New())], Token);
        var claims = await Task.WhenAll(Enumerable.Range(0, 6).Select(async w =>
        {
            var mine = new List<Guid>();
            while (await ClaimAsync(7, $"w{w}") is { Count: > 0 } got)
                mine.AddRange(got.Select(c => c.Execution.Id));
            return mine;
        }));
        var all = claims.SelectMany(c => c).ToArray();
        Assert.Equal(300, all.Length);
        Assert.Equal(300, all.Distinct().Count());
    }

    [Fact]
    public async Task Completing_writes_output_usage_and_events_together()
    {
        var id = (await AcceptAsync(New())).Id;
        var claim = (await ClaimAsync(1))[0];
        var call = Call(new TokenUsage(100, 20, 40, 5, 7), 0.000123456m);
        var held = await Store.RecordAsync(
            [
                new ExecutionRecord { Lease = claim.Lease, Calls = [call], Events = Frames(claim, 2, ExecutionStatus.Running) },
            ],
            Token);
        Assert.Equal([true], held);
        held = await Store.RecordAsync(
            [
                new ExecutionRecord
                {
                    Lease = claim.Lease,
                    Calls = [Call(new TokenUsage(1, 2), null)],
                    Events = Frames(claim, 3, ExecutionStatus.Completed),
                    End = new AttemptEnd(ExecutionStatus.Completed, """{"text":"done"}"""),
                },
            ],
            Token);
        Assert.Equal([true], held);
        var done = (await Store.GetAsync(id, Token))!;
        Assert.Equal(
            (ExecutionStatus.Completed, """{"text":"done"}""", new TokenUsage(101, 22, 40, 5, 7), 0.000123456m, "test", 1, "w1"),
            (done.Status, done.Output, done.Tokens, done.CostUsd, done.Platform, done.Attempt, done.Worker));
        Assert.True(done.CompletedAt >= done.StartedAt);
        var page = (await Store.ReadEventsAsync(id, 0, 100, Token))!;
        Assert.Equal(["PENDING", "RUNNING", "COMPLETED"], Statuses(page));
        Assert.Equal((1, 3, ExecutionStatus.Completed), (page.FirstSeq, page.LastSeq, page.Status));
        Assert.Equal(["COMPLETED"], Statuses((await Store.ReadEventsAsync(id, 2, 100, Token))!));
        Assert.Equal(0, (await Store.GetDepthAsync(Token)).Running);
    }

    [Fact]
    public async Task Events_and_the_end_of_one_execution_may_come_in_one_batch_beside_a_stale_record()
    {
        for (var turn = 0; turn < 2; turn++)
        {
            var id = (await AcceptAsync(New())).Id;
            var stale = (await ClaimAsync(1, lease: TimeSpan.FromMilliseconds(-1)))[0];
            await new LeaseRescuer(Store, TimeProvider.System).RescueAsync(10, Token);
            var claim = (await ClaimAsync(1))[0];
            ExecutionRecord[] records =
            [
                new() { Lease = claim.Lease, Events = Frames(claim, claim.LastSeq + 1, ExecutionStatus.Running) },
                new()
                {
                    Lease = claim.Lease,
                    Events = Frames(claim, claim.LastSeq + 2, ExecutionStatus.Completed),
                    End = new AttemptEnd(ExecutionStatus.Completed, "\"done\""),
                },
                new() { Lease = stale.Lease, Events = Frames(stale, 90, ExecutionStatus.Failed) },
            ];
            if (turn == 1)
                records = [records[2], records[0], records[1]];
            Assert.Equal(records.Select(r => r.Lease == claim.Lease), await Store.RecordAsync(records, Token));

            var found = (await Store.GetAsync(id, Token))!;
            Assert.Equal((ExecutionStatus.Completed, "\"done\"", 2), (found.Status, found.Output, found.Attempt));
            Assert.DoesNotContain((await Store.ReadEventsAsync(id, 0, 100, Token))!.Frames, f => f.Contains("FAILED", StringComparison.Ordinal));
        }
    }

    [Fact]
    public async Task A_late_worker_cannot_complete_a_reclaimed_execution_but_its_spend_counts()
    {
        var id = (await AcceptAsync(New())).Id;
        var late = (await ClaimAsync(1, "late", TimeSpan.Zero))[0];
        Assert.Equal([id], (await new LeaseRescuer(Store, TimeProvider.System).RescueAsync(10, Token)).Select(r => r.Execution.Id));
        var current = (await ClaimAsync(1, "current"))[0];
        Assert.Equal((2, true), (current.Execution.Attempt, current.Fence > late.Fence));
        var held = await Store.RecordAsync(
            [
                new ExecutionRecord
                {
                    Lease = late.Lease,
                    Events = Frames(late, 2, ExecutionStatus.Completed),
                    Calls = [Call(new TokenUsage(10, 1), 0.5m)],
                    End = new AttemptEnd(ExecutionStatus.Completed, "\"late\""),
                },
            ],
            Token);
        Assert.Equal([false], held);
        var now = (await Store.GetAsync(id, Token))!;
        Assert.Equal((ExecutionStatus.Running, null, 0.5m), (now.Status, now.Output, now.CostUsd));
        Assert.Equal([true], await EndAsync(current, new AttemptEnd(ExecutionStatus.Completed, "\"current\"")));
        Assert.Equal("\"current\"", (await Store.GetAsync(id, Token))!.Output);
    }

    [Fact]
    public async Task A_record_sent_again_after_its_answer_was_lost_is_taken_once()
    {
        var id = (await AcceptAsync(New())).Id;
        var claim = (await ClaimAsync(1))[0];
        var record = new ExecutionRecord
        {
            Lease = claim.Lease,
            Events = Frames(claim, 2, ExecutionStatus.Completed),
            Calls = [Call(new TokenUsage(10, 1), 0.25m)],
            End = new AttemptEnd(ExecutionStatus.Completed, "1"),
        };
        Assert.Equal([true], await Store.RecordAsync([record], Token));
        Assert.Equal([true], await Store.RecordAsync([record], Token));
        var done = (await Store.GetAsync(id, Token))!;
        Assert.Equal((new TokenUsage(10, 1), 0.25m), (done.Tokens, done.CostUsd));
        Assert.Equal(2, (await Store.ReadEventsAsync(id, 0, 100, Token))!.LastSeq);
    }

    [Fact]
    public async Task Heartbeats_keep_leases_and_tell_what_is_lost_or_to_be_cancelled()
    {
        await AcceptAsync(New());
        await AcceptAsync(New());
        await AcceptAsync(New());
        var claims = await ClaimAsync(3, "w1", TimeSpan.FromMilliseconds(1));
        Assert.Equal([true], await EndAsync(claims[0], new AttemptEnd(ExecutionStatus.Completed, "1")));
        await Store.CancelAsync(claims[1].Execution.Id, Token);
        var beat = await Store.HeartbeatAsync("w1", [.. claims.Select(c => c.Lease)], Lease, Token);
        Assert.Equal([claims[0].Execution.Id], beat.Lost);
        Assert.Equal([claims[1].Execution.Id], beat.CancelRequested);
        Assert.Empty(await Store.FindExpiredAsync(10, Token));
        Assert.Equal(claims.Count, (await Store.HeartbeatAsync("w2", [.. claims.Select(c => c.Lease)], Lease, Token)).Lost.Count);
    }

    [Fact]
    public async Task A_lost_worker_costs_an_attempt_and_the_last_one_fails()
    {
        var id = (await AcceptAsync(New() with { MaxAttempts = 2 })).Id;
        var rescuer = new LeaseRescuer(Store, TimeProvider.System);
        await ClaimAsync(1, "w1", TimeSpan.Zero);
        await rescuer.RescueAsync(10, Token);
        Assert.Equal((ExecutionStatus.Pending, 1), await StateAsync(id));
        await ClaimAsync(1, "w2", TimeSpan.Zero);
        await rescuer.RescueAsync(10, Token);
        var failed = (await Store.GetAsync(id, Token))!;
        Assert.Equal((ExecutionStatus.Failed, 2, "WorkerLost"), (failed.Status, failed.Attempt, failed.Error!.Type));
        Assert.Equal(["PENDING", "PENDING", "FAILED"], Statuses((await Store.ReadEventsAsync(id, 0, 100, Token))!));
        Assert.Empty(await rescuer.RescueAsync(10, Token));
    }

    [Fact]
    public async Task A_failed_attempt_can_wait_for_its_next_one()
    {
        var id = (await AcceptAsync(New())).Id;
        var claim = (await ClaimAsync(1))[0];
        await EndAsync(claim, new AttemptEnd(ExecutionStatus.Pending, RunAt: DateTimeOffset.UnixEpoch.AddYears(100)));
        Assert.Equal((ExecutionStatus.Pending, 1), await StateAsync(id));
        Assert.Empty(await ClaimAsync(1));
    }

    [Fact]
    public async Task What_is_given_back_costs_no_attempt_and_no_event_number()
    {
        var id = (await AcceptAsync(New())).Id;
        var claim = (await ClaimAsync(1))[0];
        await Store.RecordAsync(
            [new ExecutionRecord { Lease = claim.Lease, Events = Frames(claim, 2, ExecutionStatus.Pending), End = new AttemptEnd(ExecutionStatus.Pending, CountAttempt: false) }],
            Token);
        Assert.Equal((ExecutionStatus.Pending, 0), await StateAsync(id));
        var again = (await ClaimAsync(1, "w2"))[0];
        Assert.Equal((1, 2L, 2L), (again.Execution.Attempt, again.LastSeq, again.Fence));
    }

    [Fact]
    public async Task A_claim_whose_answer_was_lost_is_given_back()
    {
        await AcceptAsync(New());
        await AcceptAsync(New());
        var claims = await ClaimAsync(2);
        var rescuer = new LeaseRescuer(Store, TimeProvider.System);
        Assert.Equal([claims[1].Execution.Id], await rescuer.GiveBackUnknownAsync("w1", [claims[0].Execution.Id], Token));
        Assert.Equal([claims[1].Execution.Id], (await ClaimAsync(5, "w2")).Select(c => c.Execution.Id));
    }

    [Fact]
    public async Task Cancelling_a_queued_execution_ends_it_and_a_retry_by_hand_queues_it_again()
    {
        var id = (await AcceptAsync(New() with { MaxAttempts = 1 })).Id;
        var cancelled = await Store.CancelAsync(id, Token);
        Assert.Equal((true, ExecutionStatus.Cancelled), (cancelled!.Value.Changed, cancelled.Value.Execution.Status));
        Assert.Empty(await ClaimAsync(1));
        Assert.False((await Store.CancelAsync(id, Token))!.Value.Changed);
        Assert.True((await Store.RetryAsync(id, Token))!.Value.Changed);
        Assert.False((await Store.RetryAsync(id, Token))!.Value.Changed);
        var claim = (await ClaimAsync(1))[0];
        Assert.Equal(3, claim.LastSeq);
        await EndAsync(claim, new AttemptEnd(ExecutionStatus.Failed, Error: new ExecutionError("X", "y")));
        var retried = (await Store.RetryAsync(id, Token))!.Value;
        Assert.Equal((true, ExecutionStatus.Pending, 2, null), (retried.Changed, retried.Execution.Status, retried.Execution.MaxAttempts, retried.Execution.Error));
        claim = (await ClaimAsync(1))[0];
        Assert.Equal((2, 3L), (claim.Execution.Attempt, claim.Fence));
        await EndAsync(claim, new AttemptEnd(ExecutionStatus.Completed, "1"));
        Assert.False((await Store.RetryAsync(id, Token))!.Value.Changed);
        Assert.Null(await Store.RetryAsync(Guid.CreateVersion7(), Token));
        Assert.Null(await Store.CancelAsync(Guid.CreateVersion7(), Token));
    }

    [Fact]
    public async Task Cancelling_a_running_execution_asks_its_worker_and_ends_it_when_the_worker_is_gone()
    {
        var id = (await AcceptAsync(New())).Id;
        await ClaimAsync(1, "w1", TimeSpan.Zero);
        var asked = (await Store.CancelAsync(id, Token))!.Value;
        Assert.Equal((true, ExecutionStatus.Running), (asked.Changed, asked.Execution.Status));
        await new LeaseRescuer(Store, TimeProvider.System).RescueAsync(10, Token);
        Assert.Equal((ExecutionStatus.Cancelled, 1), await StateAsync(id));
    }

    [Fact]
    public async Task Listings_are_newest_first_filtered_and_paged()
    {
        var start = TimeProvider.System.GetUtcNow().AddHours(-1);
        var items = Enumerable.Range(0, 6).Select(i => New(start.AddSeconds(i)) with { Target = i % 2 == 0 ? "a" : "b", User = i < 3 ? "ana" : "bob" }).ToArray();
        await Store.AcceptAsync(items, Token);
        await Store.CancelAsync(items[5].Id, Token);
        var ids = items.Select(i => i.Id).ToArray();
        Assert.Equal(ids.Reverse(), await ListAsync(new ExecutionQuery()));
        Assert.Equal([ids[5], ids[4]], await ListAsync(new ExecutionQuery { Limit = 2 }));
        Assert.Equal([ids[3], ids[2]], await ListAsync(new ExecutionQuery { Limit = 2, Before = ids[4] }));
        Assert.Equal([ids[4], ids[2], ids[0]], await ListAsync(new ExecutionQuery { Target = "a" }));
        Assert.Equal([ids[2], ids[1], ids[0]], await ListAsync(new ExecutionQuery { User = "ana" }));
        Assert.Equal([ids[5]], await ListAsync(new ExecutionQuery { Status = ExecutionStatus.Cancelled }));
        Assert.Equal([ids[4]], await ListAsync(new ExecutionQuery { Status = ExecutionStatus.Pending, Limit = 1 }));
        Assert.Equal([ids[2], ids[1]], await ListAsync(new ExecutionQuery { Since = start.AddSeconds(1), Until = start.AddSeconds(3) }));
        Assert.Empty(await ListAsync(new ExecutionQuery { Kind = ExecutionKind.Workflow }));
    }

    [Fact]
    public async Task Events_after_a_number_start_there_even_inside_a_chunk_and_a_hole_shows()
    {
        var id = (await AcceptAsync(New())).Id;
        var claim = (await ClaimAsync(1))[0];
        async Task Write(EventChunk chunk) => Assert.Equal([true], await Store.RecordAsync([new ExecutionRecord { Lease = claim.Lease, Events = chunk }], Token));
        await Write(new EventChunk(2, ["{\"seq\":2}", "{\"seq\":3}", "{\"seq\":4}"]));
        await Write(new EventChunk(9, ["{\"seq\":9}"]));
        var page = (await Store.ReadEventsAsync(id, 3, 100, Token))!;
        Assert.Equal((4, "{\"seq\":4}"), (page.FirstSeq, Assert.Single(page.Frames)));
        page = (await Store.ReadEventsAsync(id, 4, 100, Token))!;
        Assert.Equal((9, "{\"seq\":9}"), (page.FirstSeq, Assert.Single(page.Frames)));
        Assert.Null(await Store.ReadEventsAsync(Guid.CreateVersion7(), 0, 100, Token));
    }

    [Fact]
    public async Task Several_processes_may_bring_an_empty_database_up_to_date_at_once()
    {
        await using var fresh = await CreateAsync(null);
        var others = await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => CreateAsync(fresh.ConnectionString)));
        foreach (var other in others)
        {
            await other.Store.GetDepthAsync(Token);
            await other.DisposeAsync();
        }
    }

    internal abstract Task<TestStore> CreateAsync(string? connectionString);

    internal static NewExecution New(DateTimeOffset? createdAt = null)
    {
        // Whole microseconds, which both stores keep.
        var now = createdAt ?? TimeProvider.System.GetUtcNow();
        now = now.AddTicks(-(now.Ticks % TimeSpan.TicksPerMicrosecond));
        return new NewExecution { Id = OrderedIds.New(now), Kind = ExecutionKind.Agent, Target = "agent", User = "ana", Input = "\"hi\"", CreatedAt = now };
    }

    private static DateTimeOffset Past(int seconds) => TimeProvider.System.GetUtcNow().AddSeconds(-seconds);

    private static EventChunk Frames(ClaimedExecution claim, long seq, ExecutionStatus status) =>
        new(seq, [EventFrames.Status(claim.Execution.Id, seq, status, DateTimeOffset.UnixEpoch)]);

    private static LlmCall Call(TokenUsage tokens, decimal? cost) => new()
    {
        Id = Guid.CreateVersion7(),
        Platform = "test",
        Model = "m",
        StartedAt = TimeProvider.System.GetUtcNow(),
        Duration = TimeSpan.FromMilliseconds(12),
        Status = LlmCallStatus.Ok,
        Tokens = tokens,
        CostUsd = cost,
    };

    private static IEnumerable<string> Statuses(EventPage page) =>
        page.Frames.Select(f => JsonDocument.Parse(f).RootElement.GetProperty("data").GetProperty("status").GetString()!);

    private async Task<Execution> AcceptAsync(NewExecution item)
    {
        var result = (await Store.AcceptAsync([item], Token))[0];
        Assert.Equal(AcceptOutcome.Created, result.Outcome);
        return result.Execution!;
    }

    private Task<IReadOnlyList<ClaimedExecution>> ClaimAsync(int max, string worker = "w1", TimeSpan? lease = null) =>
        Store.ClaimAsync(worker, max, lease ?? Lease, Token);

    private Task<IReadOnlyList<bool>> EndAsync(ClaimedExecution claim, AttemptEnd end) =>
        Store.RecordAsync([new ExecutionRecord { Lease = claim.Lease, End = end }], Token);

    private async Task<(ExecutionStatus Status, int Attempt)> StateAsync(Guid id) =>
        await Store.GetAsync(id, Token) is { } e ? (e.Status, e.Attempt) : default;

    private async Task<Guid[]> ListAsync(ExecutionQuery query) => [.. (await Store.ListAsync(query, Token)).Select(e => e.Id)];
}
