using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using System.Text.Json;
using OsMEN.AgentWorker.Agents;
using OsMEN.Executions;
using OsMEN.Llm;
using OsMEN.Tests.Executions;
using OsMEN.Tests.Infrastructure;

namespace OsMEN.Tests.AgentWorker;

/// <summary>A whole worker in this process, without Redis, with an agent that does what the test says.</summary>
public sealed class WorkerTests : IAsyncLifetime
{
    private TestStore? _test;

    private IExecutionStore Store => _test!.Store;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync() => _test = await TestStore.SqliteAsync();

    public ValueTask DisposeAsync() => _test!.DisposeAsync();

    [Fact]
    public async Task It_never_runs_more_than_it_has_slots_and_the_most_urgent_first()
    {
        var ids = new List<Guid>();
        for (var priority = 0; priority < 10; priority++)
            ids.Add(await AcceptAsync(New() with { Priority = priority }));
        var running = 0;
        var most = 0;
        var order = new ConcurrentQueue<Guid>();
        var full = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using (await StartAsync(
            async (run, token) =>
            {
                order.Enqueue(run.Execution.Id);
                var now = Interlocked.Increment(ref running);
                InterlockedMax(ref most, now);

                // What was claimed together starts in any order, and an early end lets in another before the last of them.
                if (order.Count >= 3)
                    full.TrySetResult();
                await full.Task.WaitAsync(token);
                Interlocked.Decrement(ref running);
                return new AgentOutcome("1");
            },
            slots: 3))
            await Task.WhenAll(ids.Select(EndedAsync));
        Assert.Equal(3, most);
        Assert.Equal(ids.AsEnumerable().Reverse().Take(3).Order(), order.Take(3).Order());
    }

    [Fact]
    public async Task A_failed_attempt_is_repeated_after_a_delay_until_they_are_used_up()
    {
        var id = await AcceptAsync(New() with { MaxAttempts = 3 });
        await using var worker = await StartAsync((run, _) => Task.FromResult(AgentOutcome.Failed("Unavailable", $"attempt {run.Execution.Attempt}", retryable: true)));
        var ended = await EndedAsync(id);
        Assert.Equal((ExecutionStatus.Failed, 3, new ExecutionError("Unavailable", "attempt 3")), (ended.Status, ended.Attempt, ended.Error));
        Assert.Equal(["PENDING", "RUNNING", "PENDING", "RUNNING", "PENDING", "RUNNING", "FAILED"], await StatesAsync(id));
    }

    [Fact]
    public async Task What_cannot_go_better_is_not_repeated()
    {
        var refused = await AcceptAsync(New());
        await using var worker = await StartAsync((run, _) => Task.FromResult(AgentOutcome.Failed("BadRequest", "no such model")));
        var ended = await EndedAsync(refused);
        Assert.Equal((ExecutionStatus.Failed, 1, new ExecutionError("BadRequest", "no such model")), (ended.Status, ended.Attempt, ended.Error));
    }

    [Fact]
    public async Task An_agent_that_throws_fails_its_execution_and_nothing_else()
    {
        var bad = await AcceptAsync(New() with { MaxAttempts = 1 });
        var good = await AcceptAsync(New());
        await using var worker = await StartAsync((run, _) => run.Execution.Id == bad ? throw new InvalidDataException("odd") : Task.FromResult(new AgentOutcome("1")));
        Assert.Equal(new ExecutionError("InvalidDataException", "odd"), (await EndedAsync(bad)).Error);
        Assert.Equal(ExecutionStatus.Completed, (await EndedAsync(good)).Status);
    }

    [Fact]
    public async Task An_attempt_that_takes_too_long_is_stopped_and_timed_out()
    {
        var id = await AcceptAsync(New() with { Timeout = TimeSpan.FromSeconds(1) });
        await using var worker = await StartAsync(ForeverAsync);
        var ended = await EndedAsync(id);
        Assert.Equal((ExecutionStatus.TimedOut, 1, new ExecutionError("Timeout", "Attempt 1 was not done within 1 s.")), (ended.Status, ended.Attempt, ended.Error));
    }

