using Npgsql;

namespace OsMEN.LocalHosting.Backing;

/// <summary>Asks a PostgreSQL server whether it answers, and makes its databases when it does for the first time.</summary>
/// <param name="server">The server.</param>
/// <param name="databases">Its databases.</param>
/// <param name="wrongPassword">What to say when it refuses the password.</param>
internal sealed class PostgresProbe(PostgresServerResource server, IReadOnlyList<PostgresDatabaseResource> databases, string wrongPassword)
{
    private bool _databasesMade;

    /// <summary>Null when it is healthy, else why it is not.</summary>
    public async Task<string?> ProbeAsync(CancellationToken cancellationToken)
    {
        var connectionString = new NpgsqlConnectionStringBuilder(await server.ConnectionStringExpression.GetValueAsync(cancellationToken))
        {
            Database = "postgres",
            Pooling = false,
            Timeout = 3,
        };
        try
        {
            await using var connection = new NpgsqlConnection(connectionString.ConnectionString);
            await connection.OpenAsync(cancellationToken);
            if (!_databasesMade)
            {
                foreach (var database in databases)
                    await MakeAsync(connection, database.DatabaseName, cancellationToken);
                _databasesMade = true;
            }

            return null;
        }
        catch (PostgresException error) when (error.SqlState == PostgresErrorCodes.InvalidPassword)
        {
            return wrongPassword;
        }
        catch (PostgresException error)
        {
            return error.MessageText;
        }
        catch (Exception error) when (error is NpgsqlException or TimeoutException)
        {
            return (error.InnerException ?? error).Message;
        }
    }

    private static async Task MakeAsync(NpgsqlConnection connection, string name, CancellationToken cancellationToken)
    {
        await using var find = new NpgsqlCommand("SELECT 1 FROM pg_database WHERE datname = $1", connection) { Parameters = { new() { Value = name } } };
        if (await find.ExecuteScalarAsync(cancellationToken) is not null)
            return;
        await using var create = new NpgsqlCommand($"CREATE DATABASE \"{name.Replace("\"", "\"\"", StringComparison.Ordinal)}\"", connection);
        await create.ExecuteNonQueryAsync(cancellationToken);
    }
}
