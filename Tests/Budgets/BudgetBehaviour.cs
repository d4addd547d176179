using OsMEN.Executions;
using OsMEN.Executions.Budgets;
using OsMEN.Llm;
using OsMEN.Tests.Executions;

namespace OsMEN.Tests.Budgets;

/// <summary>What every <see cref="IBudgetStore"/> does.</summary>
public abstract class BudgetBehaviour : IAsyncLifetime
{
    private static readonly DateTimeOffset Now = new(2026, 3, 10, 12, 0, 0, TimeSpan.Zero);
    private TestStore? _test;

    private IBudgetStore Store => (IBudgetStore)_test!.Store;

    private IExecutionStore Executions => _test!.Store;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync() => _test = await CreateAsync();

    public async ValueTask DisposeAsync()
    {
        if (_test is not null)
            await _test.DisposeAsync();
        GC.SuppressFinalize(this);
    }

    [Fact]
    public async Task A_budget_is_found_as_it_was_put_and_gone_once_deleted()
    {
        var asked = new BudgetDefinition("team", new BudgetScope("a", "ana", "env-1", "openai/gpt-5-mini", "openai"), BudgetPeriod.Day, "Europe/Berlin", 1.123456789m, [0.5m, 0.95m]);
        Assert.True(await PutAsync(asked));
        var found = (await Store.GetBudgetAsync("team", Token))!;
        Assert.Equal((asked.Scope, asked.Period, asked.TimeZone, asked.LimitUsd), (found.Definition.Scope, found.Definition.Period, found.Definition.TimeZone, found.Definition.LimitUsd));
        Assert.Equal(asked.AlertAt, found.Definition.AlertAt);
        Assert.Equal((0m, 0m, 1.123456789m, 0m), (found.SpentUsd, found.ReservedUsd, found.RemainingUsd, found.Alerted));
        Assert.Equal(new DateTimeOffset(2026, 3, 11, 0, 0, 0, TimeSpan.FromHours(1)), found.ResetsAt);
        Assert.Equal(TimeSpan.FromHours(1), found.ResetsAt!.Value.Offset);
        Assert.True(await PutAsync(Make.Budget("other", 1)));
        Assert.Equal(["other", "team"], (await Store.ListBudgetsAsync(Token)).Select(b => b.Id));
        Assert.True(await Store.DeleteBudgetAsync("team", Token));
        Assert.False(await Store.DeleteBudgetAsync("team", Token));
        Assert.Null(await Store.GetBudgetAsync("team", Token));
    }

    [Fact]
    public async Task Another_limit_keeps_what_is_spent_and_another_scope_period_or_zone_begins_anew()
    {
        await PutAsync(Make.Budget("b", 10, BudgetPeriod.Month));
        await SpendAsync(4, "b");
        await HoldAsync(1, "b");
        Assert.False(await PutAsync(Make.Budget("b", 3, BudgetPeriod.Month)));
        Assert.Equal((3m, 4m, 1m, -2m), await StateAsync("b"));
        Assert.False(await PutAsync(Make.Budget("b", 3, BudgetPeriod.Month, new BudgetScope(Agent: "a"))));
        Assert.Equal((3m, 0m, 1m, 2m), await StateAsync("b"));
        await SpendAsync(1, "b");
        await PutAsync(Make.Budget("b", 3, BudgetPeriod.Day, new BudgetScope(Agent: "a")));
        Assert.Equal((3m, 0m, 1m, 2m), await StateAsync("b"));
        await SpendAsync(1, "b");
        await PutAsync(Make.Budget("b", 3, BudgetPeriod.Day, new BudgetScope(Agent: "a"), "Asia/Tokyo"));
        Assert.Equal((3m, 0m, 1m, 2m), await StateAsync("b"));
    }

