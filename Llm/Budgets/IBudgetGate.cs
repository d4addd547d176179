namespace OsMEN.Llm;

/// <summary>
/// Lets model calls pass as long as money is left for them: holds back what a call can cost at most before it is made. What it did
/// cost takes the hold's place when the call is recorded, under the call's id.
/// </summary>
public interface IBudgetGate
{
    /// <summary>Most tokens of an answer for which money is held back where the caller set no limit of its own; such a call then gets this one.</summary>
    int MaxOutputTokens { get; }

    /// <summary>Holds back <see cref="BudgetedCall.AmountUsd"/> in every budget that matches, or in none.</summary>
    /// <returns>The dollars that are held under <see cref="BudgetedCall.Id"/>; null where no budget matches or the model is free.</returns>
    /// <exception cref="LlmException"><see cref="LlmErrorKind.BudgetExceeded"/>: <see cref="LlmException.Budget"/> says which and how far.</exception>
    ValueTask<decimal?> ReserveAsync(BudgetSubject subject, BudgetedCall call, CancellationToken cancellationToken);

    /// <summary>
    /// Puts the cost of a call in its hold's place, for callers that record no <see cref="LlmCall"/> with an execution. Twice does nothing more.
    /// </summary>
    /// <param name="costUsd">Null charges what was held.</param>
    Task SettleAsync(Guid call, decimal? costUsd, CancellationToken cancellationToken);
}

/// <summary>A call that is about to be made.</summary>
/// <param name="Id">UUIDv7, later the <see cref="LlmCall.Id"/>.</param>
/// <param name="Most">The tokens that it can use at most.</param>
/// <param name="AmountUsd">What it can cost at most; null where the model has no known price.</param>
public sealed record BudgetedCall(Guid Id, ModelName Model, TokenUsage Most, decimal? AmountUsd);

/// <summary>Why money was refused.</summary>
/// <param name="Budget">The budget's id; null for the execution's own <c>budget_usd</c>.</param>
/// <param name="Period"><c>day</c>, <c>month</c>, <c>total</c> or <c>execution</c>.</param>
/// <param name="NeededUsd">What the refused call could have cost; null where nothing is left at all.</param>
/// <param name="ResetsAt">When the next period begins, in the budget's time zone; null for never.</param>
public sealed record BudgetRefusal(
    string? Budget, string Period, decimal LimitUsd, decimal SpentUsd, decimal ReservedUsd, decimal? NeededUsd, DateTimeOffset? ResetsAt)
{
    /// <summary>One sentence for people.</summary>
    public override string ToString()
    {
        var what = Budget is null ? "The execution's budget" : $"Budget {Budget} ({Period})";
        var facts = FormattableString.Invariant($"{what} of ${LimitUsd:0.#########} does not allow it: ${SpentUsd:0.#########} are spent, ${ReservedUsd:0.#########} held for calls under way");
        if (NeededUsd is { } needed)
            facts += FormattableString.Invariant($", and the next call may cost up to ${needed:0.#########}");
        return ResetsAt is { } at ? FormattableString.Invariant($"{facts}. It begins anew at {at:yyyy-MM-ddTHH:mm:sszzz}.") : facts + ".";
    }
}
