using System.Data.Common;
using OsMEN.Executions;
using OsMEN.Executions.Audit;

namespace OsMEN.Gateway.Security;

/// <summary>How a change of keys or users ended.</summary>
internal enum KeyOutcome
{
    Done,

    /// <summary>All was so before; nothing was written.</summary>
    Unchanged,
    NotFound,

    /// <summary>No key would be left that may administer; nothing was changed.</summary>
    LastAdmin,

    /// <summary>Every key left that may administer would end by itself; nothing was changed.</summary>
    LastLastingAdmin,
    UserDisabled,
    TooMany,
}

/// <summary>
/// Keys in the table <c>api_keys</c>, times as Unix milliseconds. Its SQL is the same on both stores. Changes of keys and of users happen one at a
/// time, whichever gateway makes them: see <see cref="ChangeAsync"/>.
/// </summary>
internal sealed class ApiKeyTable(DbDataSource database)
{
    /// <summary>Most keys that are not revoked: every gateway holds them in memory.</summary>
    public const int MaxKeys = 10_000;

    private const string Columns = "id, name, hash, role, user_id, created_at, expires_at, last_used_at, revoked_at";
    private const string OfDisabled = "EXISTS (SELECT 1 FROM disabled_users d WHERE d.name = api_keys.user_id)";

    /// <summary>
    /// Changes whenever keys or users do. The counts are for what comes past <see cref="ChangeAsync"/>: a gateway of an earlier build, a hand in the database.
    /// </summary>
    public async Task<(long Version, long Count, long Revoked, long Disabled)> ReadVersionAsync(CancellationToken cancellationToken)
    {
        await using var command = database.Command(
            "SELECT (SELECT version FROM key_changes WHERE id = 1), count(*), count(revoked_at), (SELECT count(*) FROM disabled_users) FROM api_keys");
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        await reader.ReadAsync(cancellationToken);
        return (reader.GetInt64(0), reader.GetInt64(1), reader.GetInt64(2), reader.GetInt64(3));
    }

    /// <summary>All keys that are not revoked.</summary>
    public Task<List<ApiKey>> ReadAllAsync(CancellationToken cancellationToken) =>
        ReadAsync(database.Command($"SELECT {Columns} FROM api_keys WHERE revoked_at IS NULL"), cancellationToken);

    /// <summary>The keys of a page, newest first.</summary>
    public Task<List<ApiKey>> ListAsync(KeyQuery query, int limit, DateTimeOffset now, CancellationToken cancellationToken)
    {
        var status = query.Status switch
        {
            KeyStatus.Active => $"revoked_at IS NULL AND (expires_at IS NULL OR expires_at > @now) AND NOT {OfDisabled}",
            KeyStatus.Expired => $"revoked_at IS NULL AND expires_at <= @now AND NOT {OfDisabled}",
            KeyStatus.Disabled => $"revoked_at IS NULL AND {OfDisabled}",
            KeyStatus.Revoked => "revoked_at IS NOT NULL",
            _ => query.WithRevoked ? "1 = 1" : "revoked_at IS NULL",
        };
        var sql = $"""
            SELECT {Columns} FROM api_keys WHERE {status}
            {(query.Role is null ? "" : "AND role = @role")} {(query.User is null ? "" : "AND user_id = @user")} {(query.Before is null ? "" : "AND id < @before")}
            ORDER BY id DESC LIMIT @limit
            """;
        return ReadAsync(
            database.Command(sql, ("@now", now), ("@role", query.Role?.ToWire()), ("@user", query.User), ("@before", query.Before?.ToString()), ("@limit", limit)), cancellationToken);
    }

    /// <summary>The key of that hash, unless it is revoked or its user is disabled.</summary>
    public async Task<ApiKey?> FindAsync(string hash, CancellationToken cancellationToken) =>
        (await ReadAsync(database.Command($"SELECT {Columns} FROM api_keys WHERE hash = @hash AND revoked_at IS NULL AND NOT {OfDisabled}", ("@hash", hash)), cancellationToken)).FirstOrDefault();

    public async Task<ApiKey?> GetAsync(Guid id, CancellationToken cancellationToken) =>
        (await ReadAsync(database.Command($"SELECT {Columns} FROM api_keys WHERE id = @id", ("@id", id.ToString())), cancellationToken)).FirstOrDefault();

