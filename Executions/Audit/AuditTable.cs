using System.Data.Common;
using OsMEN.ServiceDefaults;

namespace OsMEN.Executions.Audit;

/// <summary>Entries in the table <c>audit_log</c>: they are added and, when they are old, removed, never changed. Its SQL is the same on both stores.</summary>
public sealed class AuditTable(DbDataSource database)
{
    private const string Insertion =
        """
        INSERT INTO audit_log (id, actor, key_id, role, action, target, request_id, address, changes)
        VALUES (@Id, @Actor, @KeyId, @Role, @Action, @Target, @RequestId, @Address, @Changes)
        """;

    /// <summary>Adds an entry, as part of the transaction that makes the change.</summary>
    public static Task AddAsync(DbTransaction transaction, AuditEntry entry, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(entry);
        return transaction.ExecuteAsync(Insertion, entry, cancellationToken);
    }

    /// <summary>Adds an entry by itself.</summary>
    public Task AddAsync(AuditEntry entry, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(entry);
        return database.ExecuteAsync(Insertion, entry, cancellationToken);
    }

    /// <summary>Newest first.</summary>
    public async Task<IReadOnlyList<AuditEntry>> ReadAsync(AuditQuery query, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(query);
        string?[] conditions =
        [
            query.Actor is null ? null : "actor = @Actor",
            query.Target is null ? null : "target = @Target",

            // The character after the point.
            query.Action is null ? null : query.Action.Contains('.', StringComparison.Ordinal) ? "action = @Action" : "action > @from AND action < @to",
            query.Since is null ? null : "id >= @since",
            query.Until is null ? null : "id < @until",
            query.Before is null ? null : "id < @Before",
        ];
        var where = string.Join(" AND ", conditions.OfType<string>());
        return await database.QueryAsync<AuditEntry>(
            $"SELECT id, actor, key_id, role, action, target, request_id, address, changes FROM audit_log {(where.Length == 0 ? "" : $"WHERE {where}")} ORDER BY id DESC LIMIT @Limit",
            new
            {
                query.Actor, query.Target, query.Action, from = query.Action + ".", to = query.Action + "/",
                since = query.Since is { } since ? OrderedIds.FirstOf(since) : (Guid?)null, until = query.Until is { } until ? OrderedIds.FirstOf(until) : (Guid?)null, query.Before, query.Limit,
            },
            cancellationToken);
    }

    /// <summary>Removes entries that are older, the oldest first, at most so many; returns how many.</summary>
    public Task<int> TrimAsync(DateTimeOffset before, int max, CancellationToken cancellationToken) => database.ExecuteAsync(
        "DELETE FROM audit_log WHERE id IN (SELECT id FROM audit_log WHERE id < @before ORDER BY id LIMIT @max)",
        new { before = OrderedIds.FirstOf(before), max },
        cancellationToken);
}
