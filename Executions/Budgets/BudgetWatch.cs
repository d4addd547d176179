using System.Globalization;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace OsMEN.Executions.Budgets;

/// <summary>
/// Looks after budgets between calls: begins periods, tells of limits that come near, and charges calls that nobody will record. Every
/// process runs it; together they do each thing once.
/// </summary>
public sealed partial class BudgetWatch(IBudgetStore store, ExecutionSchema schema, IOptions<BudgetOptions> options, TimeProvider time, ILogger<BudgetWatch> logger)
    : StoreLoop(schema, options.Value.WatchInterval, "Budgets could not be looked after", time, logger)
{
    private volatile IReadOnlyList<Budget> _latest = [];

    /// <summary>All budgets as the last look found them.</summary>
    public IReadOnlyList<Budget> Latest => _latest;

    protected override Task RunOnceAsync(CancellationToken cancellationToken) => LookAsync(cancellationToken);

    internal async Task LookAsync(CancellationToken cancellationToken)
    {
        var now = Time.GetUtcNow();
        var charged = await store.ChargeLapsedAsync(now, options.Value.LapseAfter, cancellationToken);
        if (charged > 0)
            LogCharged(Logger, charged);
        var budgets = await store.ListBudgetsAsync(cancellationToken);
        var ended = budgets.Where(b => b.PeriodEnd <= now).ToArray();
        if (ended.Length > 0)
        {
            await BudgetGate.RollAsync(store, ended, now, cancellationToken);
            budgets = await store.ListBudgetsAsync(cancellationToken);
        }

        _latest = budgets;
        foreach (var budget in budgets)
            await WarnAsync(budget, cancellationToken);
    }

    private async Task WarnAsync(Budget budget, CancellationToken cancellationToken)
    {
        var definition = budget.Definition;
        var reached = definition.AlertAt.Where(share => budget.SpentUsd > 0 && budget.SpentUsd >= share * definition.LimitUsd).DefaultIfEmpty(0).Max();
        if (reached <= budget.Alerted || !await store.NoteAlertAsync(budget.Id, budget.PeriodStart, reached, cancellationToken))
            return;
        var resets = budget.ResetsAt?.ToString("yyyy-MM-ddTHH:mm:sszzz", CultureInfo.InvariantCulture) ?? "never";
        LogNear(Logger, budget.Id, BudgetPeriods.Name(definition.Period), budget.SpentUsd, definition.LimitUsd, reached * 100, resets);
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "Budget {Budget} ({Period}) has spent {Spent} of {Limit} USD, at least {Percent} %; it begins anew: {Resets}")]
    private static partial void LogNear(ILogger logger, string budget, string period, decimal spent, decimal limit, decimal percent, string resets);

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Count} model calls that nobody recorded were charged what was held for them")]
    private static partial void LogCharged(ILogger logger, int count);
}
