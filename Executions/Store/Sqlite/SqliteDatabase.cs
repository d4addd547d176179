using System.Data;
using System.Data.Common;
using Microsoft.Data.Sqlite;
using OsMEN.ServiceDefaults.Configuration;

namespace OsMEN.Executions;

/// <summary>
/// A SQLite file in WAL mode, opened with a busy time-out of its own: the driver's sleeps 150 ms between tries, SQLite's
/// starts at one millisecond.
/// </summary>
internal sealed class SqliteDatabase : DbDataSource
{
    /// <summary>Most connections of this process: one writes, the others read.</summary>
    public const int MaxConnections = 64;

    private const string Pragmas = "PRAGMA busy_timeout = 10000; PRAGMA synchronous = FULL;";

    private readonly SemaphoreSlim _places = new(MaxConnections);

    public SqliteDatabase(string connectionString)
    {
        var builder = new SqliteConnectionStringBuilder(connectionString);
        if (builder.DataSource.Length == 0 || builder.DataSource.Contains(":memory:", StringComparison.Ordinal) || builder.Mode == SqliteOpenMode.Memory)
            throw ConfigurationException.Secret("ConnectionStrings__osmen", "'Data Source=…' with the path of a file: several processes share it");
        File = Path.GetFullPath(builder.DataSource);
        builder.DataSource = File;
        ConnectionString = builder.ConnectionString;
    }

    public string File { get; }

    public override string ConnectionString { get; }

    /// <summary>How many connections are open now.</summary>
    public int InUse => MaxConnections - _places.CurrentCount;

    /// <summary>Waits for a place, which the connection gives back when it is closed.</summary>
    public async Task<SqliteConnection> OpenAsync(CancellationToken cancellationToken)
    {
        await _places.WaitAsync(cancellationToken);
        return OpenInPlace();
    }

    private SqliteConnection Open()
    {
        _places.Wait();
        return OpenInPlace();
    }

    private SqliteConnection OpenInPlace()
    {
        var connection = new SqliteConnection(ConnectionString);
        var taken = 1;
        connection.StateChange += (_, change) =>
        {
            if (change.CurrentState == ConnectionState.Closed && Interlocked.Exchange(ref taken, 0) == 1)
                _places.Release();
        };
        try
        {
            connection.Open();
            using var command = connection.CreateCommand();
            command.CommandText = Pragmas;
            command.ExecuteNonQuery();
            return connection;
        }
        catch
        {
            connection.Dispose();
            if (Interlocked.Exchange(ref taken, 0) == 1)
                _places.Release();
            throw;
        }
    }

    protected override DbConnection CreateDbConnection() => new SqliteConnection(ConnectionString);

    protected override DbConnection OpenDbConnection() => Open();

    protected override async ValueTask<DbConnection> OpenDbConnectionAsync(CancellationToken cancellationToken = default) => await OpenAsync(cancellationToken);

    protected override void Dispose(bool disposing)
    {
        if (disposing)
            _places.Dispose();
        base.Dispose(disposing);
    }
}
