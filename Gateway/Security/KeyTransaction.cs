using System.Data.Common;
using OsMEN.Executions;

namespace OsMEN.Gateway.Security;

/// <summary>What a change of keys and users may do, within its transaction.</summary>
internal sealed class KeyTransaction(DbTransaction transaction)
{
    public Task<ApiKey?> GetAsync(Guid id, CancellationToken cancellationToken) => ApiKeyTable.GetAsync(transaction, id, cancellationToken);

    public Task AddAsync(ApiKey key, CancellationToken cancellationToken) => transaction.ExecuteAsync(
        "INSERT INTO api_keys (id, name, hash, role, user_id, created_at, expires_at) VALUES (@Id, @Name, @Hash, @role, @User, @CreatedAt, @ExpiresAt)",
        new { key.Id, key.Name, key.Hash, role = key.Role.ToWire(), key.User, key.CreatedAt, key.ExpiresAt }, cancellationToken);

    /// <summary>Writes what of a key can change.</summary>
    public Task WriteAsync(ApiKey key, CancellationToken cancellationToken) => transaction.ExecuteAsync(
        "UPDATE api_keys SET name = @Name, role = @role, expires_at = @ExpiresAt, revoked_at = @RevokedAt WHERE id = @Id",
        new { key.Id, key.Name, role = key.Role.ToWire(), key.ExpiresAt, key.RevokedAt }, cancellationToken);

    public Task<long> CountKeysAsync(CancellationToken cancellationToken) => CountAsync("SELECT count(*) FROM api_keys WHERE revoked_at IS NULL", null, cancellationToken);

    public async Task<bool> IsUserAsync(string name, CancellationToken cancellationToken) =>
        await CountAsync("SELECT count(*) FROM (SELECT 1 FROM api_keys WHERE user_id = @name LIMIT 1) k", new { name }, cancellationToken) > 0;

    public async Task<HashSet<string>> ReadDisabledAsync(CancellationToken cancellationToken) =>
        (await transaction.QueryAsync<string>("SELECT name FROM disabled_users", null, cancellationToken)).ToHashSet(StringComparer.Ordinal);

    /// <summary>False when the user was disabled before.</summary>
    public async Task<bool> DisableAsync(string name, string by, DateTimeOffset now, CancellationToken cancellationToken) => await transaction.ExecuteAsync(
        "INSERT INTO disabled_users (name, disabled_at, disabled_by) VALUES (@name, @now, @by) ON CONFLICT (name) DO NOTHING", new { name, now, by }, cancellationToken) == 1;

    /// <summary>False when the user was not disabled.</summary>
    public async Task<bool> EnableAsync(string name, CancellationToken cancellationToken) =>
        await transaction.ExecuteAsync("DELETE FROM disabled_users WHERE name = @name", new { name }, cancellationToken) == 1;

    public async Task<long> CountAsync(string sql, object? parameters, CancellationToken cancellationToken) => (await transaction.QueryAsync<long>(sql, parameters, cancellationToken))[0];
}