    [Fact]
    public async Task There_are_no_more_budgets_than_may_be_but_those_there_are_can_be_changed()
    {
        Assert.True(await Store.PutBudgetAsync(Make.Budget("a", 1), Now, 1, Token));
        Assert.Null(await Store.PutBudgetAsync(Make.Budget("b", 1), Now, 1, Token));
        Assert.False(await Store.PutBudgetAsync(Make.Budget("a", 2, BudgetPeriod.Day), Now, 1, Token));
        Assert.Equal(2, Assert.Single(await Store.ListBudgetsAsync(Token)).Definition.LimitUsd);
    }

    [Fact]
    public async Task Money_is_held_in_all_budgets_or_in_none()
    {
        await PutAsync(Make.Budget("big", 10));
        await PutAsync(Make.Budget("small", 1));
        Assert.True((await HoldAsync(0.6m, "big", "small")).Result.Held);
        var refused = (await HoldAsync(0.5m, "big", "small")).Result;
        Assert.False(refused.Held);
        Assert.Equal([("big", 9.4m), ("small", 0.4m)], refused.Budgets.Select(b => (b.Id, b.RemainingUsd)));
        Assert.Equal((10m, 0m, 0.6m, 9.4m), await StateAsync("big"));
        Assert.Equal((1m, 0m, 0.6m, 0.4m), await StateAsync("small"));
        Assert.True((await HoldAsync(0.4m, "big", "small", "of nobody")).Result.Held);
        Assert.Equal((1m, 0m, 1m, 0m), await StateAsync("small"));

        // Nothing is left: not even for what has no price.
        Assert.False((await HoldAsync(0, "small")).Result.Held);
    }

    [Fact]
    public async Task What_a_call_cost_takes_the_place_of_what_was_held_once()
    {
        await PutAsync(Make.Budget("b", 1));
        var (call, _) = await HoldAsync(0.5m, "b");
        await Store.SettleAsync(call, 0.123456789m, Token);
        await Store.SettleAsync(call, 0.123456789m, Token);
        Assert.Equal((1m, 0.123456789m, 0m, 0.876543211m), await StateAsync("b"));
        (call, _) = await HoldAsync(0.5m, "b");
        await Store.SettleAsync(call, null, Token);
        Assert.Equal((1m, 0.623456789m, 0m, 0.376543211m), await StateAsync("b"));
    }

    [Fact]
    public async Task A_call_settles_in_the_transaction_that_records_it_and_only_then()
    {
        await PutAsync(Make.Budget("b", 1));
        await PutAsync(Make.Budget("c", 2));
        var claim = await ClaimAsync();
        var reservation = Make.Reservation(Now, 0.5m, "b", "c") with { Execution = claim.Execution.Id, Fence = claim.Fence };
        Assert.True((await Store.ReserveAsync(reservation, Token)).Held);
        var call = Call(reservation.Call.Id, 0.2m) with { HeldUsd = 0.5m };
        var record = new ExecutionRecord { Lease = claim.Lease, Calls = [call, Call(Guid.CreateVersion7(), 0.1m)], End = new AttemptEnd(ExecutionStatus.Completed, "1") };
        Assert.Equal([true], await Executions.RecordAsync([record], Token));
        Assert.Equal([true], await Executions.RecordAsync([record], Token));
        Assert.Equal((1m, 0.2m, 0m, 0.8m), await StateAsync("b"));
        Assert.Equal((2m, 0.2m, 0m, 1.8m), await StateAsync("c"));
        Assert.Equal(0.3m, (await Executions.GetAsync(claim.Execution.Id, Token))!.CostUsd);
    }