    [Fact]
    public async Task A_running_execution_is_cancelled_with_the_heartbeat_when_Redis_is_away()
    {
        var id = await AcceptAsync(New());
        var started = new TaskCompletionSource();
        await using var worker = await StartAsync((run, token) =>
        {
            started.SetResult();
            return ForeverAsync(run, token);
        });
        await started.Task.WaitAsync(Token);
        Assert.Equal((true, ExecutionStatus.Running), ((await Store.CancelAsync(id, Token))!.Value is var r ? (r.Changed, r.Execution.Status) : default));
        Assert.Equal(ExecutionStatus.Cancelled, (await EndedAsync(id)).Status);
    }

    [Fact]
    public async Task On_a_stop_what_can_end_ends_and_the_rest_goes_back_without_losing_its_attempt()
    {
        var quick = await AcceptAsync(New());
        var slow = await AcceptAsync(New());
        var (started, both) = (0, new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously));
        var finish = new TaskCompletionSource();
        var worker = await StartAsync(async (run, token) =>
        {
            if (Interlocked.Increment(ref started) == 2)
                both.SetResult();
            await (run.Execution.Id == quick ? finish.Task : Task.Delay(Timeout.Infinite, token));
            return new AgentOutcome("\"ended\"");
        });
        await both.Task.WaitAsync(TimeSpan.FromMinutes(1), Token);

