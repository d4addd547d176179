using System.Data.Common;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using OsMEN.ServiceDefaults.Health;

namespace OsMEN.Executions.Health;

/// <summary>
/// Changes of health in the table <c>health_changes</c>, of every process on this database, for as long as retention keeps them. Its
/// SQL is the same on both stores.
/// </summary>
internal sealed class HealthChangeTable(DbDataSource database, ExecutionSchema schema) : IHealthHistoryStore
{
    public async Task AppendAsync(IReadOnlyList<HealthChange> changes, CancellationToken cancellationToken)
    {
        await schema.Ready.WaitAsync(cancellationToken);
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        foreach (var change in changes)
        {
            await using var command = connection.Command(
                transaction,
                """
                INSERT INTO health_changes (id, service, instance, component, from_status, to_status, changed_at, details)
                VALUES (@id, @service, @instance, @component, @from, @to, @at, @details) ON CONFLICT (id) DO NOTHING
                """,
                ("@id", change.Id), ("@service", change.Service), ("@instance", change.Instance), ("@component", change.Component),
                ("@from", change.From is { } from ? Word(from) : null), ("@to", Word(change.To)), ("@at", change.At),
                ("@details", change.Message));
            await command.ExecuteNonQueryAsync(cancellationToken);
        }

        await transaction.CommitAsync(cancellationToken);
    }

    public async Task<IReadOnlyList<HealthChange>> ReadAsync(DateTimeOffset since, int limit, CancellationToken cancellationToken)
    {
        await schema.Ready.WaitAsync(cancellationToken);
        await using var command = database.Command(
            """
            SELECT id, service, instance, component, from_status, to_status, changed_at, details FROM health_changes
            WHERE changed_at >= @since ORDER BY changed_at DESC, id DESC LIMIT @limit
            """,
            ("@since", since), ("@limit", limit));
        var found = new List<HealthChange>();
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken))
        {
            found.Add(new HealthChange(
                Guid.Parse(reader.GetString(0)),
                reader.GetString(1),
                reader.GetString(2),
                reader.GetString(3),
                reader.IsDBNull(4) ? null : Status(reader.GetString(4)),
                Status(reader.GetString(5)),
                DateTimeOffset.FromUnixTimeMilliseconds(reader.GetInt64(6)),
                reader.IsDBNull(7) ? null : reader.GetString(7)));
        }

        found.Reverse();
        return found;
    }

    private static string Word(HealthStatus status) => status.ToString().ToLowerInvariant();

    private static HealthStatus Status(string word) => Enum.Parse<HealthStatus>(word, ignoreCase: true);
}
