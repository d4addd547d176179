using OsMEN.Llm;

namespace OsMEN.Executions.Budgets;

/// <summary>
/// Budgets and what is held in them, in the same database as executions: calls that are recorded with their execution settle in the same
/// transaction (<see cref="IExecutionStore.RecordAsync"/>). Two implementations, one suite of tests. Every method is one transaction.
/// </summary>
public interface IBudgetStore
{
    /// <summary>The error of a recorded call that nobody else recorded: it was charged what was held.</summary>
    public const string LapsedCall = "settled_by=expiry";

    /// <summary>All budgets, by id in the order of its bytes.</summary>
    Task<IReadOnlyList<Budget>> ListBudgetsAsync(CancellationToken cancellationToken);

    Task<Budget?> GetBudgetAsync(string id, CancellationToken cancellationToken);

    /// <summary>
    /// Adds or replaces a budget. What is spent stays where scope, period and time zone do; else it begins with nothing spent. What is held
    /// for calls under way always stays.
    /// </summary>
    /// <returns>Whether it is new; null where there are <paramref name="most"/> already, and nothing was changed.</returns>
    Task<bool?> PutBudgetAsync(BudgetDefinition budget, DateTimeOffset now, int most, CancellationToken cancellationToken);

    /// <summary>False when there is none.</summary>
    Task<bool> DeleteBudgetAsync(string id, CancellationToken cancellationToken);

    /// <summary>Begins a period with nothing spent, if the one that ended at <paramref name="ended"/> is still the budget's. Of many that try one does.</summary>
    Task<bool> RollBudgetAsync(string id, DateTimeOffset ended, DateTimeOffset start, DateTimeOffset? end, CancellationToken cancellationToken);

    /// <summary>Notes that a share of the limit was told of; false when it was before, in this period.</summary>
    Task<bool> NoteAlertAsync(string id, DateTimeOffset periodStart, decimal share, CancellationToken cancellationToken);

    /// <summary>
    /// Holds an amount in all of the budgets named, or in none: one statement, under locks taken in one order. Unknown budgets are passed over.
    /// </summary>
    Task<ReserveResult> ReserveAsync(BudgetReservation reservation, CancellationToken cancellationToken);

    /// <summary>Replaces what is held for a call by its cost (null: by all that is held). Nothing happens when nothing is held.</summary>
    Task SettleAsync(Guid call, decimal? costUsd, CancellationToken cancellationToken);

    /// <summary>What an execution has spent, and what is held for it under other claims than this one.</summary>
    Task<decimal> GetSpentAsync(Guid execution, long fence, CancellationToken cancellationToken);

    /// <summary>
    /// Charges in full what is held for calls that nobody will record, and records those calls, marked <c>settled_by=expiry</c>. First notes what
    /// has expired or whose claim is over; what was noted <paramref name="lapseAfter"/> ago and still is not recorded is charged.
    /// </summary>
    /// <returns>How many were charged.</returns>
    Task<int> ChargeLapsedAsync(DateTimeOffset now, TimeSpan lapseAfter, CancellationToken cancellationToken);
}

/// <summary>Money to be held for a call.</summary>
/// <param name="Call">The call's id, under which it is settled.</param>
/// <param name="ExpiresAt">When the call must be over.</param>
public sealed record BudgetReservation(
    BudgetedCall Call, decimal AmountUsd, Guid? Execution, long Fence, IReadOnlyList<string> Budgets, DateTimeOffset Now, DateTimeOffset ExpiresAt);

/// <summary>Whether it was held, and the budgets as they stood before.</summary>
public readonly record struct ReserveResult(bool Held, IReadOnlyList<Budget> Budgets)
{
    /// <summary>Those whose period was over: they have to begin anew first.</summary>
    public IEnumerable<Budget> EndedAt(DateTimeOffset now) => Budgets.Where(b => b.PeriodEnd <= now);
}
