using System.Data.Common;
using System.Globalization;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Npgsql;

namespace OsMEN.Executions.Health;

/// <summary>The component <c>database</c>: it answers, and it can write.</summary>
internal sealed class DatabaseCheck(DbDataSource database, WriteOutage outage)
{
    // A transaction needs room for its pages in the WAL.
    private const long LeastFreeBytes = 1024 * 1024;

    public async Task<HealthCheckResult> RunAsync(CancellationToken cancellationToken)
    {
        string version;
        await using (var connection = await database.OpenConnectionAsync(cancellationToken))
        {
            await using var command = connection.CreateCommand();
            command.CommandText = connection is NpgsqlConnection ? "SHOW transaction_read_only" : "SELECT 1";
            if (await command.ExecuteScalarAsync(cancellationToken) is "on")
                return HealthCheckResult.Unhealthy("PostgreSQL is read-only: it is a standby, or default_transaction_read_only is on.");
            version = connection.ServerVersion;
        }

        if (database is SqliteDatabase { File: var file } && FreeBytes(file) is < LeastFreeBytes and var free)
            return HealthCheckResult.Unhealthy(string.Create(CultureInfo.InvariantCulture, $"The disk of {file} is full: {free} bytes are free."));
        if (await outage.CheckAsync(cancellationToken) is { } reason)
            return HealthCheckResult.Unhealthy($"The database does not write: {reason}");
        return HealthCheckResult.Healthy(
            $"Connected to {(database is SqliteDatabase ? "SQLite" : "PostgreSQL")}.", new Dictionary<string, object>(StringComparer.Ordinal) { ["version"] = version });
    }

    private static long FreeBytes(string file) =>
        new DriveInfo(OperatingSystem.IsWindows() ? Path.GetPathRoot(file)! : Path.GetDirectoryName(file)!).AvailableFreeSpace;
}
