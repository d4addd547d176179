using Microsoft.Extensions.Diagnostics.HealthChecks;
using Npgsql;

namespace OsMEN.ServiceDefaults.StandIns;

/// <summary>Whether PostgreSQL answers on a connection of the pool.</summary>
internal sealed class NpgsqlHealthCheck(NpgsqlDataSource source) : IHealthCheck
{
    public async Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default)
    {
        await using var connection = await source.OpenConnectionAsync(cancellationToken);
        await using var command = new NpgsqlCommand("SELECT 1", connection);
        await command.ExecuteScalarAsync(cancellationToken);
        return HealthCheckResult.Healthy("Connected to PostgreSQL.", new Dictionary<string, object>(StringComparer.Ordinal) { ["version"] = connection.PostgreSqlVersion.ToString() });
    }
}
