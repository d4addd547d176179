using System.Net;
using System.Security.Cryptography;
using Npgsql;
using OsMEN.Tests.Infrastructure;

namespace OsMEN.Tests.Gateway;

/// <summary>A gateway whose database cannot write for a while.</summary>
public sealed class WriteOutageTests(RedisServer redis, PostgresServer postgres)
{
    private const string Start = "/api/v1/agents/daily_brief/executions";

    [Fact]
    public async Task SQLite_on_a_full_disk_is_not_ready_and_recovers_by_itself()
    {
        await using var disk = await SmallDisk.MountAsync(megabytes: 32);
        await redis.StartAsync();
        await using var gateway = new GatewayServer(new()
        {
            ["ConnectionStrings:osmen"] = $"Data Source={disk.Folder}/osmen.db",
            ["ConnectionStrings:redis"] = redis.ConnectionString,
        });
        await gateway.InitializeAsync();
        var input = new { input = new string('x', 100_000) };
        for (var round = 0; round < 3; round++)
        {
            Assert.Equal(HttpStatusCode.Accepted, (await gateway.SendAsync(HttpMethod.Post, Start, input)).Status);
            await ReadyAsync(gateway, HttpStatusCode.OK);

            disk.Fill();
            await Programs.UntilAsync(async () => (await gateway.SendAsync(HttpMethod.Post, Start, input)).Status != HttpStatusCode.Accepted, "the disk is full");

            // Many at once are one transaction, which outgrows SQLite's cache and so fails halfway rather than at its commit.
            foreach (var (status, _, response) in await Task.WhenAll(Enumerable.Range(0, 60).Select(_ => gateway.SendAsync(HttpMethod.Post, Start, input))))
                Assert.Equal((HttpStatusCode.ServiceUnavailable, TimeSpan.FromSeconds(1)), (status, response.Headers.RetryAfter?.Delta));

            var body = await ReadyAsync(gateway, HttpStatusCode.ServiceUnavailable);
            Assert.Contains("database", body, StringComparison.Ordinal);
            Assert.Equal(HttpStatusCode.OK, (await gateway.SendAsync(HttpMethod.Get, "/api/v1/executions")).Status);

            disk.Empty();
            await Programs.UntilAsync(async () => (await gateway.SendAsync(HttpMethod.Post, Start, input)).Status == HttpStatusCode.Accepted, "writes work", TimeSpan.FromSeconds(5));
        }

        await ReadyAsync(gateway, HttpStatusCode.OK);
    }

    [Fact]
    public Task PostgreSQL_out_of_space_is_not_ready_and_recovers_by_itself() => PostgresAsync(async (name, use) =>
    {
        await using var disk = await SmallDisk.MountAsync(megabytes: 32);
        await PostgresServer.OwnAsync(disk.Folder);
        await postgres.ExecuteAsync($"CREATE TABLESPACE {name} LOCATION '{disk.Folder}'");
        await postgres.ExecuteAsync($"ALTER DATABASE {name} SET TABLESPACE {name}");
        await use(() => { disk.Fill(); return Task.CompletedTask; }, () => { disk.Empty(); return Task.CompletedTask; });
        await postgres.ExecuteAsync($"DROP DATABASE {name} WITH (FORCE)");
        await postgres.ExecuteAsync($"DROP TABLESPACE {name}");
    });

    [Fact]
    public Task PostgreSQL_that_is_read_only_is_not_ready_and_recovers_by_itself() => PostgresAsync((name, use) => use(
        () => ChangeAsync(name, $"ALTER DATABASE {name} SET default_transaction_read_only = on"),
        () => ChangeAsync(name, $"ALTER DATABASE {name} RESET default_transaction_read_only")));

    [Fact]
    public Task PostgreSQL_out_of_connections_is_not_ready_and_recovers_by_itself() => PostgresAsync((name, use) => use(
        () => ChangeAsync(name, $"ALTER ROLE {name} CONNECTION LIMIT 0"),
        () => ChangeAsync(name, $"ALTER ROLE {name} CONNECTION LIMIT -1")));

    private async Task PostgresAsync(Func<string, Func<Func<Task>, Func<Task>, Task>, Task> test)
    {
        await redis.StartAsync();
        var database = new NpgsqlConnectionStringBuilder(await postgres.CreateDatabaseAsync());

        // Not a superuser, whose connections have no limit.
        var name = database.Database!;
        await postgres.ExecuteAsync($"CREATE ROLE {name} LOGIN");
        await postgres.ExecuteAsync($"ALTER DATABASE {name} OWNER TO {name}");
        database.Username = name;
        await test(name, async (fail, restore) =>
        {
            await using var gateway = new GatewayServer(new() { ["ConnectionStrings:osmen"] = database.ConnectionString, ["ConnectionStrings:redis"] = redis.ConnectionString });
            await gateway.InitializeAsync();
            var input = new { input = RandomNumberGenerator.GetHexString(100_000) };
            Assert.Equal(HttpStatusCode.Accepted, (await gateway.SendAsync(HttpMethod.Post, Start, input)).Status);
            await ReadyAsync(gateway, HttpStatusCode.OK);
            await fail();
            await Programs.UntilAsync(async () => (await gateway.SendAsync(HttpMethod.Post, Start, input)).Status == HttpStatusCode.ServiceUnavailable, "nothing is accepted");
            Assert.Contains("database", await ReadyAsync(gateway, HttpStatusCode.ServiceUnavailable), StringComparison.Ordinal);
            await restore();
            await Programs.UntilAsync(
                async () => (await gateway.SendAsync(HttpMethod.Post, Start, input)).Status == HttpStatusCode.Accepted, "writes work", TimeSpan.FromSeconds(5));
            await ReadyAsync(gateway, HttpStatusCode.OK);
        });
    }

    // New connections have the setting, so the pooled ones have to go.
    private async Task ChangeAsync(string name, string sql)
    {
        await postgres.ExecuteAsync(sql);
        await postgres.ExecuteAsync($"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'");
    }

    // Health is looked at in the background.
    private static async Task<string> ReadyAsync(GatewayServer gateway, HttpStatusCode expected)
    {
        using var client = gateway.Client();
        var body = "";
        await Programs.UntilAsync(
            async () =>
            {
                using var answer = await client.GetAsync("/health/ready", TestContext.Current.CancellationToken);
                body = await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
                return answer.StatusCode == expected;
            },
            $"ready answers {expected}", TimeSpan.FromSeconds(15));
        return body;
    }
}
