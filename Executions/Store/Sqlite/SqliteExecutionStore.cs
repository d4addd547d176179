using Microsoft.Data.Sqlite;
using OsMEN.Executions.Workflows;

namespace OsMEN.Executions;

/// <summary>
/// <see cref="IExecutionStore"/> on a SQLite file that several processes share. SQLite has one writer: writers of this
/// process queue at a gate, those of other processes wait in SQLite. The same tables and rules as on PostgreSQL, with the
/// clock of this machine, which all its processes share.
/// </summary>
internal sealed partial class SqliteExecutionStore(SqliteDatabase database, TimeProvider time) : IExecutionStore, IWorkflowStore, IDisposable
{
    private readonly SemaphoreSlim _gate = new(1);
    private SqliteConnection? _writer;

    public string Kind => "sqlite";

    public Task MigrateAsync(CancellationToken cancellationToken)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(database.File)!);
        return WriteAsync(
            connection =>
            {
                connection.Execute("CREATE TABLE IF NOT EXISTS schema_migrations (version integer PRIMARY KEY, name text NOT NULL, applied_at integer NOT NULL)");
                var applied = new HashSet<int>();
                using (var command = connection.Command("SELECT version FROM schema_migrations"))
                using (var reader = command.ExecuteReader())
                {
                    while (reader.Read())
                        applied.Add(reader.GetInt32(0));
                }

                foreach (var step in Migration.Pending(Migration.For("Sqlite"), applied))
                {
                    connection.Execute(step.Sql);
                    connection.Execute("INSERT INTO schema_migrations VALUES (@p0, @p1, @p2)", step.Version, step.Name, Now());
                }

                return true;
            },
            cancellationToken);
    }

    public void Dispose()
    {
        _writer?.Dispose();
        _gate.Dispose();
    }

    private long Now() => time.GetUtcNow().Micros();

    private async Task<T> WriteAsync<T>(Func<SqliteConnection, T> work, CancellationToken cancellationToken)
    {
        await _gate.WaitAsync(cancellationToken);
        try
        {
            if (_writer is null)
            {
                _writer = await database.OpenAsync(cancellationToken);
                _writer.Execute("PRAGMA journal_mode = WAL");
            }

            // Immediate: takes the write lock at once, so that a read never has to be upgraded (which fails as busy).
            using var transaction = _writer.BeginTransaction(deferred: false);
            var result = work(_writer);
            transaction.Commit();
            return result;
        }
        catch
        {
            DiscardWriter();
            throw;
        }
        finally
        {
            _gate.Release();
        }
    }

    // Whatever state the failure left the connection in goes with it: it does not return to the pool.
    private void DiscardWriter()
    {
        if (_writer is not { } writer)
            return;
        _writer = null;
        SqliteConnection.ClearPool(writer);
        try
        {
            writer.Dispose();
        }
        catch (SqliteException)
        {
            // It could not roll back what SQLite had rolled back already. The first error is the one to report.
        }
    }

    private async Task<T> ReadAsync<T>(Func<SqliteConnection, T> work, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        using var connection = await database.OpenAsync(cancellationToken);
        return work(connection);
    }
}
