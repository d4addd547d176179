using Npgsql;
using OsMEN.Executions.Workflows;

namespace OsMEN.Executions;

/// <summary>
/// <see cref="IExecutionStore"/> on PostgreSQL 13 or later. Live state stands in <c>execution_queue</c>, the record in
/// <c>executions</c> (see Migrations/0001_executions.sql for why). Time is the database's: workers' clocks may differ.
/// </summary>
internal sealed partial class PostgresExecutionStore(NpgsqlDataSource database, TimeProvider time) : IExecutionStore, IWorkflowStore
{
    // Any number that other users of the database are unlikely to take: "osmen" in ASCII.
    private const long MigrationLock = 0x6f736d656e;

    public string Kind => "postgresql";

    public async Task MigrateAsync(CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        await ExecuteAsync(connection, $"SELECT pg_advisory_xact_lock({MigrationLock})", cancellationToken);
        await ExecuteAsync(
            connection,
            """
            CREATE SCHEMA IF NOT EXISTS osmen;
            SET LOCAL search_path TO osmen;
            CREATE TABLE IF NOT EXISTS schema_migrations (
              version integer PRIMARY KEY, name text NOT NULL, applied_at timestamptz NOT NULL DEFAULT now())
            """,
            cancellationToken);
        var applied = new HashSet<int>();
        await using (var command = new NpgsqlCommand("SELECT version FROM schema_migrations", connection))
        await using (var reader = await command.ExecuteReaderAsync(cancellationToken))
        {
            while (await reader.ReadAsync(cancellationToken))
                applied.Add(reader.GetInt32(0));
        }

        foreach (var step in Migration.Pending(Migration.For("Postgres"), applied))
        {
            await ExecuteAsync(connection, step.Sql, cancellationToken);
            await using var done = new NpgsqlCommand("INSERT INTO schema_migrations (version, name) VALUES ($1, $2)", connection);
            done.Parameters.Add(new NpgsqlParameter<int> { TypedValue = step.Version });
            done.Parameters.Add(new NpgsqlParameter<string> { TypedValue = step.Name });
            await done.ExecuteNonQueryAsync(cancellationToken);
        }

        await transaction.CommitAsync(cancellationToken);
    }

    // Of migrations: one of a large table, or of another process that is waited for, takes as long as it takes.
    private static async Task ExecuteAsync(NpgsqlConnection connection, string sql, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand(sql, connection) { CommandTimeout = 0 };
        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    // Typed, positional parameters: no boxing, no name look-up, and the statement is prepared once per connection.
    private static NpgsqlParameter<T> P<T>(T value) => new() { TypedValue = value };

    private static NpgsqlParameter<DateTime?[]> Times(DateTimeOffset?[] values) => new()
    {
        TypedValue = Array.ConvertAll(values, v => v?.UtcDateTime),
        NpgsqlDbType = NpgsqlTypes.NpgsqlDbType.Array | NpgsqlTypes.NpgsqlDbType.TimestampTz,
    };
}
