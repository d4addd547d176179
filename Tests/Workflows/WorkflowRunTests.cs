using System.Collections.Concurrent;
using System.Text.Json;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Logging.Abstractions;
using OsMEN.AgentWorker.Agents;
using OsMEN.Executions;
using OsMEN.Executions.Workflows;
using OsMEN.Llm;
using OsMEN.Tests.AgentWorker;
using OsMEN.Tests.Executions;

namespace OsMEN.Tests.Workflows;

/// <summary>Workflows on a whole worker in this process, whose agents do what the test says.</summary>
public sealed class WorkflowRunTests : IAsyncLifetime
{
    private readonly string _catalog = Directory.CreateTempSubdirectory("osmen-workflows-").FullName;
    private TestStore? _test;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private IExecutionStore Store => _test!.Store;

    private IWorkflowStore Workflows => (IWorkflowStore)_test!.Store;

    public async ValueTask InitializeAsync()
    {
        _test = await TestStore.SqliteAsync();
        Directory.CreateDirectory(Path.Combine(_catalog, "agents"));
        Directory.CreateDirectory(Path.Combine(_catalog, "commands"));
        Directory.CreateDirectory(Path.Combine(_catalog, "workflows"));
        await File.WriteAllTextAsync(Path.Combine(_catalog, "agents", "x.yaml"), "description: d\ninstructions: i\nlimits: {max_attempts: 1}", Token);
        await File.WriteAllTextAsync(
            Path.Combine(_catalog, "commands", "ask.yaml"), "description: d\nagent: x\nprompt: Say {{input.word}}\nparameters: {type: object, required: [word], properties: {word: {type: string}}}", Token);
    }

    public async ValueTask DisposeAsync()
    {
        await _test!.DisposeAsync();
        Directory.Delete(_catalog, recursive: true);
    }

    [Fact]
    public async Task Branches_run_side_by_side_and_their_outputs_go_on()
    {
        var both = new CountdownEvent(2);
        await using var worker = await StartAsync("""
            description: d
            steps:
              a: {agent: x, input: {text: "A {{input.text}}"}}
              b: {command: ask, input: {word: b}}
              c: {agent: x, needs: [a, b], input: {text: "{{steps.a.output.text}}+{{steps.b.output.text}}"}}
            """, async (run, token) =>
            {
                var text = AgentInput.ToText(run.Execution.Input);
                if (!text.Contains('+'))
                {
                    both.Signal();
                    await Task.Run(() => both.Wait(token), token);
                }

                run.OnCall(new LlmCall { Id = Guid.CreateVersion7(), Platform = "p", Model = "m", StartedAt = TimeProvider.System.GetUtcNow(), Duration = TimeSpan.Zero, Status = LlmCallStatus.Ok, Tokens = new TokenUsage(2, 1), CostUsd = 0.5m });
                return new AgentOutcome(AgentInput.ToOutput($"<{text}>"));
            });
        var id = await AcceptAsync("go");
        var ended = await EndedAsync(id);
        Assert.Equal((ExecutionStatus.Completed, """{"text":"<<A go>+<Say b>>"}""", 1), (ended.Status, ended.Output, ended.Attempt));
        Assert.Equal((1.5m, new TokenUsage(6, 3)), (ended.CostUsd, ended.Tokens));
        Assert.Equal(["PENDING", "RUNNING", "COMPLETED"], await StatesAsync(id));
        var children = await Store.ListAsync(new ExecutionQuery { ParentId = id }, Token);
        Assert.Equal([("a", "x", 6), ("b", "ask", 6), ("c", "x", 6)], children.Select(c => (c.Step!, c.Target, c.Priority)).Order());
        Assert.Empty(await Store.ListAsync(new ExecutionQuery { Status = ExecutionStatus.Running }, Token));
    }

    [Fact]
    public async Task A_workflow_that_waits_holds_no_slot()
    {
        await using var worker = await StartAsync("description: d\nsteps:\n  ok: {approval: {message: ok?}}\n  a: {agent: x, needs: [ok]}", (_, _) => Task.FromResult(new AgentOutcome("1")), slots: 1);
        var ids = new List<Guid>();
        for (var i = 0; i < 5; i++)
            ids.Add(await AcceptAsync("go"));
        foreach (var id in ids)
            await Infrastructure.Programs.UntilAsync(async () => (await Workflows.ListApprovalsAsync(id, Token)).Count == 1, "it asks");
        Assert.Equal(5, (await Workflows.ListOpenApprovalsAsync(null, 10, Token)).Count);
        foreach (var id in ids)
            Assert.NotNull(await Workflows.DecideAsync(id, "ok", true, "ana", null, Token));
        foreach (var id in ids)
            Assert.Equal((ExecutionStatus.Completed, "1"), await EndedAsync(id) is var e ? (e.Status, e.Output) : default);
    }