    [Fact]
    public async Task A_period_begins_anew_once_and_keeps_what_is_held()
    {
        await PutAsync(Make.Budget("b", 1, BudgetPeriod.Day));
        await SpendAsync(0.4m, "b");
        await HoldAsync(0.3m, "b");
        var ended = Now.Date.AddDays(1);
        var end = new DateTimeOffset(ended, TimeSpan.Zero);
        var refused = await Store.ReserveAsync(Make.Reservation(end, 0.1m, "b"), Token);
        Assert.Equal(["b"], refused.EndedAt(end).Select(b => b.Id));
        Assert.False(refused.Held);
        var rolled = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => Store.RollBudgetAsync("b", end, end, end.AddDays(1), Token)));
        Assert.Single(rolled, r => r);
        Assert.Equal((1m, 0m, 0.3m, 0.7m), await StateAsync("b"));
        Assert.True((await Store.ReserveAsync(Make.Reservation(end, 0.1m, "b"), Token)).Held);
        Assert.Equal(end.AddDays(1), (await Store.GetBudgetAsync("b", Token))!.PeriodEnd);
    }

    [Fact]
    public async Task What_nobody_records_is_charged_in_full_recorded_and_marked()
    {
        await PutAsync(Make.Budget("b", 1));
        var claim = await ClaimAsync();
        var reservation = Make.Reservation(Now, 0.25m, "b") with { Execution = claim.Execution.Id, Fence = claim.Fence };
        await Store.ReserveAsync(reservation, Token);
        var grace = TimeSpan.FromMinutes(1);

        // As long as its worker holds the execution, and the call may still last.
        Assert.Equal(0, await Store.ChargeLapsedAsync(Now, grace, Token));
        Assert.Equal(0, await Store.ChargeLapsedAsync(Now.AddMinutes(2), grace, Token));
        await Executions.RecordAsync([new ExecutionRecord { Lease = claim.Lease, End = new AttemptEnd(ExecutionStatus.Failed) }], Token);
        Assert.Equal(0, await Store.ChargeLapsedAsync(Now.AddMinutes(2), grace, Token));
        Assert.Equal((1m, 0m, 0.25m, 0.75m), await StateAsync("b"));
        Assert.Equal(0.25m, await Store.GetSpentAsync(claim.Execution.Id, claim.Fence + 1, Token));
        Assert.Equal(1, await Store.ChargeLapsedAsync(Now.AddMinutes(3), grace, Token));
        Assert.Equal(0, await Store.ChargeLapsedAsync(Now.AddMinutes(5), grace, Token));
        Assert.Equal((1m, 0.25m, 0m, 0.75m), await StateAsync("b"));
        var execution = (await Executions.GetAsync(claim.Execution.Id, Token))!;
        Assert.Equal((0.25m, "openai", "gpt-5-mini", new TokenUsage(100, 20)), (execution.CostUsd, execution.Platform, execution.Model, execution.Tokens));
        Assert.Equal("settled_by=expiry", await ScalarAsync("SELECT error FROM llm_calls"));
        Assert.Equal(0.25m, await Store.GetSpentAsync(claim.Execution.Id, claim.Fence + 1, Token));

        // A record that comes after all changes nothing more.
        await Executions.RecordAsync([new ExecutionRecord { Lease = claim.Lease, Calls = [Call(reservation.Call.Id, 0.1m) with { HeldUsd = 0.25m }] }], Token);
        Assert.Equal((1m, 0.25m, 0m, 0.75m), await StateAsync("b"));
        Assert.Equal(0.25m, (await Executions.GetAsync(claim.Execution.Id, Token))!.CostUsd);
    }

    [Fact]
    public async Task What_is_recorded_in_time_is_not_charged_by_expiry()
    {
        await PutAsync(Make.Budget("b", 1));
        var (call, _) = await HoldAsync(0.5m, "b");
        Assert.Equal(0, await Store.ChargeLapsedAsync(Now.AddMinutes(6), TimeSpan.FromMinutes(1), Token));
        await Store.SettleAsync(call, 0.1m, Token);
        Assert.Equal(0, await Store.ChargeLapsedAsync(Now.AddMinutes(8), TimeSpan.FromMinutes(1), Token));
        Assert.Equal((1m, 0.1m, 0m, 0.9m), await StateAsync("b"));
        await HoldAsync(0.5m, "b");
        await Store.ChargeLapsedAsync(Now.AddMinutes(6), TimeSpan.FromMinutes(1), Token);
        Assert.Equal(1, await Store.ChargeLapsedAsync(Now.AddMinutes(8), TimeSpan.FromMinutes(1), Token));
        Assert.Equal((1m, 0.6m, 0m, 0.4m), await StateAsync("b"));
    }

    [Fact]
    public async Task An_alert_is_noted_once_a_period_for_each_share()
    {
        await PutAsync(Make.Budget("b", 1, BudgetPeriod.Day));
        var start = (await Store.GetBudgetAsync("b", Token))!.PeriodStart;
        Assert.True(await Store.NoteAlertAsync("b", start, 0.85m, Token));
        Assert.False(await Store.NoteAlertAsync("b", start, 0.85m, Token));
        Assert.True(await Store.NoteAlertAsync("b", start, 0.95m, Token));
        Assert.False(await Store.NoteAlertAsync("b", start.AddDays(-1), 1m, Token));
        Assert.Equal(0.95m, (await Store.GetBudgetAsync("b", Token))!.Alerted);
    }

    [Fact]
    public async Task Many_at_once_never_hold_more_than_there_is()
    {
        await PutAsync(Make.Budget("a", 1));
        await PutAsync(Make.Budget("b", 0.7m));
        string[][] sets = [["a"], ["b", "a"], ["a", "b"]];
        var held = await Task.WhenAll(Enumerable.Range(0, 96).Select(async i =>
        {
            var reservation = Make.Reservation(Now, 0.05m, sets[i % 3]);
            var isHeld = (await Store.ReserveAsync(reservation, Token)).Held;
            if (isHeld && i % 2 == 0)
                await Store.SettleAsync(reservation.Call.Id, 0.04m, Token);
            return isHeld;
        }));
        var (a, b) = (await StateAsync("a"), await StateAsync("b"));
        Assert.True(a.Remaining >= 0 && b.Remaining >= 0, $"{a} {b}");
        Assert.InRange(held.Count(h => h), 20, 25);
    }

    internal abstract Task<TestStore> CreateAsync();

    private static LlmCall Call(Guid id, decimal? cost) => new()
    {
        Id = id,
        Platform = "openai",
        Model = "gpt-5-mini",
        StartedAt = Now,
        Duration = TimeSpan.FromMilliseconds(12),
        Status = LlmCallStatus.Ok,
        Tokens = new TokenUsage(10, 5),
        CostUsd = cost,
    };

    private Task<bool?> PutAsync(BudgetDefinition budget) => Store.PutBudgetAsync(budget, Now, 100, Token);

    private async Task<(Guid Call, ReserveResult Result)> HoldAsync(decimal amount, params string[] budgets)
    {
        var reservation = Make.Reservation(Now, amount, budgets);
        return (reservation.Call.Id, await Store.ReserveAsync(reservation, Token));
    }

    private async Task SpendAsync(decimal amount, params string[] budgets)
    {
        var (call, result) = await HoldAsync(amount, budgets);
        Assert.True(result.Held);
        await Store.SettleAsync(call, amount, Token);
    }

    private async Task<(decimal Limit, decimal Spent, decimal Reserved, decimal Remaining)> StateAsync(string id)
    {
        var b = (await Store.GetBudgetAsync(id, Token))!;
        return (b.Definition.LimitUsd, b.SpentUsd, b.ReservedUsd, b.RemainingUsd);
    }

    private async Task<ClaimedExecution> ClaimAsync()
    {
        await Executions.AcceptAsync([StoreBehaviour.New()], Token);
        return Assert.Single(await Executions.ClaimAsync("w", 1, TimeSpan.FromMinutes(1), Token));
    }

    private async Task<object?> ScalarAsync(string sql)
    {
        await using var command = _test!.Database.CreateCommand(sql);
        return await command.ExecuteScalarAsync(Token);
    }
}
