using System.Data.Common;
using System.Globalization;
using OsMEN.Executions;

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
        await database.ExecuteAsync(
            "INSERT INTO dashboard_sessions (hash, key_hash, created_at, expires_at) VALUES (@hash, @key, @now, @end)",
            [("@hash", hash), ("@key", session.KeyHash), ("@now", now), ("@end", session.ExpiresAt)],
            cancellationToken);
        await database.ExecuteAsync(
            """
            DELETE FROM dashboard_sessions WHERE key_hash = @key AND hash NOT IN (
              SELECT hash FROM dashboard_sessions WHERE key_hash = @key ORDER BY created_at DESC, hash LIMIT @max)
            """,
            [("@key", session.KeyHash), ("@max", MaxPerKey)],
            cancellationToken);
    }

    /// <summary>Adds a session unless there is one of that hash; false where there is.</summary>
    public async Task<bool> TryAddAsync(string hash, Session session, DateTimeOffset now, CancellationToken cancellationToken) => await database.ExecuteAsync(
        "INSERT INTO dashboard_sessions (hash, key_hash, created_at, expires_at) VALUES (@hash, @key, @now, @end) ON CONFLICT (hash) DO NOTHING",
        [("@hash", hash), ("@key", session.KeyHash), ("@now", now), ("@end", session.ExpiresAt)],
        cancellationToken) > 0;

    public async Task<Session?> FindAsync(string hash, CancellationToken cancellationToken) => (await database.QueryAsync(
        "SELECT key_hash, expires_at FROM dashboard_sessions WHERE hash = @hash",
        [("@hash", hash)],
        reader => new Session(reader.GetString(0), reader.Time(1)),
        cancellationToken)).FirstOrDefault();

    /// <summary>Those of them that are there and have not expired.</summary>
    public async Task<HashSet<string>> FindAliveAsync(IReadOnlyList<string> hashes, DateTimeOffset now, CancellationToken cancellationToken)
    {
        var names = Enumerable.Range(0, hashes.Count).Select(i => string.Create(CultureInfo.InvariantCulture, $"@h{i}")).ToArray();
        var alive = await database.QueryAsync(
            $"SELECT hash FROM dashboard_sessions WHERE expires_at > @now AND hash IN ({string.Join(", ", names)})",
            [("@now", now), .. names.Zip(hashes, (name, hash) => (name, (object?)hash))],
            reader => reader.GetString(0),
            cancellationToken);
        return alive.ToHashSet(StringComparer.Ordinal);
    }

    public Task RemoveAsync(string hash, CancellationToken cancellationToken) =>
        database.ExecuteAsync("DELETE FROM dashboard_sessions WHERE hash = @hash", [("@hash", hash)], cancellationToken);
}
