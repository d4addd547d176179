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
    public async Task<(long Version, long Count, long Revoked, long Disabled)> ReadVersionAsync(CancellationToken cancellationToken) =>
        (await database.QueryAsync<(long, long, long, long)>(
            "SELECT (SELECT version FROM key_changes WHERE id = 1), count(*), count(revoked_at), (SELECT count(*) FROM disabled_users) FROM api_keys", null, cancellationToken))[0];

    /// <summary>All keys that are not revoked.</summary>
    public Task<List<ApiKey>> ReadAllAsync(CancellationToken cancellationToken) => ReadAsync("revoked_at IS NULL", null, cancellationToken);

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
        return ReadAsync(
            $"""
            {status} {(query.Role is null ? "" : "AND role = @role")} {(query.User is null ? "" : "AND user_id = @User")} {(query.Before is null ? "" : "AND id < @Before")}
            ORDER BY id DESC LIMIT @limit
            """,
            new { now, role = query.Role?.ToWire(), query.User, query.Before, limit }, cancellationToken);
    }

    /// <summary>The key of that hash, unless it is revoked or its user is disabled.</summary>
    public async Task<ApiKey?> FindAsync(string hash, CancellationToken cancellationToken) =>
        (await ReadAsync($"hash = @hash AND revoked_at IS NULL AND NOT {OfDisabled}", new { hash }, cancellationToken)).FirstOrDefault();

    public async Task<ApiKey?> GetAsync(Guid id, CancellationToken cancellationToken) => (await ReadAsync("id = @id", new { id }, cancellationToken)).FirstOrDefault();

    /// <summary>
    /// Makes one change in a transaction in which no other one happens, and adds its entry to the audit log. Undone where it would leave no working
    /// administrator's key, in the table or of <paramref name="configured"/>, or where it takes the last of them that does not expire.
    /// </summary>
    public async Task<KeyOutcome> ChangeAsync(
        IEnumerable<ApiKey> configured, DateTimeOffset now, Func<KeyTransaction, Task<(KeyOutcome Outcome, AuditEntry? Entry)>> change, CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        var keys = new KeyTransaction(transaction);
        await transaction.ExecuteAsync("UPDATE key_changes SET version = version + 1 WHERE id = 1", null, cancellationToken);
        var before = await CountAdminsAsync(keys, configured, now, cancellationToken);
        var (outcome, entry) = await change(keys);
        if (outcome != KeyOutcome.Done)
            return outcome;
        var after = await CountAdminsAsync(keys, configured, now, cancellationToken);
        if (after.Working == 0)
            return KeyOutcome.LastAdmin;
        if (before.Lasting > 0 && after.Lasting == 0)
            return KeyOutcome.LastLastingAdmin;
        await AuditTable.AddAsync(transaction, entry!, cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        return KeyOutcome.Done;
    }

    /// <summary>Notes when a key was used; a later time stays.</summary>
    public Task SetUsedAsync(ApiKey key, DateTimeOffset at, CancellationToken cancellationToken) => database.ExecuteAsync(
        key.IsConfigured
            ? """
              INSERT INTO configured_key_uses (hash, last_used_at) VALUES (@Hash, @at)
              ON CONFLICT (hash) DO UPDATE SET last_used_at = excluded.last_used_at WHERE configured_key_uses.last_used_at < excluded.last_used_at
              """
            : "UPDATE api_keys SET last_used_at = @at WHERE id = @Id AND (last_used_at IS NULL OR last_used_at < @at)",
        new { key.Hash, key.Id, at }, cancellationToken);

    /// <summary>When keys of the configuration were last used, by their hash.</summary>
    public async Task<Dictionary<string, DateTimeOffset>> ReadConfiguredUsesAsync(CancellationToken cancellationToken) =>
        (await database.QueryAsync<(string Hash, DateTimeOffset UsedAt)>("SELECT hash, last_used_at FROM configured_key_uses", null, cancellationToken))
            .ToDictionary(u => u.Hash, u => u.UsedAt, StringComparer.Ordinal);

    /// <summary>The key of that id within a transaction, unless it is revoked.</summary>
    public static async Task<ApiKey?> GetAsync(DbTransaction transaction, Guid id, CancellationToken cancellationToken) =>
        (await transaction.QueryAsync<Row>($"SELECT {Columns} FROM api_keys WHERE id = @id AND revoked_at IS NULL", new { id }, cancellationToken)).FirstOrDefault()?.ToKey();

    // Keys that may administer now, and those of them that never expire, as all of the configuration do.
    private static async Task<(long Working, long Lasting)> CountAdminsAsync(KeyTransaction keys, IEnumerable<ApiKey> configured, DateTimeOffset now, CancellationToken cancellationToken)
    {
        const string admins = $"SELECT count(*) FROM api_keys WHERE role = 'admin' AND revoked_at IS NULL AND NOT {OfDisabled}";
        var disabled = await keys.ReadDisabledAsync(cancellationToken);
        var fixedOnes = configured.Count(k => k.Role == Role.Admin && !disabled.Contains(k.User));
        return (
            fixedOnes + await keys.CountAsync($"{admins} AND (expires_at IS NULL OR expires_at > @now)", new { now }, cancellationToken),
            fixedOnes + await keys.CountAsync($"{admins} AND expires_at IS NULL", null, cancellationToken));
    }

    private async Task<List<ApiKey>> ReadAsync(string where, object? parameters, CancellationToken cancellationToken) =>
        (await database.QueryAsync<Row>($"SELECT {Columns} FROM api_keys WHERE {where}", parameters, cancellationToken)).ConvertAll(r => r.ToKey());

    private sealed record Row(
        string Id, string Name, string Hash, string Role, string UserId, DateTimeOffset CreatedAt, DateTimeOffset? ExpiresAt, DateTimeOffset? LastUsedAt, DateTimeOffset? RevokedAt)
    {
        public ApiKey ToKey() => new(
            Id, Name, Hash, RoleNames.TryParse(Role, out var role) ? role : throw new InvalidOperationException($"Key {Id} has an unknown role."),
            UserId, CreatedAt, ExpiresAt, LastUsedAt, RevokedAt);
    }
}
