using Microsoft.Data.Sqlite;
using OsMEN.Executions;
using OsMEN.ServiceDefaults;
using OsMEN.Tests.Infrastructure;

namespace OsMEN.Bench;

/// <summary>A store on a fresh database of its own.</summary>
internal sealed class Store(string name, IExecutionStore executions, string connectionString, Func<ValueTask> dispose) : IAsyncDisposable
{
    public static readonly string[] Names = ["PostgreSQL", "SQLite"];

    public string Name => name;

    public IExecutionStore Executions => executions;

    public string ConnectionString => connectionString;

    public static async Task<Store> CreateAsync(string name, PostgresServer server)
    {
        var store = name == "PostgreSQL" ? await PostgresAsync(server) : Sqlite();
        await store.Executions.MigrateAsync(CancellationToken.None);
        return store;
    }

    public ValueTask DisposeAsync() => dispose();

    /// <summary>Queues executions without any ceremony.</summary>
    public async Task FillAsync(int count)
    {
        for (var left = count; left > 0; left -= 1000)
            await Executions.AcceptAsync([.. Enumerable.Range(0, Math.Min(left, 1000)).Select(_ => New())], CancellationToken.None);
    }

    public static NewExecution New() => new()
    {
        Id = OrderedIds.New(TimeProvider.System.GetUtcNow()),
        Kind = ExecutionKind.Agent,
        Target = "noop",
        User = "bench",
        Input = """{"text":"nothing"}""",
        CreatedAt = TimeProvider.System.GetUtcNow(),
    };

    private static async Task<Store> PostgresAsync(PostgresServer server)
    {
        var connectionString = await server.CreateDatabaseAsync();
        var source = PostgresDatabase.Create(connectionString);
        return new Store("PostgreSQL", new PostgresExecutionStore(source, TimeProvider.System), connectionString, source.DisposeAsync);
    }

    private static Store Sqlite()
    {
        var folder = Directory.CreateTempSubdirectory("osmen-bench-");
        var connectionString = "Data Source=" + Path.Combine(folder.FullName, "bench.db");
        var database = new SqliteDatabase(connectionString);
        var store = new SqliteExecutionStore(database, TimeProvider.System);
        return new Store("SQLite", store, connectionString, () =>
        {
            store.Dispose();
            database.Dispose();
            SqliteConnection.ClearAllPools();
            folder.Delete(recursive: true);
            return default;
        });
    }
}
