using OsMEN.Executions.Budgets;
using OsMEN.ServiceDefaults.Metrics;

namespace OsMEN.Gateway.Budgets;

internal static class BudgetsExtensions
{
    /// <summary>Refusing what no budget leaves anything for, and the budgets' metrics.</summary>
    public static void AddBudgets(this IHostApplicationBuilder builder)
    {
        builder.Services.AddInstruments<BudgetMetrics>();
        builder.Services.AddSingleton<BudgetAdmission>();
        builder.Services.AddSingleton<AgentAdmission>();
    }
}
