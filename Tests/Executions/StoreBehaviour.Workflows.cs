using OsMEN.Executions;
using OsMEN.Executions.Workflows;
using OsMEN.Llm;

namespace OsMEN.Tests.Executions;

public abstract partial class StoreBehaviour
{
    private IWorkflowStore Workflows => (IWorkflowStore)Store;

    private static DateTimeOffset Later => Past(-3600);

    [Fact]
    public async Task A_parked_execution_runs_on_without_a_worker_until_its_time()
    {
        var id = (await AcceptAsync(Workflow())).Id;
        var claim = Assert.Single(await ClaimAsync(1));
        Assert.Equal((false, 0, false), (claim.Resumed, claim.Wakes, claim.CancelRequested));
        Assert.Equal([true], await EndAsync(claim, AttemptEnd.Park(Later, claim.Wakes)));
        Assert.Empty(await ClaimAsync(1));
        var parked = (await Store.GetAsync(id, Token))!;
        Assert.Equal((ExecutionStatus.Running, 1, (string?)null, claim.Execution.StartedAt), (parked.Status, parked.Attempt, parked.Worker, parked.StartedAt));
        Assert.Equal(id, Assert.Single(await Store.ListAsync(new ExecutionQuery { Status = ExecutionStatus.Running }, Token)).Id);
        Assert.Empty(await Store.ListAsync(new ExecutionQuery { Status = ExecutionStatus.Pending }, Token));
        Assert.Equal((0, 0, 0, 1), await Store.GetDepthAsync(Token) is var d ? (d.Due, d.Scheduled, d.Running, d.Parked) : default);
        Assert.Empty(await Store.FindExpiredAsync(10, Token));
        Assert.Equal([false], await EndAsync(claim, new AttemptEnd(ExecutionStatus.Completed, "1")));
    }

    [Fact]
    public async Task A_parked_execution_goes_on_in_the_same_attempt_when_its_time_has_come()
    {
        await AcceptAsync(Workflow());
        var first = Assert.Single(await ClaimAsync(1));
        await EndAsync(first, AttemptEnd.Park(Past(1), first.Wakes));
        var second = Assert.Single(await ClaimAsync(1, "w2"));
        Assert.Equal((true, 1, first.Fence + 1, first.Execution.StartedAt), (second.Resumed, second.Execution.Attempt, second.Fence, second.Execution.StartedAt));
        Assert.Equal([true], await EndAsync(second, new AttemptEnd(ExecutionStatus.Completed, "7")));
        var ended = (await Store.GetAsync(first.Execution.Id, Token))!;
        Assert.Equal((ExecutionStatus.Completed, "7", 1, "w2"), (ended.Status, ended.Output, ended.Attempt, ended.Worker));
    }

    [Fact]
    public async Task Workers_lost_while_they_hold_it_count_as_attempts_until_it_is_parked_again()
    {
        await AcceptAsync(Workflow());
        await ParkAsync(Past(1));
        for (var lost = 2; lost <= 3; lost++)
        {
            await EndAsync(Assert.Single(await ClaimAsync(1)), new AttemptEnd(ExecutionStatus.Pending));
            var next = Assert.Single(await ClaimAsync(1));
            Assert.Equal(lost, next.Execution.Attempt);
            await EndAsync(next, new AttemptEnd(ExecutionStatus.Pending, CountAttempt: false));
        }

        await ParkAsync(Past(1));
        Assert.Equal(1, Assert.Single(await ClaimAsync(1)).Execution.Attempt);
    }

    [Theory]
    [InlineData(ExecutionStatus.Completed)]
    [InlineData(ExecutionStatus.Failed)]
    [InlineData(ExecutionStatus.Cancelled)]
    public async Task The_end_of_a_step_wakes_its_parked_workflow(ExecutionStatus end)
    {
        var workflow = (await AcceptAsync(Workflow())).Id;
        await ParkAsync(Later);
        await AcceptAsync(Step(workflow, "a"));
        var step = Assert.Single(await ClaimAsync(2));
        Assert.Equal((workflow, "a"), (step.Execution.ParentId, step.Execution.Step));
        await EndStepAsync(step, new AttemptEnd(end, "1"));
        Assert.Equal(workflow, Assert.Single(await ClaimAsync(2)).Execution.Id);
    }

    [Fact]
    public async Task A_step_that_is_cancelled_before_it_runs_wakes_its_workflow()
    {
        var workflow = (await AcceptAsync(Workflow())).Id;
        await ParkAsync(Later);
        var step = await AcceptAsync(Step(workflow, "a"));
        await Store.CancelAsync(step.Id, Token);
        Assert.Equal(workflow, Assert.Single(await ClaimAsync(2)).Execution.Id);
    }

