using System.Diagnostics;
using OsMEN.Executions.Budgets;
using OsMEN.Llm;
using OsMEN.Tests.Infrastructure;

namespace OsMEN.Bench.Budgets;

/// <summary>What a budget costs a model call: money is held in two budgets and settled, by one caller and by 32 at once on the same budgets.</summary>
internal static class BudgetBench
{
    private const int Single = 1000;
    private const int Many = 4000;
    private const int Connections = 32;

    public static async Task RunAsync(PostgresServer server, Report report, string name)
    {
        await using var store = await Store.CreateAsync(name, server);
        var budgets = (IBudgetStore)store.Executions;
        foreach (var id in (string[])["everything", "agent"])
        {
            var scope = id == "agent" ? new BudgetScope(Agent: "noop") : new BudgetScope();
            await budgets.PutBudgetAsync(new BudgetDefinition(id, scope, BudgetPeriod.Month, "UTC", 1_000_000, []), TimeProvider.System.GetUtcNow(), 10, CancellationToken.None);
        }

        await MeasureAsync(budgets, 200, 1);
        var (rate, p50, p99) = await MeasureAsync(budgets, Single, 1);
        report.Add("budgets", name, "hold and settle, one caller", rate, "calls/s");
        report.Add("budgets", name, "hold and settle, one caller, p50", p50, "ms");
        (rate, p50, p99) = await MeasureAsync(budgets, Many, Connections);
        report.Add("budgets", name, $"hold and settle, {Connections} callers of the same budgets", rate, "calls/s");
        report.Add("budgets", name, $"hold and settle, {Connections} callers, p50", p50, "ms");
        report.Add("budgets", name, $"hold and settle, {Connections} callers, p99", p99, "ms");
        await budgets.DeleteBudgetAsync("everything", CancellationToken.None);
        report.Add("budgets", name, "there is a budget, but of another agent", await MeasureUnmatchedAsync(budgets), "calls/s");
        if (await budgets.GetBudgetAsync("agent", CancellationToken.None) is not { ReservedUsd: 0, SpentUsd: > 0 })
            throw new InvalidOperationException("Something is still held.");
    }

    private static async Task<(double Rate, double P50, double P99)> MeasureAsync(IBudgetStore budgets, int count, int callers)
    {
        var times = new double[count];
        var next = -1;
        var started = Stopwatch.GetTimestamp();
        await Task.WhenAll(Enumerable.Range(0, callers).Select(_ => Task.Run(async () =>
        {
            while (Interlocked.Increment(ref next) is var i && i < count)
            {
                var now = TimeProvider.System.GetUtcNow();
                var call = new BudgetedCall(Guid.CreateVersion7(now), new ModelName("openai", "gpt-5-mini"), new TokenUsage(1000, 1000), 0.001m);
                var began = Stopwatch.GetTimestamp();
                var result = await budgets.ReserveAsync(new BudgetReservation(call, 0.001m, null, 0, ["everything", "agent"], now, now.AddMinutes(6)), CancellationToken.None);
                if (!result.Held)
                    throw new InvalidOperationException("The budget refused.");
                await budgets.SettleAsync(call.Id, 0.0004m, CancellationToken.None);
                times[i] = Stopwatch.GetElapsedTime(began).TotalMilliseconds;
            }
        })));
        var elapsed = Stopwatch.GetElapsedTime(started);
        Array.Sort(times);
        return (count / elapsed.TotalSeconds, times[count / 2], times[count * 99 / 100]);
    }

    // The way of a call that budgets exist for, but of others: from memory, but for a look at the table twice a second.
    private static async Task<double> MeasureUnmatchedAsync(IBudgetStore budgets)
    {
        const int count = 1_000_000;
        var book = new BudgetBook(budgets, TimeProvider.System);
        var subject = new BudgetSubject { Agent = "other" };
        var started = Stopwatch.GetTimestamp();
        for (var i = 0; i < count; i++)
        {
            if ((await book.MatchAsync(subject, null, CancellationToken.None)).Count > 0)
                throw new InvalidOperationException("A budget of another agent matches.");
        }

        return count / Stopwatch.GetElapsedTime(started).TotalSeconds;
    }
}
