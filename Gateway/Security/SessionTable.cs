using System.Data.Common;
using OsMEN.Executions;

namespace OsMEN.Gateway.Security;

/// <summary>Sessions in the table <c>dashboard_sessions</c>. Its SQL is the same on both stores.</summary>
internal sealed class SessionTable(DbDataSource database)
{
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

    public async Task<Session?> FindAsync(string hash, CancellationToken cancellationToken) => (await database.QueryAsync(
        "SELECT key_hash, expires_at FROM dashboard_sessions WHERE hash = @hash",
        [("@hash", hash)],
        reader => new Session(reader.GetString(0), reader.Time(1)),
        cancellationToken)).FirstOrDefault();

    public Task RemoveAsync(string hash, CancellationToken cancellationToken) =>
        database.ExecuteAsync("DELETE FROM dashboard_sessions WHERE hash = @hash", [("@hash", hash)], cancellationToken);
}