    [Fact]
    public async Task A_step_that_ends_while_its_workflow_is_held_is_not_missed()
    {
        var workflow = (await AcceptAsync(Workflow())).Id;
        var held = Assert.Single(await ClaimAsync(1));
        await AcceptAsync(Step(workflow, "a"));
        await EndStepAsync(Assert.Single(await ClaimAsync(1)), new AttemptEnd(ExecutionStatus.Completed, "1"));
        await EndAsync(held, AttemptEnd.Park(Later, held.Wakes));
        var again = Assert.Single(await ClaimAsync(1));
        Assert.Equal((workflow, held.Wakes + 1), (again.Execution.Id, again.Wakes));
        await EndAsync(again, AttemptEnd.Park(Later, again.Wakes));
        Assert.Empty(await ClaimAsync(1));
    }

    [Fact]
    public async Task A_step_and_its_workflow_may_be_recorded_together()
    {
        var workflow = (await AcceptAsync(Workflow())).Id;
        var held = Assert.Single(await ClaimAsync(1));
        await AcceptAsync(Step(workflow, "a"));
        var step = Assert.Single(await ClaimAsync(1));
        Assert.Equal([true, true], await Store.RecordAsync(
            [
                new ExecutionRecord { Lease = held.Lease, End = AttemptEnd.Park(Later, held.Wakes) },
                new ExecutionRecord { Lease = step.Lease, End = new AttemptEnd(ExecutionStatus.Completed, "1"), Workflow = workflow },
            ],
            Token));
        Assert.Equal(workflow, Assert.Single(await ClaimAsync(1)).Execution.Id);
    }

    [Fact]
    public async Task Many_steps_that_end_at_once_wake_their_workflows_whoever_holds_them()
    {
        const int workflows = 8, steps = 10;
        var ids = new List<Guid>();
        for (var i = 0; i < workflows; i++)
            ids.Add((await AcceptAsync(Workflow())).Id);
        var held = await ClaimAsync(workflows);
        foreach (var id in ids)
            await Store.AcceptAsync([.. Enumerable.Range(0, steps).Select(n => Step(id, $"s{n}"))], Token);
        var claims = await ClaimAsync(workflows * steps);
        await Task.WhenAll(
            Task.WhenAll(claims.Select(c => Task.Run(() => EndStepAsync(c, new AttemptEnd(ExecutionStatus.Completed, "1"))))),
            Task.WhenAll(held.Chunk(3).Select(some => Task.Run(() => Store.RecordAsync([.. some.Select(h => new ExecutionRecord { Lease = h.Lease, End = AttemptEnd.Park(Later, h.Wakes) })], Token)))));
        Assert.Equal(ids.Order(), (await ClaimAsync(workflows * 2)).Select(c => c.Execution.Id).Order());
        Assert.Equal(0, await Workflows.WakeForgottenAsync(Token));
    }

    [Fact]
    public async Task A_parked_execution_is_cancelled_at_once_and_one_that_parks_after_the_request_is_told()
    {
        await AcceptAsync(Workflow());
        var parked = await ParkAsync(Later);
        Assert.Equal(ExecutionStatus.Cancelled, (await Store.CancelAsync(parked.Execution.Id, Token))!.Value.Execution.Status);
        await AcceptAsync(Workflow());
        var held = Assert.Single(await ClaimAsync(1));
        await Store.CancelAsync(held.Execution.Id, Token);
        await EndAsync(held, AttemptEnd.Park(Later, held.Wakes));
        Assert.True(Assert.Single(await ClaimAsync(1)).CancelRequested);
    }

    [Fact]
    public async Task A_workflow_that_is_retried_by_hand_begins_a_new_attempt()
    {
        var id = (await AcceptAsync(Workflow())).Id;
        await ParkAsync(Past(1));
        await EndAsync(Assert.Single(await ClaimAsync(1)), new AttemptEnd(ExecutionStatus.Failed));
        await Store.RetryAsync(id, Token);
        Assert.Equal(ExecutionStatus.Pending, (await Store.GetAsync(id, Token))!.Status);
        var again = await ParkAsync(Past(1));
        Assert.Equal((false, 2), (again.Resumed, again.Execution.Attempt));
        Assert.Equal(2, Assert.Single(await ClaimAsync(1)).Execution.Attempt);
    }