    [Fact]
    public async Task A_failed_step_cancels_its_siblings_and_a_retry_by_hand_runs_what_did_not_complete()
    {
        var fails = true;
        var runs = new ConcurrentQueue<string>();
        await using var worker = await StartAsync("""
            description: d
            steps:
              done: {agent: x, input: {text: done}}
              bad: {agent: x, needs: [done], input: {text: bad}}
              slow: {agent: x, needs: [done], input: {text: slow}}
              last: {agent: x, needs: [bad, slow], input: {text: last}}
            """, async (run, token) =>
            {
                var text = AgentInput.ToText(run.Execution.Input);
                runs.Enqueue(text);
                if (fails && text == "slow")
                    await Task.Delay(Timeout.Infinite, token);
                return fails && text == "bad" ? AgentOutcome.Failed("Odd", "not today") : new AgentOutcome("1");
            });
        var id = await AcceptAsync("go");
        var ended = await EndedAsync(id);
        Assert.Equal((ExecutionStatus.Failed, new ExecutionError("StepFailed", "Step bad: Odd: not today")), (ended.Status, ended.Error));
        Assert.Equal(["bad FAILED", "done COMPLETED", "slow CANCELLED"], await StepsAsync(id));

        fails = false;
        runs.Clear();
        Assert.Null(await RetryAsync(id));
        ended = await EndedAsync(id);
        Assert.Equal((ExecutionStatus.Completed, 2), (ended.Status, ended.Attempt));
        Assert.Equal(["bad", "last", "slow"], runs.Order(StringComparer.Ordinal));
        Assert.Equal(4, (await Store.ListAsync(new ExecutionQuery { ParentId = id }, Token)).Count);
    }

    [Fact]
    public async Task A_retry_by_hand_runs_a_step_that_was_corrected_as_the_file_says_now()
    {
        var runs = new ConcurrentQueue<string>();
        await using var worker = await StartAsync(
            "description: d\nsteps:\n  a: {agent: x, input: {text: a}}\n  b: {agent: x, needs: [a], input: {text: bad}}\n  gone: {agent: x, needs: [a], input: {text: bad}}",
            (run, _) =>
            {
                var text = AgentInput.ToText(run.Execution.Input);
                runs.Enqueue(text);
                return Task.FromResult(text == "bad" ? AgentOutcome.Failed("Odd", "not today") : new AgentOutcome(AgentInput.ToOutput(text)));
            });
        var id = await AcceptAsync("go");
        Assert.Equal(ExecutionStatus.Failed, (await EndedAsync(id)).Status);
        await WriteAsync("description: d\nsteps:\n  a: {agent: x, input: {text: changed too late}}\n  b: {agent: x, needs: [a], input: {text: 'good {{steps.a.output.text}}'}}");
        runs.Clear();
        Assert.Null(await RetryAsync(id));
        Assert.Equal((ExecutionStatus.Completed, """{"text":"good a"}"""), await EndedAsync(id) is var e ? (e.Status, e.Output) : default);
        Assert.Equal(["good a"], runs);
    }

    [Fact]
    public async Task A_cancelled_workflow_takes_its_steps_with_it()
    {
        var running = new TaskCompletionSource();
        await using var worker = await StartAsync("description: d\nsteps:\n  a: {agent: x}", async (_, token) =>
        {
            running.TrySetResult();
            await Task.Delay(Timeout.Infinite, token);
            return new AgentOutcome("never");
        });
        var id = await AcceptAsync("go");
        await running.Task.WaitAsync(TimeSpan.FromMinutes(1), Token);
        await using var harness = await ServiceHarness.CreateAsync(Store);
        Assert.True((await Store.CancelAsync(id, Token))!.Value.Changed);
        await new ChildExecutions(Store, harness.Signals).CancelAsync(id, Token);
        await Infrastructure.Programs.UntilAsync(async () => (await StepsAsync(id)) is ["a CANCELLED"], "the step is cancelled");
        Assert.Equal(ExecutionStatus.Cancelled, (await Store.GetAsync(id, Token))!.Status);
    }

    [Fact]
    public async Task A_definition_that_changes_does_not_change_what_runs()
    {
        await using var worker = await StartAsync("description: d\nsteps:\n  ok: {approval: {message: first?}}", (_, _) => Task.FromResult(new AgentOutcome("1")));
        var id = await AcceptAsync("go");
        await Infrastructure.Programs.UntilAsync(async () => (await Workflows.ListApprovalsAsync(id, Token)).Count == 1, "it asks");
        await WriteAsync("description: d\nsteps:\n  other: {agent: x}");
        await Workflows.DecideAsync(id, "ok", true, "ana", "fine", Token);
        Assert.Equal("""{"approved":true,"by":"ana","comment":"fine"}""", (await EndedAsync(id)).Output);
    }

