using Microsoft.Extensions.DependencyInjection;
using OsMEN.Executions;
using OsMEN.Executions.Metrics;
using OsMEN.Tests.Infrastructure;
using OsMEN.Tests.ServiceDefaults;

namespace OsMEN.Tests.Executions;

public sealed class RedisFigureTests
{
    [Fact]
    public void Redis_tells_its_own_limit() => Assert.Equal(
        new RedisFigures(1048576, 2097152, 12, 75),
        RedisFigures.Read("# Memory\r\nused_memory:1048576\r\nmaxmemory:2097152\r\ntotal_system_memory:999\r\n# Stats\r\ninstantaneous_ops_per_sec:12\r\nkeyspace_hits:3\r\nkeyspace_misses:1\r\n"));

    [Fact]
    public void Without_a_limit_of_its_own_the_machines_memory_is_it() =>
        Assert.Equal(new RedisFigures(1, 999, null, 100), RedisFigures.Read("used_memory:1\r\nmaxmemory:0\r\ntotal_system_memory:999\r\nkeyspace_hits:0\r\nkeyspace_misses:0\r\n"));

    [Fact]
    public void Garnet_calls_the_same_things_otherwise() => Assert.Equal(
        new RedisFigures(11600544, 67108864, 5, 90),
        RedisFigures.Read("total_main_store_size:11600544\nstore_heap_memory_target_size:67108864\ntotal_system_memory:25276510208\ninstantaneous_ops_per_sec:5\ntotal_found:9\ntotal_notfound:1\ngarnet_hit_rate:90.00\n"));

    [Fact]
    public void What_a_server_does_not_tell_is_unknown() => Assert.Equal(new RedisFigures(null, null, null, null), RedisFigures.Read("redis_version:7.4\r\nlog_dir:N/A\r\n"));

    [Fact]
    public async Task A_service_reads_the_figures_of_its_server()
    {
        await using var redis = new RedisServer();
        await redis.StartAsync();
        await using var store = await TestStore.SqliteAsync();
        await using var service = await TestService.StartAsync(
            b =>
            {
                b.Configuration["ConnectionStrings:osmen"] = store.ConnectionString;
                b.Configuration["ConnectionStrings:redis"] = redis.ConnectionString;
                b.Configuration["CATALOG_PATH"] = Path.Combine(AppContext.BaseDirectory, "catalog");
                b.AddExecutions();
            });
        var metrics = service.App.Services.GetRequiredService<BackingMetrics>();
        await Programs.UntilAsync(() => Task.FromResult(metrics.Redis is not null), "Redis has been asked");
        Assert.True(metrics.Redis is { UsedBytes: > 0, LimitBytes: > 0, OperationsPerSecond: >= 0, HitPercent: >= 0 });
    }
}
