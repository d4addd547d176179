using System.Data.Common;
using System.Text;
using OsMEN.ServiceDefaults;

namespace OsMEN.Executions.Audit;

/// <summary>Entries in the table <c>audit_log</c>: they are added and, when they are old, removed, never changed. Its SQL is the same on both stores.</summary>
public sealed class AuditTable(DbDataSource database)
{
    private const string Insertion =
        """
        INSERT INTO audit_log (id, actor, key_id, role, action, target, request_id, address, changes)
        VALUES (@id, @actor, @key, @role, @action, @target, @request, @address, @changes)
        """;

    /// <summary>Adds an entry, as part of the transaction that makes the change.</summary>
    public static async Task AddAsync(DbConnection connection, DbTransaction transaction, AuditEntry entry, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(connection);
        ArgumentNullException.ThrowIfNull(entry);
        await using var command = connection.Command(transaction, Insertion, Values(entry));
        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    /// <summary>Adds an entry by itself.</summary>
    public async Task AddAsync(AuditEntry entry, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(entry);
        await database.ExecuteAsync(Insertion, Values(entry), cancellationToken);
    }

    /// <summary>Newest first.</summary>
    public async Task<IReadOnlyList<AuditEntry>> ReadAsync(AuditQuery query, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(query);
        var sql = new StringBuilder("SELECT id, actor, key_id, role, action, target, request_id, address, changes FROM audit_log WHERE 1 = 1");
        var parameters = new List<(string, object?)> { ("@limit", query.Limit) };
        void Where(string condition, string name, object? value)
        {
            if (value is null)
                return;
            sql.Append(" AND ").Append(condition);
            parameters.Add((name, value));
        }

        Where("actor = @actor", "@actor", query.Actor);
        Where("target = @target", "@target", query.Target);
        if (query.Action?.Contains('.', StringComparison.Ordinal) == false)
        {
            // The character after the point.
            Where("action > @from", "@from", query.Action + ".");
            Where("action < @to", "@to", query.Action + "/");
        }
        else
            Where("action = @action", "@action", query.Action);
        Where("id >= @since", "@since", query.Since is { } since ? OrderedIds.FirstOf(since).ToString() : null);
        Where("id < @until", "@until", query.Until is { } until ? OrderedIds.FirstOf(until).ToString() : null);
        Where("id < @before", "@before", query.Before?.ToString());
        return await database.QueryAsync(sql.Append(" ORDER BY id DESC LIMIT @limit").ToString(), [.. parameters], Read, cancellationToken);
    }

    /// <summary>Removes entries that are older, the oldest first, at most so many; returns how many.</summary>
    public Task<int> TrimAsync(DateTimeOffset before, int max, CancellationToken cancellationToken) => database.ExecuteAsync(
        "DELETE FROM audit_log WHERE id IN (SELECT id FROM audit_log WHERE id < @before ORDER BY id LIMIT @max)",
        [("@before", OrderedIds.FirstOf(before)), ("@max", max)],
        cancellationToken);

    private static (string, object?)[] Values(AuditEntry entry) =>
    [
        ("@id", entry.Id), ("@actor", entry.Actor), ("@key", entry.KeyId), ("@role", entry.Role), ("@action", entry.Action), ("@target", entry.Target),
        ("@request", entry.RequestId), ("@address", entry.Address), ("@changes", entry.Changes),
    ];

    private static AuditEntry Read(DbDataReader reader) => new()
    {
        Id = Guid.Parse(reader.GetString(0)),
        Actor = reader.GetString(1),
        KeyId = reader.TextOrNull(2),
        Role = reader.TextOrNull(3),
        Action = reader.GetString(4),
        Target = reader.GetString(5),
        RequestId = reader.TextOrNull(6),
        Address = reader.TextOrNull(7),
        Changes = reader.TextOrNull(8),
    };
}
