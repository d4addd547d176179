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
            await transaction.ExecuteAsync(
                """
                INSERT INTO health_changes (id, service, instance, component, from_status, to_status, changed_at, details)
                VALUES (@Id, @Service, @Instance, @Component, @from, @to, @At, @Message) ON CONFLICT (id) DO NOTHING
                """,
                new { change.Id, change.Service, change.Instance, change.Component, from = change.From is { } from ? Word(from) : null, to = Word(change.To), change.At, change.Message },
                cancellationToken);
        }

        await transaction.CommitAsync(cancellationToken);
    }

    public async Task<IReadOnlyList<HealthChange>> ReadAsync(DateTimeOffset since, int limit, CancellationToken cancellationToken)
    {
        await schema.Ready.WaitAsync(cancellationToken);
        var found = await database.QueryAsync<(Guid Id, string Service, string Instance, string Component, string? From, string To, DateTimeOffset At, string? Details)>(
            """
            SELECT id, service, instance, component, from_status, to_status, changed_at, details FROM health_changes
            WHERE changed_at >= @since ORDER BY changed_at DESC, id DESC LIMIT @limit
            """,
            new { since, limit }, cancellationToken);
        found.Reverse();
        return found.ConvertAll(r => new HealthChange(r.Id, r.Service, r.Instance, r.Component, r.From is null ? null : Status(r.From), Status(r.To), r.At, r.Details));
    }

    private static string Word(HealthStatus status) => status.ToString().ToLowerInvariant();

    private static HealthStatus Status(string word) => Enum.Parse<HealthStatus>(word, ignoreCase: true);
}
