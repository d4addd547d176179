using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;
using OsMEN.Executions;
using OsMEN.Executions.Clients;
using OsMEN.ServiceDefaults.Configuration;
using OsMEN.Tests.Infrastructure;
using OsMEN.Tests.ServiceDefaults;
using StackExchange.Redis;

namespace OsMEN.Tests.Executions;

/// <summary>The clients of PostgreSQL and Redis as a service registers them.</summary>
public sealed class ClientTests(PostgresServer postgres)
{
    private const string PostgresAllowed = "allowed: an Npgsql connection string, such as Host=localhost;Database=osmen;Username=osmen.";
    private const string RedisAllowed = "allowed: a StackExchange.Redis connection string, such as localhost:6379.";

    [Fact]
    public async Task Service_starts_without_Redis_and_is_ready_whenever_it_is_up()
    {
        await using var redis = new RedisServer();
        await redis.StartAsync();
        await redis.KillAsync();
        var log = Path.GetTempFileName();
        await using var service = await TestService.StartAsync(b => b.AddRedis("redis"), settings: [("ConnectionStrings:redis", redis.ConnectionString), ("LOG_FILE", log)]);
        Assert.Equal((HttpStatusCode.ServiceUnavailable, """{"status":"not_ready","failing":["redis"]}"""), await service.GetAsync("/ready"));

        for (var i = 0; i < 2; i++)
        {
            await redis.StartAsync();
            await Programs.UntilAsync(async () => await CheckedAsync(service, "redis") == HttpStatusCode.OK, "ready with Redis");
            Assert.True(await service.App.Services.GetRequiredService<IConnectionMultiplexer>().GetDatabase().StringSetAsync("a", "b"));
            var details = (await service.GetJsonAsync("/health/dependencies/redis")).GetProperty("details");
            Assert.Equal(("Connected to Redis.", true), (details.GetProperty("message").GetString(), details.GetProperty("ping_ms").GetDouble() > 0));
            await redis.KillAsync();
            await Programs.UntilAsync(async () => await CheckedAsync(service, "redis") == HttpStatusCode.ServiceUnavailable, "not ready without Redis");
        }

        // One line for each outage, from the health check, and nothing from the client.
        await service.App.StopAsync(TestContext.Current.CancellationToken);
        await service.DisposeAsync();
        var lines = await File.ReadAllLinesAsync(log, TestContext.Current.CancellationToken);
        Assert.Equal(3, lines.Count(l => l.Contains("redis is Unhealthy", StringComparison.Ordinal)));
        Assert.DoesNotContain(lines, l => l.Contains("StackExchange.Redis", StringComparison.Ordinal));
        File.Delete(log);
    }

    [Fact]
    public void Redis_options_suit_a_server_that_may_be_down_and_the_connection_string_wins()
    {
        Assert.Equal((2000, 1, false), Options("localhost:6379,abortConnect=true"));
        Assert.Equal((700, 4, false), Options("localhost:6379,connectTimeout=700,connectRetry=4"));

        static (int, int, bool) Options(string text)
        {
            using var app = TestService.Build(b => b.AddRedis("redis"), null, null, ("ConnectionStrings:redis", text));
            var options = app.Services.GetRequiredService<Microsoft.Extensions.Options.IOptions<ConfigurationOptions>>().Value;
            Assert.Equal("localhost:6379", Assert.Single(options.EndPoints)!.ToString()!.Split('/')[^1]);
            Assert.Same(BacklogPolicy.FailFast, options.BacklogPolicy);
            return (options.ConnectTimeout, options.ConnectRetry, options.AbortOnConnectFail);
        }
    }

    [Fact]
    public async Task Postgres_data_source_of_the_integration_reaches_the_database()
    {
        var connection = await postgres.CreateDatabaseAsync();
        await using var service = await TestService.StartAsync(b => b.AddPostgres("osmen"), settings: ("ConnectionStrings:osmen", connection));
        await using var command = service.App.Services.GetRequiredService<NpgsqlDataSource>().CreateCommand("SELECT 42");
        Assert.Equal(42, await command.ExecuteScalarAsync(TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task Database_component_reports_its_engine_and_version()
    {
        await using var sqlite = await TestStore.SqliteAsync();
        foreach (var (connection, engine) in new[] { (await postgres.CreateDatabaseAsync(), "PostgreSQL"), (sqlite.ConnectionString, "SQLite") })
        {
            await using var service = await StartAsync(connection);
            await service.CheckAsync("database");
            var component = await service.GetJsonAsync("/health/dependencies/database");
            var details = component.GetProperty("details");
            Assert.Equal(("healthy", $"Connected to {engine}."), (component.GetProperty("status").GetString(), details.GetProperty("message").GetString()));
            Assert.Matches("^[0-9]+\\.", details.GetProperty("version").GetString());
        }
    }

    [Fact]
    public async Task Database_that_is_down_is_reported_without_its_password()
    {
        await using var service = await StartAsync("Host=127.0.0.1;Port=1;Username=u;Password=hunter2;Database=d");
        Assert.Equal(HttpStatusCode.ServiceUnavailable, await CheckedAsync(service, "database"));
        var message = (await service.GetJsonAsync("/health/dependencies/database")).GetProperty("details").GetProperty("message").GetString();
        Assert.Contains("Failed to connect to 127.0.0.1:1", message, StringComparison.Ordinal);
        Assert.DoesNotContain("hunter2", (await service.GetAsync("/health")).Body, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("osmen", "", "ConnectionStrings__osmen is missing; " + PostgresAllowed)]
    [InlineData("osmen", "Password=hunter2", "ConnectionStrings__osmen holds \"(hidden)\"; " + PostgresAllowed)]
    [InlineData("osmen", "Host=db;Port=hunter2", "ConnectionStrings__osmen holds \"(hidden)\"; " + PostgresAllowed)]
    [InlineData("osmen", "Host=db;Hunter=2", "ConnectionStrings__osmen holds \"(hidden)\"; " + PostgresAllowed)]
    [InlineData("redis", "", "ConnectionStrings__redis is missing; " + RedisAllowed)]
    [InlineData("redis", ",password=hunter2,ssl=perhaps", "ConnectionStrings__redis holds \"(hidden)\"; " + RedisAllowed)]
    [InlineData("redis", "password=hunter2", "ConnectionStrings__redis holds \"(hidden)\"; " + RedisAllowed)]
    public async Task Bad_connection_string_ends_the_process_with_one_line(string name, string value, string line)
    {
        var error = new StringWriter();
        var code = await StartupErrors.RunAsync(
            () =>
            {
                var app = TestService.Build(b => Add(b, name), null, null, ($"ConnectionStrings:{name}", value));
                return app.RunAsync();
            },
            error);
        Assert.Equal(StartupErrors.BadConfiguration, code);
        Assert.Equal(line + Environment.NewLine, error.ToString());

        static void Add(WebApplicationBuilder builder, string name)
        {
            if (name == "redis") builder.AddRedis(name);
            else builder.AddPostgres(name);
        }
    }

    private static Task<TestService> StartAsync(string database) => TestService.StartAsync(b =>
    {
        b.Configuration["ConnectionStrings:osmen"] = database;
        b.Configuration["ConnectionStrings:redis"] = "127.0.0.1:1,connectTimeout=200";
        b.Configuration["CATALOG_PATH"] = Path.Combine(AppContext.BaseDirectory, "catalog");
        b.AddExecutions();
    });

    private static async Task<HttpStatusCode> CheckedAsync(TestService service, string component)
    {
        await service.CheckAsync(component);
        return (await service.GetAsync("/ready")).Status;
    }
}
