using OsMEN.Executions.Budgets;
using OsMEN.Llm;
using OsMEN.Tests.Executions;
using OsMEN.Tests.Infrastructure;

namespace OsMEN.Tests.Budgets;

public sealed class PostgresBudgetTests(PostgresServer server) : BudgetBehaviour
{
    internal override Task<TestStore> CreateAsync() => TestStore.PostgresAsync(server);
}

public sealed class SqliteBudgetTests : BudgetBehaviour
{
    internal override Task<TestStore> CreateAsync() => TestStore.SqliteAsync();
}

/// <summary>Budgets and calls for tests.</summary>
internal static class Make
{
    public static readonly ModelName Model = new("openai", "gpt-5-mini");

    public static BudgetDefinition Budget(string id, decimal limit, BudgetPeriod period = BudgetPeriod.Total, BudgetScope? scope = null, string zone = "UTC") =>
        new(id, scope ?? new BudgetScope(), period, zone, limit, [0.85m, 0.95m]);

    public static BudgetReservation Reservation(DateTimeOffset now, decimal amount, params IReadOnlyList<string> budgets) =>
        new(new BudgetedCall(Guid.CreateVersion7(now), Model, new TokenUsage(100, 20), amount), amount, null, 0, budgets, now, now.AddMinutes(6));
}
