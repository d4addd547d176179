using OsMEN.Llm;

namespace OsMEN.Executions.Budgets;

/// <summary>Tells before an execution is accepted that no budget would let it make a call.</summary>
public sealed class BudgetAdmission(IBudgetStore store, BudgetBook book, PriceTable prices, LlmOptions llm, TimeProvider time)
{
    /// <summary>
    /// The budget that refuses, with its facts; null when none does. A budget refuses when it is spent, or when what is left of it is less than
    /// the first call may cost. One that begins anew before the execution may start refuses nothing.
    /// </summary>
    /// <param name="model">Null when it is not known here: budgets of a model or platform then don't count.</param>
    /// <param name="most">The tokens that the first call needs at least to be held for; null when that is not known.</param>
    /// <param name="runAt">Null is now.</param>
    public async ValueTask<BudgetRefusal?> CheckAsync(BudgetSubject subject, ModelName? model, TokenUsage? most, DateTimeOffset? runAt, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(subject);
        var needed = model is { } name && most is { } tokens ? CallNeed(name, tokens) : null;
        if (needed == 0)
            return null;
        var at = runAt is { } later && later > time.GetUtcNow() ? later : time.GetUtcNow();
        foreach (var definition in await book.MatchAsync(subject, model, cancellationToken))
        {
            if (await store.GetBudgetAsync(definition.Id, cancellationToken) is not { } budget || budget.PeriodEnd <= at)
                continue;
            var left = budget.Definition.LimitUsd - budget.SpentUsd;
            if (left <= 0 || left < needed)
                return budget.Refuse(needed);
        }

        return null;
    }

    private decimal? CallNeed(ModelName model, TokenUsage most) => Llm.Budgets.CallEstimate.Dollars(prices, model, llm.HostOf(model), most, time.GetUtcNow());
}
