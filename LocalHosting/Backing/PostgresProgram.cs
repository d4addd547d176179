using System.Globalization;
using Npgsql;
using OsMEN.LocalHosting.Running;

namespace OsMEN.LocalHosting.Backing;

/// <summary>The PostgreSQL of this machine, on a data directory of the project's.</summary>
internal sealed class PostgresProgram(PostgresServerResource server, IReadOnlyList<PostgresDatabaseResource> databases, LocalFolder folder) : ResourceProgram(server)
{
    private readonly PostgresBinaries _binaries = PostgresBinaries.Find();
    private bool _databasesMade;

    private string Home => Path.Combine(folder.Native, Resource.Name);

    public override async Task PrepareAsync(Action<string> say, CancellationToken cancellationToken)
    {
        var password = await server.PasswordParameter.GetValueAsync(cancellationToken);
        await new PostgresDataDirectory(Home, _binaries).EnsureAsync(password!, say, cancellationToken);
    }

    public override ValueTask<ProgramPlan?> PlanAsync(int replica, CancellationToken cancellationToken)
    {
        var port = Port(replica, PostgresServerResource.PrimaryEndpointName).ToString(CultureInfo.InvariantCulture);
        var (program, arguments) = Unprivileged.Command(
            _binaries.Postgres,
            [
                "-D", Path.Combine(Home, "data"), "-c", "listen_addresses=127.0.0.1", "-c", $"port={port}", "-c", "unix_socket_directories=",
                "-c", "max_connections=200", "-c", "logging_collector=off", "-c", "log_timezone=UTC",
            ]);
        return new(new ProgramPlan(program, arguments) { WorkingDirectory = Home, StopSignal = StopSignal.Interrupt, StopTimeout = TimeSpan.FromSeconds(8) });
    }

    public override async Task<string?> ProbeAsync(int replica, CancellationToken cancellationToken)
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
            return $"the password in {folder.Secrets} is not the one that {Home} was made with: restore it, or move {Home} away to start with a new one";
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
