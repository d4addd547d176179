using System.Diagnostics.Metrics;
using OsMEN.ServiceDefaults.Metrics;

namespace OsMEN.Executions.Budgets;

/// <summary>Budgets as <see cref="BudgetWatch"/> last found them: a scrape asks no database. Past 200 budgets, later ones are left out.</summary>
public sealed class BudgetMetrics
{
    private const int MaxBudgets = 200;

    public BudgetMetrics(MetricFactory metrics, BudgetWatch watch)
    {
        ArgumentNullException.ThrowIfNull(metrics);
        Show(MetricCatalog.BudgetLimit, b => b.Definition.LimitUsd);
        Show(MetricCatalog.BudgetSpent, b => b.SpentUsd);
        Show(MetricCatalog.BudgetRemaining, b => b.RemainingUsd);

        void Show(MetricDefinition metric, Func<Budget, decimal> value)
        {
            var names = metrics.Limit(metric, MaxBudgets);
            metrics.ObservableGauge(metric, () => watch.Latest.Where(b => names.Fold(b.Id) == b.Id).Select(b => new Measurement<double>(
                (double)value(b), new("budget", b.Id), new("period", BudgetPeriods.Name(b.Definition.Period)))));
        }
    }
}
