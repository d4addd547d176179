using System.Data.Common;
using OsMEN.Executions;

namespace OsMEN.Gateway.Security;

/// <summary>What a change of keys and users may do, within its transaction.</summary>
internal sealed class KeyTransaction(DbConnection connection, DbTransaction transaction, string columns, Func<DbDataReader, ApiKey> read)
{
    public async Task<ApiKey?> GetAsync(Guid id, CancellationToken cancellationToken)
    {
        await using var command = connection.Command(transaction, $"SELECT {columns} FROM api_keys WHERE id = @id AND revoked_at IS NULL", ("@id", id.ToString()));
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        return await reader.ReadAsync(cancellationToken) ? read(reader) : null;
    }

    public Task AddAsync(ApiKey key, CancellationToken cancellationToken) => ExecuteAsync(
        "INSERT INTO api_keys (id, name, hash, role, user_id, created_at, expires_at) VALUES (@id, @name, @hash, @role, @user, @created, @expires)",
        cancellationToken,
        ("@id", key.Id), ("@name", key.Name), ("@hash", key.Hash), ("@role", key.Role.ToWire()), ("@user", key.User), ("@created", key.CreatedAt), ("@expires", key.ExpiresAt?.ToUnixTimeMilliseconds()));

    /// <summary>Writes what of a key can change.</summary>
    public Task WriteAsync(ApiKey key, CancellationToken cancellationToken) => ExecuteAsync(
        "UPDATE api_keys SET name = @name, role = @role, expires_at = @expires, revoked_at = @revoked WHERE id = @id",
        cancellationToken,
        ("@id", key.Id), ("@name", key.Name), ("@role", key.Role.ToWire()), ("@expires", key.ExpiresAt?.ToUnixTimeMilliseconds()), ("@revoked", key.RevokedAt?.ToUnixTimeMilliseconds()));

    public Task<long> CountKeysAsync(CancellationToken cancellationToken) => CountAsync("SELECT count(*) FROM api_keys WHERE revoked_at IS NULL", cancellationToken);

    public async Task<bool> IsUserAsync(string name, CancellationToken cancellationToken) =>
        await CountAsync("SELECT count(*) FROM (SELECT 1 FROM api_keys WHERE user_id = @name LIMIT 1) k", cancellationToken, ("@name", name)) > 0;

    public async Task<HashSet<string>> ReadDisabledAsync(CancellationToken cancellationToken)
    {
        await using var command = connection.Command(transaction, "SELECT name FROM disabled_users");
        var names = new HashSet<string>(StringComparer.Ordinal);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken))
            names.Add(reader.GetString(0));
        return names;
    }

    /// <summary>False when the user was disabled before.</summary>
    public async Task<bool> DisableAsync(string name, string by, DateTimeOffset now, CancellationToken cancellationToken) => await ExecuteAsync(
        "INSERT INTO disabled_users (name, disabled_at, disabled_by) VALUES (@name, @now, @by) ON CONFLICT (name) DO NOTHING", cancellationToken, ("@name", name), ("@now", now), ("@by", by)) == 1;

    /// <summary>False when the user was not disabled.</summary>
    public async Task<bool> EnableAsync(string name, CancellationToken cancellationToken) =>
        await ExecuteAsync("DELETE FROM disabled_users WHERE name = @name", cancellationToken, ("@name", name)) == 1;

    public async Task<int> ExecuteAsync(string sql, CancellationToken cancellationToken, params (string Name, object? Value)[] parameters)
    {
        await using var command = connection.Command(transaction, sql, parameters);
        return await command.ExecuteNonQueryAsync(cancellationToken);
    }

    public async Task<long> CountAsync(string sql, CancellationToken cancellationToken, params (string Name, object? Value)[] parameters)
    {
        await using var command = connection.Command(transaction, sql, parameters);
        return (long)(await command.ExecuteScalarAsync(cancellationToken))!;
    }
}