    [Fact]
    public async Task A_step_gets_what_its_workflow_has_left_and_none_starts_when_nothing_is()
    {
        var limits = new ConcurrentQueue<decimal?>();
        await using var worker = await StartAsync("description: d\nsteps:\n  a: {agent: x}\n  b: {agent: x, needs: [a]}\n  c: {agent: x, needs: [b]}", (run, _) =>
        {
            limits.Enqueue(run.Execution.BudgetUsd);
            run.OnCall(new LlmCall { Id = Guid.CreateVersion7(), Platform = "p", Model = "m", StartedAt = TimeProvider.System.GetUtcNow(), Duration = TimeSpan.Zero, Status = LlmCallStatus.Ok, Tokens = new TokenUsage(2, 1), CostUsd = 0.6m });
            return Task.FromResult(new AgentOutcome("1"));
        });
        var id = await AcceptAsync("go", 1m);
        Assert.Equal(new ExecutionError("BudgetExceeded", "The workflow's budget of 1 USD is used up: 1.2 USD."), (await EndedAsync(id)).Error! with { });
        Assert.Equal([1m, 0.4m], limits);
    }

    [Fact]
    public async Task A_workflow_or_command_that_is_gone_fails_with_its_name()
    {
        await using var worker = await StartAsync("description: d\nsteps:\n  a: {command: nothing}", (_, _) => Task.FromResult(new AgentOutcome("1")));
        Assert.Equal(new ExecutionError("StepFailed", "Step a: CommandNotFound: There is no command 'nothing' any more."), (await EndedAsync(await AcceptAsync("go"))).Error);
        var unknown = (await Store.AcceptAsync([StoreBehaviour.New() with { Kind = ExecutionKind.Workflow, Target = "gone" }], Token))[0].Execution!.Id;
        Assert.Equal(new ExecutionError("WorkflowNotFound", "There is no workflow 'gone' any more."), (await EndedAsync(unknown)).Error);
    }

    private async Task<TestWorker> StartAsync(string yaml, Func<AgentRun, CancellationToken, Task<AgentOutcome>> agent, int slots = 4)
    {
        await WriteAsync(yaml);
        return await TestWorker.StartAsync(_test!.ConnectionString, agent, slots, _catalog);
    }

    /// <summary>What the API does; the catalog is the file's as it is now.</summary>
    private async Task<string?> RetryAsync(Guid id)
    {
        await using var harness = await ServiceHarness.CreateAsync(Store);
        using var catalog = new WorkflowCatalog(
            new ConfigurationBuilder().AddInMemoryCollection([new("CATALOG_PATH", _catalog)]).Build(), TimeProvider.System, NullLogger<WorkflowCatalog>.Instance);
        var refusal = await new WorkflowRetry(catalog, Store, Workflows, harness.Signals, TimeProvider.System).PrepareAsync((await Store.GetAsync(id, Token))!, Token);
        if (refusal is null)
            await Store.RetryAsync(id, Token);
        return refusal;
    }

    private Task WriteAsync(string yaml) => File.WriteAllTextAsync(Path.Combine(_catalog, "workflows", "test.yaml"), yaml, Token);

    private async Task<Guid> AcceptAsync(string text, decimal? budget = null) => (await Store.AcceptAsync(
        [StoreBehaviour.New() with { Kind = ExecutionKind.Workflow, Target = "test", Input = JsonSerializer.Serialize(text), MaxAttempts = 20, BudgetUsd = budget }], Token))[0].Execution!.Id;

    private async Task<Execution> EndedAsync(Guid id)
    {
        await using var reader = await ServiceHarness.CreateAsync(Store);
        var execution = await reader.Completions.WaitAsync(id, TimeSpan.FromSeconds(60), Token);
        return execution!.Status.IsFinal() ? execution : throw new TimeoutException($"{id} is still {execution.Status}.");
    }

    private async Task<string[]> StepsAsync(Guid id) =>
        [.. (await Store.ListAsync(new ExecutionQuery { ParentId = id }, Token)).Select(c => $"{c.Step} {c.Status.ToWire()}").Order(StringComparer.Ordinal)];

    private async Task<string[]> StatesAsync(Guid id) =>
    [
        .. (await Store.ReadEventsAsync(id, 0, 1000, Token))!.Frames.Select(f => JsonSerializer.Deserialize<JsonElement>(f))
            .Where(e => e.GetProperty("type").GetString() == "status").Select(e => e.GetProperty("data").GetProperty("status").GetString()!),
    ];
}
