using System.Data.Common;
using System.Text;

namespace OsMEN.Executions.Audit;

/// <summary>Entries in the table <c>audit_log</c>: they are added and, when they are old, removed, never changed. Its SQL is the same on both stores.</summary>
public sealed class AuditTable(DbDataSource database)
{
    /// <summary>Adds an entry, as part of the transaction that makes the change.</summary>
    public static async Task AddAsync(DbConnection connection, DbTransaction transaction, AuditEntry entry, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(connection);
        ArgumentNullException.ThrowIfNull(entry);
        await using var command = connection.CreateCommand();
        command.Transaction = transaction;
        Insert(command, entry);
        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    /// <summary>Adds an entry by itself.</summary>
    public async Task AddAsync(AuditEntry entry, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(entry);
        await using var command = database.CreateCommand();
        Insert(command, entry);
        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    /// <summary>Newest first.</summary>
    public async Task<IReadOnlyList<AuditEntry>> ReadAsync(AuditQuery query, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(query);
        await using var command = database.CreateCommand();
        var sql = new StringBuilder("SELECT id, actor, key_id, role, action, target, request_id, address, changes FROM audit_log WHERE 1 = 1");
        void Where(string condition, string name, object? value)
        {
            if (value is null)
                return;
            sql.Append(" AND ").Append(condition);
            Add(command, name, value);
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
        Where("id >= @since", "@since", query.Since is { } since ? ExecutionIds.FirstOf(since).ToString() : null);
        Where("id < @until", "@until", query.Until is { } until ? ExecutionIds.FirstOf(until).ToString() : null);
        Where("id < @before", "@before", query.Before?.ToString());
        command.CommandText = sql.Append(" ORDER BY id DESC LIMIT @limit").ToString();
        Add(command, "@limit", query.Limit);
        var entries = new List<AuditEntry>();
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken))
            entries.Add(Read(reader));
        return entries;
    }

    /// <summary>Removes entries that are older, the oldest first, at most so many; returns how many.</summary>
    public async Task<int> TrimAsync(DateTimeOffset before, int max, CancellationToken cancellationToken)
    {
        await using var command = database.CreateCommand("DELETE FROM audit_log WHERE id IN (SELECT id FROM audit_log WHERE id < @before ORDER BY id LIMIT @max)");
        Add(command, "@before", ExecutionIds.FirstOf(before).ToString());
        Add(command, "@max", max);
        return await command.ExecuteNonQueryAsync(cancellationToken);
    }

    private static void Insert(DbCommand command, AuditEntry entry)
    {
        command.CommandText =
            """
            INSERT INTO audit_log (id, actor, key_id, role, action, target, request_id, address, changes)
            VALUES (@id, @actor, @key, @role, @action, @target, @request, @address, @changes)
            """;
        Add(command, "@id", entry.Id.ToString());
        Add(command, "@actor", entry.Actor);
        Add(command, "@key", entry.KeyId);
        Add(command, "@role", entry.Role);
        Add(command, "@action", entry.Action);
        Add(command, "@target", entry.Target);
        Add(command, "@request", entry.RequestId);
        Add(command, "@address", entry.Address);
        Add(command, "@changes", entry.Changes);
    }

    private static AuditEntry Read(DbDataReader reader)
    {
        string? Text(int column) => reader.IsDBNull(column) ? null : reader.GetString(column);
        return new AuditEntry
        {
            Id = Guid.Parse(reader.GetString(0)),
            Actor = reader.GetString(1),
            KeyId = Text(2),
            Role = Text(3),
            Action = reader.GetString(4),
            Target = reader.GetString(5),
            RequestId = Text(6),
            Address = Text(7),
            Changes = Text(8),
        };
    }

    private static void Add(DbCommand command, string name, object? value)
    {
        var parameter = command.CreateParameter();
        parameter.ParameterName = name;

        // PostgreSQL's texts have no NUL.
        parameter.Value = value is string text ? text.Replace('\0', ' ') : value ?? DBNull.Value;
        command.Parameters.Add(parameter);
    }
}
