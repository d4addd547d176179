using OsMEN.Llm;

namespace OsMEN.Executions.Budgets;

/// <summary>How long a budget's limit is for.</summary>
public enum BudgetPeriod
{
    /// <summary>From midnight to midnight in the budget's time zone.</summary>
    Day,

    /// <summary>A calendar month in the budget's time zone.</summary>
    Month,

    /// <summary>For ever.</summary>
    Total,
}

/// <summary>What a budget counts: calls for which all that is set here fits. Nothing set is everything.</summary>
/// <param name="Key">Id of an API key.</param>
/// <param name="Model"><c>platform/model</c>, or the model's name alone.</param>
public sealed record BudgetScope(string? Agent = null, string? User = null, string? Key = null, string? Model = null, string? Platform = null)
{
    /// <summary>Whether a call on somebody's account counts. An unknown model (null) fits no budget of a model or platform.</summary>
    public bool Matches(BudgetSubject subject, ModelName? model)
    {
        ArgumentNullException.ThrowIfNull(subject);
        return (Agent is null || Agent == subject.Agent) && (User is null || User == subject.User) && (Key is null || Key == subject.Key) &&
            (Platform is null || Is(Platform, model?.Platform)) && (Model is null || Is(Model, model?.Model) || Is(Model, model?.ToString()));
    }

    private static bool Is(string wanted, string? found) => wanted.Equals(found, StringComparison.OrdinalIgnoreCase);
}

/// <summary>A budget as it is asked for.</summary>
/// <param name="TimeZone">IANA name, such as <c>Europe/Berlin</c>.</param>
/// <param name="AlertAt">Shares of the limit, each over 0 and at most 1, in order.</param>
public sealed record BudgetDefinition(string Id, BudgetScope Scope, BudgetPeriod Period, string TimeZone, decimal LimitUsd, IReadOnlyList<decimal> AlertAt);

/// <summary>A budget as it stands. <see cref="SpentUsd"/>, <see cref="ReservedUsd"/> and <see cref="RemainingUsd"/> always add up to the limit.</summary>
/// <param name="PeriodEnd">When it begins anew; null for never.</param>
/// <param name="Alerted">The highest share of <see cref="BudgetDefinition.AlertAt"/> that was told of in this period; 0 for none.</param>
public sealed record Budget(
    BudgetDefinition Definition, decimal SpentUsd, decimal ReservedUsd, DateTimeOffset PeriodStart, DateTimeOffset? PeriodEnd, decimal Alerted)
{
    public string Id => Definition.Id;

    /// <summary>Below zero when a limit was lowered, or a call cost more than could be known before.</summary>
    public decimal RemainingUsd => Definition.LimitUsd - SpentUsd - ReservedUsd;

    /// <summary><see cref="PeriodEnd"/> as clocks in its time zone show it.</summary>
    public DateTimeOffset? ResetsAt => PeriodEnd is { } end ? TimeZoneInfo.ConvertTime(end, BudgetPeriods.Zone(Definition.TimeZone)) : null;

    /// <summary>As it stands at a time: with nothing spent in the period then, where its own is over and nobody has begun the next yet.</summary>
    public Budget At(DateTimeOffset now)
    {
        if (PeriodEnd is not { } over || over > now)
            return this;
        var (start, end) = BudgetPeriods.Around(Definition.Period, BudgetPeriods.Zone(Definition.TimeZone), now);
        return this with { SpentUsd = 0, Alerted = 0, PeriodStart = start, PeriodEnd = end };
    }

    /// <summary>The facts for a refusal.</summary>
    public BudgetRefusal Refuse(decimal? needed) =>
        new(Id, BudgetPeriods.Name(Definition.Period), Definition.LimitUsd, SpentUsd, ReservedUsd, needed, ResetsAt);
}
