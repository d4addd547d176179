using System.Data.Common;
using System.Globalization;

namespace OsMEN.Gateway.Security;

/// <summary>Keys in the table <c>api_keys</c>, times as Unix milliseconds. Its SQL is the same on both stores.</summary>
internal sealed class ApiKeyTable(DbDataSource database)
{
    private const string Columns = "id, name, hash, role, user_id, created_at, expires_at, last_used_at";

    /// <summary>Changes whenever a key is made or revoked, by whomever.</summary>
    public async Task<(long Count, long Revoked)> ReadVersionAsync(CancellationToken cancellationToken)
    {
        await using var command = database.CreateCommand("SELECT count(*), count(revoked_at) FROM api_keys");
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        await reader.ReadAsync(cancellationToken);
        return (reader.GetInt64(0), reader.GetInt64(1));
    }

    /// <summary>Keys that are not revoked, newest first.</summary>
    public async Task<IReadOnlyList<ApiKey>> ListAsync(CancellationToken cancellationToken)
    {
        await using var command = database.CreateCommand($"SELECT {Columns} FROM api_keys WHERE revoked_at IS NULL ORDER BY created_at DESC, id DESC");
        var keys = new List<ApiKey>();
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken))
            keys.Add(Read(reader));
        return keys;
    }

    public async Task<ApiKey?> FindAsync(string hash, CancellationToken cancellationToken)
    {
        await using var command = Command($"SELECT {Columns} FROM api_keys WHERE hash = @hash AND revoked_at IS NULL", ("@hash", hash));
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        return await reader.ReadAsync(cancellationToken) ? Read(reader) : null;
    }

    public async Task AddAsync(ApiKey key, CancellationToken cancellationToken)
    {
        await using var command = Command(
            "INSERT INTO api_keys (id, name, hash, role, user_id, created_at, expires_at) VALUES (@id, @name, @hash, @role, @user, @created, @expires)",
            ("@id", key.Id), ("@name", key.Name), ("@hash", key.Hash), ("@role", key.Role.ToWire()), ("@user", key.User),
            ("@created", key.CreatedAt.ToUnixTimeMilliseconds()), ("@expires", (object?)key.ExpiresAt?.ToUnixTimeMilliseconds() ?? DBNull.Value));
        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    /// <summary>False when there is no such key, or it was revoked before.</summary>
    public async Task<bool> RevokeAsync(string id, DateTimeOffset now, CancellationToken cancellationToken)
    {
        await using var command = Command(
            "UPDATE api_keys SET revoked_at = @now WHERE id = @id AND revoked_at IS NULL", ("@id", id), ("@now", now.ToUnixTimeMilliseconds()));
        return await command.ExecuteNonQueryAsync(cancellationToken) == 1;
    }

    public async Task SetUsedAsync(string id, DateTimeOffset at, CancellationToken cancellationToken)
    {
        await using var command = Command("UPDATE api_keys SET last_used_at = @at WHERE id = @id", ("@id", id), ("@at", at.ToUnixTimeMilliseconds()));
        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    private static ApiKey Read(DbDataReader reader) => new(
        reader.GetString(0),
        reader.GetString(1),
        reader.GetString(2),
        RoleNames.TryParse(reader.GetString(3), out var role) ? role : throw new InvalidOperationException(string.Create(CultureInfo.InvariantCulture, $"Key {reader.GetString(0)} has an unknown role.")),
        reader.GetString(4),
        DateTimeOffset.FromUnixTimeMilliseconds(reader.GetInt64(5)),
        reader.IsDBNull(6) ? null : DateTimeOffset.FromUnixTimeMilliseconds(reader.GetInt64(6)),
        reader.IsDBNull(7) ? null : DateTimeOffset.FromUnixTimeMilliseconds(reader.GetInt64(7)));

    private DbCommand Command(string sql, params ReadOnlySpan<(string Name, object Value)> parameters)
    {
        var command = database.CreateCommand(sql);
        foreach (var (name, value) in parameters)
        {
            var parameter = command.CreateParameter();
            parameter.ParameterName = name;
            parameter.Value = value;
            command.Parameters.Add(parameter);
        }

        return command;
    }
}
