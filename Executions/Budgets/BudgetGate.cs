using System.Data.Common;
using Microsoft.Extensions.Options;
using OsMEN.Llm;

namespace OsMEN.Executions.Budgets;

/// <summary>
/// <see cref="IBudgetGate"/> over the database. An execution's own limit is kept in memory, since one process runs it; budgets by one statement
/// for all that match.
/// </summary>
public sealed class BudgetGate(IBudgetStore store, BudgetBook book, LlmOptions llm, IOptions<BudgetOptions> options, TimeProvider time) : IBudgetGate
{
    private static readonly TimeSpan FirstWait = TimeSpan.FromMilliseconds(20);
    private static readonly TimeSpan LongestWait = TimeSpan.FromMilliseconds(500);

    // What a call may take after its own time limit: a stream is read on for 30 s, and its record waits for the database.
    private static readonly TimeSpan Slack = TimeSpan.FromMinutes(1);

    public int MaxOutputTokens => options.Value.MaxOutputTokens;

    public async ValueTask<decimal?> ReserveAsync(BudgetSubject subject, BudgetedCall call, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(subject);
        ArgumentNullException.ThrowIfNull(call);
        if (call.AmountUsd == 0)
            return null;
        var budgets = await book.MatchAsync(subject, call.Model, cancellationToken);
        if (budgets.Count == 0 && subject.LimitUsd is null)
            return null;
        if (call.AmountUsd is not { } amount)
        {
            if (options.Value.Unpriced == UnpricedCalls.Refuse)
                throw Unpriced(call.Model, budgets.Count == 0 ? null : budgets[0].Id);
            amount = 0;
        }

        // A former attempt may have left calls behind that nobody has recorded yet.
        if (subject is { LimitUsd: not null, Attempt: > 1, IsSpentBeforeKnown: false, Execution: { } execution })
            subject.KnowSpentBefore(await store.GetSpentAsync(execution, subject.Fence, cancellationToken));
        if (!subject.TryHold(amount))
            throw Refused(subject.Refuse(amount));
        var held = false;
        try
        {
            await HoldAsync(subject, call, amount, [.. budgets.Select(b => b.Id)], cancellationToken);
            held = true;
            return amount;
        }
        catch (Exception e) when (e is OperationCanceledException or DbException)
        {
            // Whether it was committed is not known. Nobody will make the call.
            await ReleaseAsync(call.Id);
            throw;
        }
        finally
        {
            if (!held)
                subject.Settle(amount, 0);
        }
    }

    // If this fails too, the reservation lapses and is charged.
    private async Task ReleaseAsync(Guid call)
    {
        try
        {
            await store.SettleAsync(call, 0, CancellationToken.None);
        }
        catch (Exception e) when (StoreFault.Is(e))
        {
        }
    }

    public Task SettleAsync(Guid call, decimal? costUsd, CancellationToken cancellationToken) => store.SettleAsync(call, costUsd, cancellationToken);

    /// <summary>An exception for a call that is not made.</summary>
    public static LlmException Refused(BudgetRefusal refusal) =>
        new(LlmErrorKind.BudgetExceeded, refusal?.ToString() ?? "") { Budget = refusal };

    /// <summary>Begins the next period of budgets whose own is over.</summary>
    internal static async Task RollAsync(IBudgetStore store, IEnumerable<Budget> ended, DateTimeOffset now, CancellationToken cancellationToken)
    {
        foreach (var budget in ended)
        {
            var (start, end) = BudgetPeriods.Around(budget.Definition.Period, BudgetPeriods.Zone(budget.Definition.TimeZone), now);
            var over = budget.PeriodEnd!.Value;
            await store.RollBudgetAsync(budget.Id, over, start < over ? over : start, end, cancellationToken);
        }
    }

    private async Task HoldAsync(BudgetSubject subject, BudgetedCall call, decimal amount, IReadOnlyList<string> budgets, CancellationToken cancellationToken)
    {
        var started = time.GetTimestamp();
        for (var wait = FirstWait; ; wait = wait * 2 > LongestWait ? LongestWait : wait * 2)
        {
            var now = time.GetUtcNow();
            var result = await TryHoldAsync(new BudgetReservation(call, amount, subject.Execution, subject.Fence, budgets, now, now + llm.Timeout + Slack), cancellationToken);
            if (result.Held)
                return;
            var ended = result.EndedAt(now).ToArray();
            if (ended.Length > 0)
            {
                await RollAsync(store, ended, now, cancellationToken);
                continue;
            }

            // What is only held may come back; what is spent does not.
            var full = result.Budgets.FirstOrDefault(b => b.Definition.LimitUsd - b.SpentUsd < amount || b.Definition.LimitUsd <= b.SpentUsd);
            if (full is not null || time.GetElapsedTime(started) >= options.Value.Patience)
                throw Refused((full ?? result.Budgets.MinBy(b => b.RemainingUsd)!).Refuse(amount));
            await Task.Delay(wait, time, cancellationToken);
        }
    }

    // A database that sees two wait for each other ends one of them, which then only has to try again.
    private async Task<ReserveResult> TryHoldAsync(BudgetReservation reservation, CancellationToken cancellationToken)
    {
        for (var failures = 0; ; failures++)
        {
            try
            {
                return await store.ReserveAsync(reservation, cancellationToken);
            }
            catch (DbException e) when (e.SqlState is "40P01" or "40001" && failures < 3)
            {
                await Task.Delay(FirstWait, time, cancellationToken);
            }
        }
    }

    private static LlmException Unpriced(ModelName model, string? budget) => new(
        LlmErrorKind.BudgetExceeded,
        $"{model} has no known price, so {(budget is null ? "the execution's budget" : $"budget {budget}")} cannot count it (Budgets__Unpriced is Refuse). Add its price, or choose another model.");
}