    [Fact]
    public async Task The_first_definition_that_is_pinned_stands_until_it_is_forgotten()
    {
        var id = Guid.CreateVersion7();
        Assert.Null(await Workflows.FindPinnedAsync(id, Token));
        Assert.Equal("one", await Workflows.PinAsync(id, "one", Token));
        Assert.Equal("one", await Workflows.PinAsync(id, "two", Token));
        await Workflows.ForgetAsync(id, [], Token);
        Assert.Equal("two", await Workflows.PinAsync(id, "two", Token));
    }

    [Fact]
    public async Task A_decision_is_asked_for_by_the_holder_made_once_and_wakes_the_workflow()
    {
        var id = (await AcceptAsync(Workflow())).Id;
        var late = Assert.Single(await ClaimAsync(1));
        await EndAsync(late, new AttemptEnd(ExecutionStatus.Pending));
        var held = Assert.Single(await ClaimAsync(1));
        var asked = new Approval(id, "ok", "Send it?", "operator", Cut(Past(1)), Cut(Later));
        Assert.Equal((false, true, false), (await Workflows.AskAsync(late.Lease, asked, Token), await Workflows.AskAsync(held.Lease, asked, Token), await Workflows.AskAsync(held.Lease, asked, Token)));
        Assert.Equal([asked], await Workflows.ListApprovalsAsync(id, Token));
        Assert.Equal([asked], await Workflows.ListOpenApprovalsAsync(held.Execution.User, 10, Token));
        Assert.Empty(await Workflows.ListOpenApprovalsAsync("somebody else", 10, Token));
        Assert.Equal([asked], await Workflows.ListOpenApprovalsAsync(null, 10, Token));
        await EndAsync(held, AttemptEnd.Park(Later, held.Wakes));
        Assert.Null(await Workflows.DecideAsync(id, "other", true, "ana", null, Token));
        var decided = (await Workflows.DecideAsync(id, "ok", false, "ana", "not today", Token))!;
        Assert.Equal(asked with { Approved = false, DecidedBy = "ana", Comment = "not today", DecidedAt = decided.DecidedAt }, decided);
        Assert.NotNull(decided.DecidedAt);
        Assert.Null(await Workflows.DecideAsync(id, "ok", true, "ben", null, Token));
        Assert.Empty(await Workflows.ListOpenApprovalsAsync(null, 10, Token));
        Assert.Equal(id, Assert.Single(await ClaimAsync(1)).Execution.Id);
        await Workflows.ForgetAsync(id, [], Token);
        Assert.Empty(await Workflows.ListApprovalsAsync(id, Token));
    }

    [Fact]
    public async Task A_decision_that_has_expired_or_whose_workflow_has_ended_is_not_made()
    {
        var id = (await AcceptAsync(Workflow())).Id;
        var held = Assert.Single(await ClaimAsync(1));
        await Workflows.AskAsync(held.Lease, new Approval(id, "expired", "m", "user", Past(20), Past(10)), Token);
        await Workflows.AskAsync(held.Lease, new Approval(id, "open", "m", "user", Past(20), Later), Token);
        Assert.Null(await Workflows.DecideAsync(id, "expired", true, "ana", null, Token));
        await EndAsync(held, new AttemptEnd(ExecutionStatus.Failed));
        Assert.Null(await Workflows.DecideAsync(id, "open", true, "ana", null, Token));
    }

    [Fact]
    public async Task What_all_below_a_workflow_have_used_becomes_its_usage_and_counts_once()
    {
        var id = (await AcceptAsync(Workflow())).Id;
        var held = Assert.Single(await ClaimAsync(1));
        var step = await SpendAsync(Step(id, "a"), 0.1m);
        var below = await SpendAsync(New() with { ParentId = step }, 0.02m);
        await SpendAsync(New() with { ParentId = below }, 0.003m);
        await SpendAsync(New(), 9);
        Assert.Equal(0.123m, await Workflows.SumAsync(new LeaseId(id, held.Fence + 1), Token));
        Assert.Equal(0, (await Store.GetAsync(id, Token))!.CostUsd);
        Assert.Equal(0.123m, await Workflows.SumAsync(held.Lease, Token));
        Assert.Equal(0.123m, await Workflows.SumAsync(held.Lease, Token));
        await EndAsync(held, new AttemptEnd(ExecutionStatus.Completed, "1"));
        Assert.Equal((new TokenUsage(30, 60, 9, 12, 15), 0.123m), await Store.GetAsync(id, Token) is { } e ? (e.Tokens, e.CostUsd) : default);
    }

