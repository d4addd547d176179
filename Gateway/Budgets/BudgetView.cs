using System.Text.Json.Serialization;
using OsMEN.Executions.Budgets;
using OsMEN.Gateway.Executions;

namespace OsMEN.Gateway.Budgets;

/// <summary>What a budget counts: only what is set has to fit; nothing set is everything.</summary>
[method: JsonConstructor]
internal sealed record ScopeView(
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? Agent = null,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? User = null,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? Key = null,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? Model = null,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? Platform = null);

/// <summary>A budget as the API shows it: spent, reserved (held for calls under way) and remaining add up to the limit.</summary>
/// <param name="Period">day, month or total.</param>
/// <param name="ResetsAt">When it begins anew, in its time zone; null for never.</param>
internal sealed record BudgetView(
    string Id,
    ScopeView Scope,
    string Period,
    string TimeZone,
    decimal LimitUsd,
    decimal SpentUsd,
    decimal ReservedUsd,
    decimal RemainingUsd,
    DateTimeOffset? ResetsAt,
    IReadOnlyList<decimal> AlertAt)
{
    public static BudgetView Of(Budget budget)
    {
        var (definition, scope) = (budget.Definition, budget.Definition.Scope);
        return new BudgetView(
            budget.Id,
            new ScopeView(scope.Agent, scope.User, scope.Key, scope.Model, scope.Platform),
            BudgetPeriods.Name(definition.Period),
            definition.TimeZone,
            ExecutionView.Dollars(definition.LimitUsd),
            ExecutionView.Dollars(budget.SpentUsd),
            ExecutionView.Dollars(budget.ReservedUsd),
            ExecutionView.Dollars(budget.RemainingUsd),
            budget.ResetsAt,
            definition.AlertAt);
    }
}

/// <summary>The body that sets a budget.</summary>
/// <param name="TimeZone">IANA name; UTC unless said.</param>
/// <param name="AlertAt">Shares of the limit; 0.85 and 0.95 unless said.</param>
internal sealed record BudgetBody(string Period, decimal LimitUsd, ScopeView? Scope = null, string? TimeZone = null, IReadOnlyList<decimal>? AlertAt = null);