        // Claimed before the stop or not: it is back in the queue.
        var late = await AcceptAsync(New());
        var stopping = worker.DisposeAsync().AsTask();
        finish.SetResult();
        await stopping;
        Assert.Equal((ExecutionStatus.Completed, "\"ended\""), ((await Store.GetAsync(quick, Token))!.Status, (await Store.GetAsync(quick, Token))!.Output));
        var back = (await Store.GetAsync(slow, Token))!;
        Assert.Equal((ExecutionStatus.Pending, 0), (back.Status, back.Attempt));
        Assert.Equal((ExecutionStatus.Pending, 0), ((await Store.GetAsync(late, Token))!.Status, (await Store.GetAsync(late, Token))!.Attempt));
        Assert.Equal(["PENDING", "RUNNING", "PENDING"], await StatesAsync(slow));
    }

    [Fact]
    public async Task An_agent_that_is_gone_fails_its_execution_with_a_reason()
    {
        var id = await AcceptAsync(New() with { Target = "gone" });
        await using var worker = await StartAsync(ForeverAsync);
        Assert.Equal(new ExecutionError("AgentNotFound", "There is no agent 'gone' any more."), (await EndedAsync(id)).Error);
    }

    [Fact]
    public async Task What_ran_shows_in_the_metrics()
    {
        string[] idle = ["active_tasks{agent} 0", "agent_running_executions{daily_brief} 0", "worker_slots{free} 8", "worker_slots{used} 0"];
        var seen = new ConcurrentBag<string>();
        using var listener = new MeterListener { InstrumentPublished = (i, l) => Enable(i, l) };
        listener.SetMeasurementEventCallback<long>((i, value, tags, _) => seen.Add(Line(i, value, tags)));
        listener.SetMeasurementEventCallback<double>((i, value, tags, _) => seen.Add(Line(i, i is Histogram<double> ? 1 : value, tags)));
        listener.Start();
        var good = await AcceptAsync(New());
        var bad = await AcceptAsync(New());
        await using (await StartAsync(
            async (run, token) =>
            {
                await run.Events.WriteAsync(new ExecutionEvent.OutputDelta("a"), token);
                run.OnCall(new LlmCall
                {
                    Id = Guid.CreateVersion7(),
                    Platform = "test",
                    Model = "m",
                    StartedAt = run.Execution.CreatedAt,
                    Duration = TimeSpan.FromSeconds(1),
                    Status = LlmCallStatus.Ok,
                    Tokens = new TokenUsage(10, 4, CachedInput: 3),
                    CostUsd = run.Execution.Id == good ? 0.5m : null,
                });
                return run.Execution.Id == good ? new AgentOutcome("1") : AgentOutcome.Failed("BadInput", "no");
            }))
        {
            await EndedAsync(good);
            await EndedAsync(bad);

            // An end is recorded first, and its slot given back after that.
            await Programs.UntilAsync(
                () =>
                {
                    listener.RecordObservableInstruments();
                    return Task.FromResult(!idle.Except(seen).Any());
                },
                "the worker is idle");
        }

        string[] expected =
        [
            "active_tasks{agent} 0", "agent_duration{daily_brief,completed} 1", "agent_duration{daily_brief,failed} 1", "agent_executions{daily_brief,completed} 1",
            "agent_executions{daily_brief,failed} 1", "agent_response_time{daily_brief} 1", "agent_running_executions{daily_brief} 0",
            "agent_task_assignments{daily_brief,agent} 1", "agents{active,process} 1", "agents{refused,unknown} 0", "llm_cost_dollars{daily_brief,test,m} 0.5",
            "llm_request_duration{test,m,ok} 1", "llm_requests{test,m,ok} 1", "task_processing_time{agent} 1", "task_wait{agent} 1", "tasks{completed,agent} 1",
            "tasks{failed,agent} 1", "tokens_used{daily_brief,test,m,cached_input} 3", "tokens_used{daily_brief,test,m,input} 10",
            "tokens_used{daily_brief,test,m,output} 4", "unpriced_tokens{test,m} 14", "worker_slots{free} 8", "worker_slots{used} 0",
        ];
        Assert.Empty(expected.Except(seen));

        static void Enable(Instrument instrument, MeterListener listener)
        {
            if (instrument.Name.StartsWith("worker_tests_", StringComparison.Ordinal))
                listener.EnableMeasurementEvents(instrument);
        }

        static string Line(Instrument instrument, double value, ReadOnlySpan<KeyValuePair<string, object?>> tags) => string.Create(
            System.Globalization.CultureInfo.InvariantCulture,
            $"{instrument.Name["worker_tests_".Length..]}{(tags.Length == 0 ? "" : $"{{{string.Join(',', tags.ToArray().Select(t => t.Value))}}}")} {value}");
    }

    private static NewExecution New() => StoreBehaviour.New() with { Target = "daily_brief" };

    private static async Task<AgentOutcome> ForeverAsync(AgentRun run, CancellationToken cancellationToken)
    {
        await Task.Delay(Timeout.Infinite, cancellationToken);
        return new AgentOutcome("never");
    }

    private static void InterlockedMax(ref int target, int value)
    {
        for (var seen = Volatile.Read(ref target); value > seen; seen = Volatile.Read(ref target))
        {
            if (Interlocked.CompareExchange(ref target, value, seen) == seen)
                return;
        }
    }

    private async Task<Guid> AcceptAsync(NewExecution item) => (await Store.AcceptAsync([item], Token))[0].Execution!.Id;

    private async Task<Execution> EndedAsync(Guid id)
    {
        await using var reader = await ServiceHarness.CreateAsync(Store);
        var execution = await reader.Completions.WaitAsync(id, TimeSpan.FromMinutes(1), Token);
        return execution!.Status.IsFinal() ? execution : throw new TimeoutException($"{id} is still {execution.Status}.");
    }

    private async Task<string[]> StatesAsync(Guid id) =>
    [
        .. (await Store.ReadEventsAsync(id, 0, 1000, Token))!.Frames.Select(f => JsonSerializer.Deserialize<JsonElement>(f))
            .Where(e => e.GetProperty("type").GetString() == "status").Select(e => e.GetProperty("data").GetProperty("status").GetString()!),
    ];

    private Task<TestWorker> StartAsync(Func<AgentRun, CancellationToken, Task<AgentOutcome>> agent, int slots = 8) =>
        TestWorker.StartAsync(_test!.ConnectionString, agent, slots);
}