    [Fact]
    public async Task A_step_that_ends_after_its_workflow_is_added_to_its_usage()
    {
        var id = (await AcceptAsync(Workflow())).Id;
        await ParkAsync(Later);
        await AcceptAsync(Step(id, "a"));
        var step = Assert.Single(await ClaimAsync(1));
        await Store.CancelAsync(id, Token);
        Assert.Equal(0, (await Store.GetAsync(id, Token))!.CostUsd);
        await Store.RecordAsync([new ExecutionRecord { Lease = step.Lease, Calls = [Call(0.5m)], End = new AttemptEnd(ExecutionStatus.Cancelled), Workflow = id }], Token);
        Assert.Equal((ExecutionStatus.Cancelled, 0.5m), await Store.GetAsync(id, Token) is { } e ? (e.Status, e.CostUsd) : default);
    }

    [Fact]
    public async Task A_step_that_is_forgotten_stays_a_child_and_another_can_be_started_in_its_place()
    {
        var id = (await AcceptAsync(Workflow())).Id;
        var first = await AcceptAsync(Step(id, "a") with { IdempotencyKey = "key", RequestHash = [1] });
        var kept = await AcceptAsync(Step(id, "b") with { IdempotencyKey = "kept", RequestHash = [1] });
        var foreign = await AcceptAsync(Step(Guid.CreateVersion7(), "a"));
        await Workflows.ForgetAsync(id, [first.Id, foreign.Id], Token);
        var second = await AcceptAsync(Step(id, "a") with { IdempotencyKey = "key", RequestHash = [2] });
        Assert.Equal([second.Id, kept.Id], (await Store.ListAsync(new ExecutionQuery { ParentId = id, IsStep = true }, Token)).Select(e => e.Id));
        Assert.Equal([second.Id, kept.Id, first.Id], (await Store.ListAsync(new ExecutionQuery { ParentId = id }, Token)).Select(e => e.Id));
        Assert.Equal("a", (await Store.GetAsync(foreign.Id, Token))!.Step);
    }

    [Fact]
    public async Task A_cancellation_tells_whether_it_was_the_end()
    {
        await AcceptAsync(Workflow());
        var parked = (await ParkAsync(Later)).Execution.Id;
        Assert.Equal((true, true), await Store.CancelAsync(parked, Token) is { } c ? (c.Changed, c.Ended) : default);
        Assert.Equal((false, false), await Store.CancelAsync(parked, Token) is { } again ? (again.Changed, again.Ended) : default);
        Assert.Equal((true, false), await Store.RetryAsync(parked, Token) is { } r ? (r.Changed, r.Ended) : default);
        await ClaimAsync(1);
        Assert.Equal((true, false), await Store.CancelAsync(parked, Token) is { } held ? (held.Changed, held.Ended) : default);
    }

    private static LlmCall Call(decimal cost) => new()
    {
        Id = Guid.CreateVersion7(), Platform = "p", Model = "m", StartedAt = Past(1), Duration = TimeSpan.Zero, Status = LlmCallStatus.Ok,
        Tokens = new TokenUsage(10, 20, 3, 4, 5), CostUsd = cost,
    };

    private async Task<Guid> SpendAsync(NewExecution item, decimal cost)
    {
        var accepted = await AcceptAsync(item);
        var claim = Assert.Single(await ClaimAsync(1));
        await Store.RecordAsync([new ExecutionRecord { Lease = claim.Lease, Calls = [Call(cost)], End = new AttemptEnd(ExecutionStatus.Completed, "1"), Workflow = item.Step is null ? null : item.ParentId }], Token);
        return accepted.Id;
    }

    private static NewExecution Workflow() => New() with { Kind = ExecutionKind.Workflow, Target = "morning_brief" };

    private static NewExecution Step(Guid workflow, string step) => New() with { ParentId = workflow, Step = step };

    private static DateTimeOffset Cut(DateTimeOffset time) => time.AddTicks(-(time.Ticks % TimeSpan.TicksPerMicrosecond));

    private async Task<ClaimedExecution> ParkAsync(DateTimeOffset until)
    {
        var claim = Assert.Single(await ClaimAsync(1));
        Assert.Equal([true], await EndAsync(claim, AttemptEnd.Park(until, claim.Wakes)));
        return claim;
    }

    private Task<IReadOnlyList<bool>> EndStepAsync(ClaimedExecution step, AttemptEnd end) =>
        Store.RecordAsync([new ExecutionRecord { Lease = step.Lease, End = end, Workflow = step.Execution.ParentId }], Token);
}
