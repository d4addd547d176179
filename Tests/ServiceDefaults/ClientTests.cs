using System.Net;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Npgsql;
using OsMEN.Tests.Infrastructure;
using StackExchange.Redis;

namespace OsMEN.Tests.ServiceDefaults;

public sealed class ClientTests(PostgresServer postgres)
{
    [Fact]
    public async Task A_service_starts_without_Redis_and_gets_ready_when_it_comes_and_after_each_loss()
    {
        await using var redis = new RedisServer();
        await redis.StartAsync();
        await redis.KillAsync();
        await using var service = await TestService.StartAsync(b => b.AddRedisClient("redis"), settings: ("ConnectionStrings:redis", redis.ConnectionString));
        Assert.Equal((HttpStatusCode.ServiceUnavailable, """{"status":"not_ready","failing":["redis"]}"""), await service.GetAsync("/ready"));

        for (var i = 0; i < 2; i++)
        {
            await redis.StartAsync();
            await Programs.UntilAsync(async () => await CheckedAsync(service, "redis") == HttpStatusCode.OK, "ready with Redis");
            Assert.True(await service.App.Services.GetRequiredService<IConnectionMultiplexer>().GetDatabase().StringSetAsync("a", "b"));
            await redis.KillAsync();
            await Programs.UntilAsync(async () => await CheckedAsync(service, "redis") == HttpStatusCode.ServiceUnavailable, "not ready without Redis");
        }
    }

    [Fact]
    public async Task The_database_is_a_component_and_its_data_source_can_be_used()
    {
        var connection = await postgres.CreateDatabaseAsync();
        await using var service = await TestService.StartAsync(b => b.AddNpgsqlDataSource("osmen"), settings: ("ConnectionStrings:osmen", connection));
        Assert.Equal(HttpStatusCode.OK, await CheckedAsync(service, "database"));
        Assert.Equal("healthy", (await service.GetJsonAsync("/health/dependencies/database")).GetProperty("status").GetString());
        await using var command = service.App.Services.GetRequiredService<NpgsqlDataSource>().CreateCommand("SELECT 42");
        Assert.Equal(42, await command.ExecuteScalarAsync(TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task A_database_that_is_away_says_so_without_its_password()
    {
        await using var service = await TestService.StartAsync(
            b => b.AddNpgsqlDataSource("osmen"), settings: ("ConnectionStrings:osmen", "Host=127.0.0.1;Port=1;Username=u;Password=hunter2;Database=d"));
        Assert.Equal(HttpStatusCode.ServiceUnavailable, await CheckedAsync(service, "database"));
        Assert.DoesNotContain("hunter2", (await service.GetAsync("/health")).Body, StringComparison.Ordinal);
    }

    private static async Task<HttpStatusCode> CheckedAsync(TestService service, string component)
    {
        await service.CheckAsync(component);
        return (await service.GetAsync("/ready")).Status;
    }
}
