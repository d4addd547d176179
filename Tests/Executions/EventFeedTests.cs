using System.Text.Json;
using OsMEN.Executions;
using OsMEN.Tests.Infrastructure;

namespace OsMEN.Tests.Executions;

/// <summary>Events from the worker's recorder through Redis and the store to readers in other processes.</summary>
public sealed class EventFeedTests(RedisServer redis) : IAsyncLifetime
{
    private TestStore? _test;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync() => _test = await TestStore.SqliteAsync();

    public ValueTask DisposeAsync() => _test!.DisposeAsync();

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Readers_that_come_early_late_and_again_see_every_event_once_in_order_with_and_without_Redis(bool withRedis)
    {
        if (withRedis)
            await redis.StartAsync();
        var at = withRedis ? redis.ConnectionString : "127.0.0.1:1";
        await using var worker = await ServiceHarness.CreateAsync(_test!.Store, at);
        await using var gateway = await ServiceHarness.CreateAsync(_test.Store, at);
        var id = (await gateway.Acceptor.AcceptAsync(StoreBehaviour.New(), Token)).Execution!.Id;

        var early = ReadAllAsync(gateway, id, 0);
        var claim = (await _test.Store.ClaimAsync("w", 1, TimeSpan.FromMinutes(1), Token))[0];
        using var running = worker.Recorder.Open(claim);
        await running.WriteAsync(new ExecutionEvent.StatusChanged(ExecutionStatus.Running), Token);
        for (var i = 0; i < 500; i++)
            await running.WriteAsync(new ExecutionEvent.OutputDelta($"{i}\n"), Token);
        var middle = ReadAllAsync(gateway, id, 200);
        for (var i = 500; i < 1000; i++)
            await running.WriteAsync(new ExecutionEvent.OutputDelta($"{i}\n"), Token);
        Assert.True(await running.EndAsync(new AttemptEnd(ExecutionStatus.Completed, "\"done\"")));

        Assert.Equal(Numbers(1, 1003), await early);
        Assert.Equal(Numbers(201, 1003), await middle);
        Assert.Equal(Numbers(1, 1003), await ReadAllAsync(gateway, id, 0));
        Assert.Empty(await ReadAllAsync(gateway, id, 1003));
    }

    [Fact]
    public async Task A_wait_ends_with_the_execution_and_gives_up_after_its_time()
    {
        await redis.StartAsync();
        await using var worker = await ServiceHarness.CreateAsync(_test!.Store, redis.ConnectionString);
        await using var gateway = await ServiceHarness.CreateAsync(_test.Store, redis.ConnectionString);
        var id = (await gateway.Acceptor.AcceptAsync(StoreBehaviour.New(), Token)).Execution!.Id;
        Assert.Equal(ExecutionStatus.Pending, (await gateway.Completions.WaitAsync(id, TimeSpan.FromMilliseconds(20), Token))!.Status);
        var wait = gateway.Completions.WaitAsync(id, TimeSpan.FromMinutes(1), Token);
        using var running = worker.Recorder.Open((await _test.Store.ClaimAsync("w", 1, TimeSpan.FromMinutes(1), Token))[0]);
        await running.EndAsync(new AttemptEnd(ExecutionStatus.Completed, "1"));
        Assert.Equal((ExecutionStatus.Completed, "1"), ((await wait)!.Status, (await wait)!.Output));
        Assert.Null(await gateway.Completions.WaitAsync(Guid.CreateVersion7(), TimeSpan.FromMinutes(1), Token));
    }

    [Fact]
    public async Task An_attempt_that_never_stops_talking_is_cut_with_one_warning()
    {
        await using var worker = await ServiceHarness.CreateAsync(_test!.Store, options: new ExecutionOptions { MaxEvents = 100 });
        var id = (await worker.Acceptor.AcceptAsync(StoreBehaviour.New(), Token)).Execution!.Id;
        using var running = worker.Recorder.Open((await _test.Store.ClaimAsync("w", 1, TimeSpan.FromMinutes(1), Token))[0]);
        for (var i = 0; i < 1000; i++)
            await running.WriteAsync(new ExecutionEvent.Log("again"), Token);
        await running.EndAsync(new AttemptEnd(ExecutionStatus.Completed, "1"));
        var page = (await _test.Store.ReadEventsAsync(id, 0, 2000, Token))!;
        Assert.Equal(1 + 100 + 1 + 1, page.LastSeq);
        Assert.Contains("More than 100 events", page.Frames[^2], StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_a_holder_of_a_lost_lease_says_is_not_recorded_and_it_is_told_to_stop()
    {
        await using var worker = await ServiceHarness.CreateAsync(_test!.Store);
        var id = (await worker.Acceptor.AcceptAsync(StoreBehaviour.New(), Token)).Execution!.Id;
        using var late = worker.Recorder.Open((await _test.Store.ClaimAsync("w1", 1, TimeSpan.Zero, Token))[0]);
        Assert.Single(await new LeaseRescuer(_test.Store, TimeProvider.System).RescueAsync(10, Token));
        var claim = (await _test.Store.ClaimAsync("w2", 1, TimeSpan.FromMinutes(1), Token))[0];
        Assert.False(await late.EndAsync(new AttemptEnd(ExecutionStatus.Completed, "\"late\"")));
        Assert.Equal(StopReason.LeaseLost, late.StopReason);
        Assert.True(late.Stopping.IsCancellationRequested);
        using var second = worker.Recorder.Open(claim);
        Assert.True(await second.EndAsync(new AttemptEnd(ExecutionStatus.Completed, "\"second\"")));
        Assert.Equal("\"second\"", (await _test.Store.GetAsync(id, Token))!.Output);
        Assert.Equal(Numbers(1, 3), (await ReadAllAsync(worker, id, 0)));
    }

    private static async Task<IReadOnlyList<long>> ReadAllAsync(ServiceHarness reader, Guid id, long after)
    {
        var seen = new List<long>();
        await foreach (var page in reader.Feed.ReadAsync(id, after, Token))
        {
            foreach (var frame in page.Frames)
            {
                using var json = JsonDocument.Parse(frame);
                seen.Add(json.RootElement.GetProperty("seq").GetInt64());
            }
        }

        return seen;
    }

    private static IEnumerable<long> Numbers(int from, int to) => Enumerable.Range(from, to - from + 1).Select(n => (long)n);
}
