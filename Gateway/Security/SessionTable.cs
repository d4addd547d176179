using System.Data.Common;
using System.Globalization;

namespace OsMEN.Gateway.Security;

/// <summary>Sessions in the table <c>dashboard_sessions</c>. Its SQL is the same on both stores.</summary>
internal sealed class SessionTable(DbDataSource database)
{
    /// <summary>Most that <see cref="FindAliveAsync"/> takes.</summary>
    public const int MostAtOnce = 500;

    // Somebody who signs in again and again, by a script, ends older sessions.
    private const int MaxPerKey = 100;

    public async Task AddAsync(string hash, Session session, DateTimeOffset now, CancellationToken cancellationToken)
    {
        await ExecuteAsync(
            "INSERT INTO dashboard_sessions (hash, key_hash, created_at, expires_at) VALUES (@hash, @key, @now, @end)", cancellationToken,
            ("@hash", hash), ("@key", session.KeyHash), ("@now", now.ToUnixTimeMilliseconds()), ("@end", session.ExpiresAt.ToUnixTimeMilliseconds()));
        await ExecuteAsync(
            """
            DELETE FROM dashboard_sessions WHERE key_hash = @key AND hash NOT IN (
              SELECT hash FROM dashboard_sessions WHERE key_hash = @key ORDER BY created_at DESC, hash LIMIT @max)
            """,
            cancellationToken, ("@key", session.KeyHash), ("@max", MaxPerKey));
    }

    public async Task<Session?> FindAsync(string hash, CancellationToken cancellationToken)
    {
        await using var command = Command("SELECT key_hash, expires_at FROM dashboard_sessions WHERE hash = @hash", ("@hash", hash));
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        return await reader.ReadAsync(cancellationToken) ? new Session(reader.GetString(0), DateTimeOffset.FromUnixTimeMilliseconds(reader.GetInt64(1))) : null;
    }

    /// <summary>Those of them that are there and have not expired.</summary>
    public async Task<HashSet<string>> FindAliveAsync(IReadOnlyList<string> hashes, DateTimeOffset now, CancellationToken cancellationToken)
    {
        var names = Enumerable.Range(0, hashes.Count).Select(i => string.Create(CultureInfo.InvariantCulture, $"@h{i}")).ToArray();
        await using var command = Command(
            $"SELECT hash FROM dashboard_sessions WHERE expires_at > @now AND hash IN ({string.Join(", ", names)})",
            [("@now", now.ToUnixTimeMilliseconds()), .. names.Zip(hashes, (name, hash) => (name, (object)hash))]);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        var alive = new HashSet<string>(StringComparer.Ordinal);
        while (await reader.ReadAsync(cancellationToken))
            alive.Add(reader.GetString(0));
        return alive;
    }

    public Task RemoveAsync(string hash, CancellationToken cancellationToken) =>
        ExecuteAsync("DELETE FROM dashboard_sessions WHERE hash = @hash", cancellationToken, ("@hash", hash));

    private async Task ExecuteAsync(string sql, CancellationToken cancellationToken, params (string Name, object Value)[] parameters)
    {
        await using var command = Command(sql, parameters);
        await command.ExecuteNonQueryAsync(cancellationToken);
    }

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
