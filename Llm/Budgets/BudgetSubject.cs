namespace OsMEN.Llm;

/// <summary>
/// On whose account calls are made, and how much of the execution's own limit is left. One for each attempt of an execution, for
/// all of its calls; safe for several threads.
/// </summary>
public sealed class BudgetSubject
{
    private readonly Lock _lock = new();
    private decimal _spent;
    private decimal _held;

    public string? Agent { get; init; }

    public string? User { get; init; }

    /// <summary>Id of the API key.</summary>
    public string? Key { get; init; }

    /// <summary>The execution that the calls are recorded with; null for none.</summary>
    public Guid? Execution { get; init; }

    /// <summary>The claim of the execution: with another one, what this one held is nobody's any more.</summary>
    public long Fence { get; init; }

    /// <summary>Which attempt this is, from 1.</summary>
    public int Attempt { get; init; } = 1;

    /// <summary>The execution's own limit in dollars, over all its attempts; null for none.</summary>
    public decimal? LimitUsd { get; init; }

    /// <summary>What earlier attempts have spent, as far as it is recorded.</summary>
    public decimal SpentBeforeUsd { get; init => (field, _spent) = (value, _spent + value); }

    /// <summary>Whether <see cref="KnowSpentBefore"/> was told.</summary>
    public bool IsSpentBeforeKnown { get; private set; }

    /// <summary>Corrects <see cref="SpentBeforeUsd"/>, once, by calls of earlier attempts that nobody has recorded.</summary>
    public void KnowSpentBefore(decimal dollars)
    {
        lock (_lock)
        {
            if (IsSpentBeforeKnown)
                return;
            IsSpentBeforeKnown = true;
            _spent += dollars - SpentBeforeUsd;
        }
    }

    /// <summary>Holds money back; false when the limit does not allow it.</summary>
    public bool TryHold(decimal amount)
    {
        lock (_lock)
        {
            if (LimitUsd is { } limit && _spent + _held + amount > limit)
                return false;
            _held += amount;
            return true;
        }
    }

    /// <summary>Puts what a call has cost in the place of what was held for it.</summary>
    public void Settle(decimal held, decimal cost)
    {
        lock (_lock)
        {
            _held -= held;
            _spent += cost;
        }
    }

    /// <summary>The facts for a refusal by the execution's own limit.</summary>
    public BudgetRefusal Refuse(decimal? needed)
    {
        lock (_lock)
            return new BudgetRefusal(null, "execution", LimitUsd ?? 0, _spent, _held, needed, null);
    }
}
