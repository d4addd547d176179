using System.Text.Json;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using OsMEN.Executions;
using OsMEN.ServiceDefaults.Health;
using OsMEN.Tests.Infrastructure;
using OsMEN.Tests.ServiceDefaults;

namespace OsMEN.Tests.Executions;

/// <summary>The history that services with one database tell, each on its own HTTP endpoint.</summary>
public sealed class HealthHistoryTests : IAsyncLifetime
{
    private TestStore? _test;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync() => _test = await TestStore.SqliteAsync();

    public ValueTask DisposeAsync() => _test!.DisposeAsync();

    [Fact]
    public async Task What_changed_is_told_after_a_restart_and_by_every_instance()
    {
        await using (var first = await StartAsync("gateway", "a", () => HealthCheckResult.Degraded("Slow.")))
        {
            await first.CheckAsync("billing");
            await first.App.StopAsync(Token);
        }

        await using var second = await StartAsync("agentworker", "b", () => HealthCheckResult.Healthy());
        await using var third = await StartAsync("gateway", "c", () => HealthCheckResult.Healthy());
        await second.CheckAsync("billing");
        await Programs.UntilAsync(async () => (await ChangesAsync(third)).Contains(("agentworker", "b", "healthy")), "the other instance's change");
        foreach (var service in (TestService[])[second, third])
            await Programs.UntilAsync(async () => (await ChangesAsync(service)).Contains(("gateway", "a", "degraded")), "the change of the one that stopped");
    }

    [Fact]
    public async Task A_change_while_the_database_is_away_is_told_at_once_and_kept_when_it_is_back()
    {
        var answer = HealthCheckResult.Healthy();
        await using var first = await StartAsync("gateway", "a", () => answer);
        await using var second = await StartAsync("gateway", "b", () => HealthCheckResult.Healthy());
        await first.CheckAsync("billing");
        await Programs.UntilAsync(async () => (await ChangesAsync(second)).Contains(("gateway", "a", "healthy")), "the first change");

        await ExecuteAsync("ALTER TABLE health_changes RENAME TO away");
        answer = HealthCheckResult.Unhealthy("No answer.");
        await first.CheckAsync("billing");
        var history = await first.GetJsonAsync("/health/history");
        Assert.False(history.GetProperty("complete").GetBoolean());
        Assert.Equal([("gateway", "a", "healthy"), ("gateway", "a", "unhealthy")], Changes(history));

        await ExecuteAsync("ALTER TABLE away RENAME TO health_changes");
        await Programs.UntilAsync(async () => (await ChangesAsync(second)).Contains(("gateway", "a", "unhealthy")), "the change of the outage");
        Assert.True((await first.GetJsonAsync("/health/history")).GetProperty("complete").GetBoolean());
    }

    private static async Task<(string Service, string Instance, string To)[]> ChangesAsync(TestService service) => Changes(await service.GetJsonAsync("/health/history?hours=1"));

    private static (string Service, string Instance, string To)[] Changes(JsonElement history) =>
    [
        .. history.GetProperty("changes").EnumerateArray().Where(c => c.GetProperty("component").GetString() == "billing")
            .Select(c => (c.GetProperty("service").GetString()!, c.GetProperty("instance").GetString()!, c.GetProperty("to").GetString()!)),
    ];

    private Task<TestService> StartAsync(string service, string instance, Func<HealthCheckResult> check) => TestService.StartAsync(
        b =>
        {
            b.Configuration["ConnectionStrings:osmen"] = _test!.ConnectionString;
            b.Configuration["ConnectionStrings:redis"] = "127.0.0.1:1,connectTimeout=200";
            b.Configuration["CATALOG_PATH"] = Path.Combine(AppContext.BaseDirectory, "catalog");
            b.AddExecutions();
            b.AddHealthComponent("billing", (_, _) => Task.FromResult(check()), period: TimeSpan.FromHours(1));
        },
        settings: [("OTEL_SERVICE_NAME", service), ("OTEL_RESOURCE_ATTRIBUTES", $"service.instance.id={instance}")]);

    private async Task ExecuteAsync(string sql)
    {
        await using var command = _test!.Database.CreateCommand(sql);
        await command.ExecuteNonQueryAsync(Token);
    }
}
