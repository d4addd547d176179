using System.Data.Common;
using System.Globalization;
using Dapper;
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
            "INSERT INTO dashboard_sessions (hash, key_hash, created_at, expires_at) VALUES (@hash, @KeyHash, @now, @ExpiresAt)",
            new { hash, session.KeyHash, now, session.ExpiresAt },
            cancellationToken);
        await database.ExecuteAsync(
            """
            DELETE FROM dashboard_sessions WHERE key_hash = @KeyHash AND hash NOT IN (
              SELECT hash FROM dashboard_sessions WHERE key_hash = @KeyHash ORDER BY created_at DESC, hash LIMIT @max)
            """,
            new { session.KeyHash, max = MaxPerKey },
            cancellationToken);
    }

    /// <summary>Adds a session unless there is one of that hash; false where there is.</summary>
    public async Task<bool> TryAddAsync(string hash, Session session, DateTimeOffset now, CancellationToken cancellationToken) => await database.ExecuteAsync(
        "INSERT INTO dashboard_sessions (hash, key_hash, created_at, expires_at) VALUES (@hash, @KeyHash, @now, @ExpiresAt) ON CONFLICT (hash) DO NOTHING",
        new { hash, session.KeyHash, now, session.ExpiresAt },
        cancellationToken) > 0;

    public async Task<Session?> FindAsync(string hash, CancellationToken cancellationToken) =>
        (await database.QueryAsync<Session>("SELECT key_hash, expires_at FROM dashboard_sessions WHERE hash = @hash", new { hash }, cancellationToken)).FirstOrDefault();

    /// <summary>Those of them that are there and have not expired.</summary>
    public async Task<HashSet<string>> FindAliveAsync(IReadOnlyList<string> hashes, DateTimeOffset now, CancellationToken cancellationToken)
    {
        // Dapper's own lists are arrays for PostgreSQL (= ANY) and are expanded for SQLite (IN).
        var parameters = new DynamicParameters(new { now });
        var names = hashes.Select((hash, i) =>
        {
            var name = string.Create(CultureInfo.InvariantCulture, $"@h{i}");
            parameters.Add(name, hash);
            return name;
        });
        return (await database.QueryAsync<string>($"SELECT hash FROM dashboard_sessions WHERE expires_at > @now AND hash IN ({string.Join(", ", names)})", parameters, cancellationToken))
            .ToHashSet(StringComparer.Ordinal);
    }

    public Task RemoveAsync(string hash, CancellationToken cancellationToken) =>
        database.ExecuteAsync("DELETE FROM dashboard_sessions WHERE hash = @hash", new { hash }, cancellationToken);
}