    /// <summary>
    /// Makes one change in a transaction in which no other one happens, and adds its entry to the audit log. Undone where it would leave no working
    /// administrator's key, in the table or of <paramref name="configured"/>, or where it takes the last of them that does not expire.
    /// </summary>
    public async Task<KeyOutcome> ChangeAsync(
        IEnumerable<ApiKey> configured, DateTimeOffset now, Func<KeyTransaction, Task<(KeyOutcome Outcome, AuditEntry? Entry)>> change, CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        var keys = new KeyTransaction(connection, transaction, Columns, Read);
        await keys.ExecuteAsync("UPDATE key_changes SET version = version + 1 WHERE id = 1", cancellationToken);
        var before = await CountAdminsAsync(keys, configured, now, cancellationToken);
        var (outcome, entry) = await change(keys);
        if (outcome != KeyOutcome.Done)
            return outcome;
        var after = await CountAdminsAsync(keys, configured, now, cancellationToken);
        if (after.Working == 0)
            return KeyOutcome.LastAdmin;
        if (before.Lasting > 0 && after.Lasting == 0)
            return KeyOutcome.LastLastingAdmin;
        await AuditTable.AddAsync(connection, transaction, entry!, cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        return KeyOutcome.Done;
    }

    /// <summary>Notes when a key was used; a later time stays.</summary>
    public async Task SetUsedAsync(ApiKey key, DateTimeOffset at, CancellationToken cancellationToken)
    {
        await using var command = key.IsConfigured
            ? database.Command(
                """
                INSERT INTO configured_key_uses (hash, last_used_at) VALUES (@hash, @at)
                ON CONFLICT (hash) DO UPDATE SET last_used_at = excluded.last_used_at WHERE configured_key_uses.last_used_at < excluded.last_used_at
                """,
                ("@hash", key.Hash), ("@at", at))
            : database.Command("UPDATE api_keys SET last_used_at = @at WHERE id = @id AND (last_used_at IS NULL OR last_used_at < @at)", ("@id", key.Id), ("@at", at));
        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    /// <summary>When keys of the configuration were last used, by their hash.</summary>
    public async Task<Dictionary<string, DateTimeOffset>> ReadConfiguredUsesAsync(CancellationToken cancellationToken)
    {
        var uses = new Dictionary<string, DateTimeOffset>(StringComparer.Ordinal);
        await using var command = database.Command("SELECT hash, last_used_at FROM configured_key_uses");
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken))
            uses[reader.GetString(0)] = DateTimeOffset.FromUnixTimeMilliseconds(reader.GetInt64(1));
        return uses;
    }

    // Keys that may administer now, and those of them that never expire, as all of the configuration do.
    private static async Task<(long Working, long Lasting)> CountAdminsAsync(KeyTransaction keys, IEnumerable<ApiKey> configured, DateTimeOffset now, CancellationToken cancellationToken)
    {
        const string admins = $"SELECT count(*) FROM api_keys WHERE role = 'admin' AND revoked_at IS NULL AND NOT {OfDisabled}";
        var disabled = await keys.ReadDisabledAsync(cancellationToken);
        var fixedOnes = configured.Count(k => k.Role == Role.Admin && !disabled.Contains(k.User));
        return (
            fixedOnes + await keys.CountAsync($"{admins} AND (expires_at IS NULL OR expires_at > @now)", cancellationToken, ("@now", now)),
            fixedOnes + await keys.CountAsync($"{admins} AND expires_at IS NULL", cancellationToken));
    }

    private static async Task<List<ApiKey>> ReadAsync(DbCommand command, CancellationToken cancellationToken)
    {
        await using var disposing = command;
        var keys = new List<ApiKey>();
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken))
            keys.Add(Read(reader));
        return keys;
    }

    private static ApiKey Read(DbDataReader reader)
    {
        DateTimeOffset? Time(int column) => reader.IsDBNull(column) ? null : DateTimeOffset.FromUnixTimeMilliseconds(reader.GetInt64(column));
        return new ApiKey(
            reader.GetString(0),
            reader.GetString(1),
            reader.GetString(2),
            RoleNames.TryParse(reader.GetString(3), out var role) ? role : throw new InvalidOperationException($"Key {reader.GetString(0)} has an unknown role."),
            reader.GetString(4),
            Time(5)!.Value,
            Time(6),
            Time(7),
            Time(8));
    }
}
