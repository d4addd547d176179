using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using OsMEN.Executions;
using OsMEN.Executions.Retention;
using OsMEN.Tests.Infrastructure;
using OsMEN.Tests.ServiceDefaults;

namespace OsMEN.Tests.Executions;

/// <summary>Retention as every service runs it.</summary>
public sealed class RetentionLoopTests : IAsyncLifetime
{
    private TestStore? _test;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync() => _test = await TestStore.SqliteAsync();

    public ValueTask DisposeAsync() => _test!.DisposeAsync();

    [Fact]
    public async Task A_service_removes_what_is_old_and_tells_it_in_its_metrics()
    {
        await AcceptAsync();
        await using (var insert = _test!.Database.CreateCommand("INSERT INTO dashboard_sessions VALUES ('old', 'k', 0, 1), ('new', 'k', 0, 99999999999999)"))
            await insert.ExecuteNonQueryAsync(Token);
        await using var service = await StartAsync();
        await Programs.UntilAsync(
            async () => (await service.GetAsync("/metrics")).Body.Contains(service.Prefix + "storage_oldest_seconds{", StringComparison.Ordinal), "a look at what there is");
        var (_, metrics) = await service.GetAsync("/metrics");
        string Value(string series) => Assert.Single(metrics.Split('\n'), l => l.StartsWith(service.Prefix + series, StringComparison.Ordinal)).Split(' ')[1];
        Assert.Equal("1", Value("retention_removed_total{otel_scope_name=\"OsMEN\",what=\"sessions\"}"));
        Assert.Equal("0", Value("retention_removed_total{otel_scope_name=\"OsMEN\",what=\"executions\"}"));
        Assert.Equal("1", Value("retention_pass_duration_seconds_count{"));
        Assert.NotEqual("0", Value("storage_bytes{otel_scope_name=\"OsMEN\",what=\"database\"}"));
        Assert.NotEqual("0", Value("storage_oldest_seconds{otel_scope_name=\"OsMEN\",what=\"executions\"}"));
        await using var left = _test.Database.CreateCommand("SELECT hash FROM dashboard_sessions");
        Assert.Equal("new", await left.ExecuteScalarAsync(Token));
    }

    [Fact]
    public async Task What_the_last_pass_did_is_told_by_every_process_whichever_ran_it()
    {
        await using var redis = new RedisServer();
        await redis.StartAsync();
        await using (var insert = _test!.Database.CreateCommand("INSERT INTO dashboard_sessions VALUES ('old', 'k', 0, 1), ('older', 'k', 0, 1)"))
            await insert.ExecuteNonQueryAsync(Token);
        await using var first = await StartAsync(("ConnectionStrings:redis", redis.ConnectionString));
        var reader = first.App.Services.GetRequiredService<RetentionReader>();
        await Programs.UntilAsync(async () => (await reader.ReadAsync(Token)).LastAt is not null, "a pass was noted");

        // Its turn is not due: it has only heard of it.
        await using var second = await StartAsync(("ConnectionStrings:redis", redis.ConnectionString));
        var another = second.App.Services.GetRequiredService<RetentionReader>();
        await Programs.UntilAsync(async () => (await another.ReadAsync(Token)).LastAt is not null, "it has heard of the pass");
        var figures = await another.ReadAsync(Token);
        Assert.True(figures.Enabled);
        Assert.InRange(figures.DueAt!.Value - figures.LastAt!.Value, TimeSpan.FromMinutes(8), TimeSpan.FromMinutes(10));
        Assert.Equal(
            ["executions 0", "events 0", "calls 0", "usage 0", "journal 0", "alerts 0", "notices 0", "silences 0", "health 0", "sessions 2", "audit 0"],
            figures.Kinds.Select(k => $"{k.What} {k.Removed}"));
        Assert.Equal((TimeSpan.FromDays(90).TotalSeconds, 100L << 30, null), (figures.Kinds[0].KeptSeconds, figures.Kinds[0].MaxBytes, figures.Kinds[0].MaxRows));
    }

    [Fact]
    public async Task A_wrong_setting_stops_the_start_and_is_named()
    {
        var refused = await Assert.ThrowsAnyAsync<OptionsValidationException>(() => StartAsync(("Retention:ExecutionsAge", "00:00:01")));
        Assert.Contains("ExecutionsAge", refused.Message, StringComparison.Ordinal);
    }

    private async Task AcceptAsync() => await _test!.Store.AcceptAsync([StoreBehaviour.New(TimeProvider.System.GetUtcNow().AddMinutes(-1))], Token);

    private Task<TestService> StartAsync(params (string Key, string Value)[] settings) => TestService.StartAsync(
        b =>
        {
            b.Configuration["ConnectionStrings:osmen"] = _test!.ConnectionString;
            b.Configuration["ConnectionStrings:redis"] ??= "127.0.0.1:1,connectTimeout=200";
            b.Configuration["CATALOG_PATH"] = Path.Combine(AppContext.BaseDirectory, "catalog");
            b.AddExecutions();
        },
        settings: settings);
}
