using System.Data.Common;
using Microsoft.Data.Sqlite;
using OsMEN.Executions;
using OsMEN.Tests.Infrastructure;

namespace OsMEN.Tests.Executions;

/// <summary>A store on an empty database of its own.</summary>
internal sealed class TestStore : IAsyncDisposable
{
    private readonly Func<ValueTask> _dispose;

    private TestStore(IExecutionStore store, DbDataSource database, string connectionString, Func<ValueTask> dispose)
    {
        Store = store;
        Database = database;
        ConnectionString = connectionString;
        _dispose = dispose;
    }

    public IExecutionStore Store { get; }

    /// <summary>For what the store does not offer.</summary>
    public DbDataSource Database { get; }

    public string ConnectionString { get; }

    public static async Task<TestStore> PostgresAsync(PostgresServer server, string? connectionString = null)
    {
        connectionString ??= await server.CreateDatabaseAsync();
        var source = PostgresDatabase.Create(connectionString);
        var store = new PostgresExecutionStore(source, TimeProvider.System);
        await store.MigrateAsync(TestContext.Current.CancellationToken);
        return new TestStore(store, source, connectionString, source.DisposeAsync);
    }

    public static async Task<TestStore> SqliteAsync(string? connectionString = null)
    {
        var folder = Path.Combine(Path.GetTempPath(), "osmen-sqlite-" + Guid.CreateVersion7().ToString("N"));
        connectionString ??= "Data Source=" + Path.Combine(folder, "test.db");
        var database = new SqliteDatabase(connectionString);
        var store = new SqliteExecutionStore(database, TimeProvider.System);
        await store.MigrateAsync(TestContext.Current.CancellationToken);
        return new TestStore(store, database, connectionString, async () =>
        {
            store.Dispose();
            database.Dispose();
            SqliteConnection.ClearAllPools();

            // A health check that a stopped gateway had under way may still open the file, which makes two more beside it.
            await Programs.UntilAsync(
                () =>
                {
                    if (Directory.Exists(folder))
                        Directory.Delete(folder, recursive: true);
                    return Task.FromResult(true);
                },
                "the folder is gone");
        });
    }

    public ValueTask DisposeAsync() => _dispose();
}
