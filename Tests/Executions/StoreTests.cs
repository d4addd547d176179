using System.Diagnostics;
using Microsoft.Data.Sqlite;
using Npgsql;
using OsMEN.Executions;
using OsMEN.Tests.Infrastructure;

namespace OsMEN.Tests.Executions;

public sealed class PostgresStoreTests(PostgresServer server) : StoreBehaviour
{
    internal override Task<TestStore> CreateAsync(string? connectionString) => TestStore.PostgresAsync(server, connectionString);

    [Fact]
    public async Task Migrations_wait_for_another_process_longer_than_a_statement_may_take()
    {
        var token = TestContext.Current.CancellationToken;
        var address = await server.CreateDatabaseAsync();
        await using var other = PostgresDatabase.Create(address);
        await using var holder = await other.OpenConnectionAsync(token);
        await using (var hold = new NpgsqlCommand("SELECT pg_advisory_lock(x'6f736d656e'::bigint)", holder))
            await hold.ExecuteNonQueryAsync(token);
        var migrating = TestStore.PostgresAsync(server, $"{address};Command Timeout=1");
        await Programs.UntilAsync(
            async () =>
            {
                Assert.False(migrating.IsCompleted);
                await using var look = other.CreateCommand("SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'advisory' AND now() - query_start > interval '1.5 s' AND datname = current_database()");
                return (long)(await look.ExecuteScalarAsync(token))! == 1;
            },
            "it has waited");
        await using (var release = new NpgsqlCommand("SELECT pg_advisory_unlock_all()", holder))
            await release.ExecuteNonQueryAsync(token);
        await using var migrated = await migrating;
        await migrated.Store.GetDepthAsync(token);
    }

    [Fact]
    public async Task A_statement_of_the_shared_tables_gives_up_on_a_database_that_hangs()
    {
        await using var database = PostgresDatabase.Create(await server.CreateDatabaseAsync());
        var failure = await Assert.ThrowsAnyAsync<NpgsqlException>(() => database.QueryAsync<object>("SELECT pg_sleep(60)", null, TestContext.Current.CancellationToken));
        Assert.IsType<TimeoutException>(failure.InnerException);
    }
}

public sealed class SqliteStoreTests : StoreBehaviour
{
    internal override Task<TestStore> CreateAsync(string? connectionString) => TestStore.SqliteAsync(connectionString);

    [Fact]
    public void SQLite_is_the_one_that_the_package_brings()
    {
        using var connection = new SqliteConnection("Data Source=:memory:");
        connection.Open();
        using var process = Process.GetCurrentProcess();
        var loaded = process.Modules.Cast<ProcessModule>().Where(m => m.ModuleName.Contains("sqlite3", StringComparison.Ordinal)).Select(m => m.FileName);
        Assert.StartsWith(AppContext.BaseDirectory, Assert.Single(loaded), StringComparison.Ordinal);
        Assert.True(Version.Parse(connection.ServerVersion) >= new Version(3, 50), connection.ServerVersion);
    }
}
