using System.Data.Common;
using OsMEN.Executions;

namespace OsMEN.Gateway.Security;

/// <summary>Keys of one user and role.</summary>
/// <param name="Active">Those that are neither revoked nor expired.</param>
internal sealed record UserKeys(string User, Role Role, long Total, long Active, DateTimeOffset? LastUsedAt);

/// <summary>Since when and by whom a user is disabled.</summary>
internal sealed record DisabledUser(DateTimeOffset At, string By);

/// <summary>Users: the names that keys carry, and which of them are disabled. Its SQL is the same on both stores.</summary>
internal sealed class UserTable(DbDataSource database)
{
    public async Task<Dictionary<string, DisabledUser>> ReadDisabledAsync(CancellationToken cancellationToken) =>
        (await database.QueryAsync<(string Name, DateTimeOffset At, string By)>("SELECT name, disabled_at, disabled_by FROM disabled_users", null, cancellationToken))
            .ToDictionary(u => u.Name, u => new DisabledUser(u.At, u.By), StringComparer.Ordinal);

    /// <summary>The keys of every user, or of one, also those that were revoked, summed by role.</summary>
    public async Task<List<UserKeys>> ReadKeysAsync(string? user, DateTimeOffset now, CancellationToken cancellationToken)
    {
        var rows = await database.QueryAsync<(string User, string Role, long Total, long Active, DateTimeOffset? LastUsedAt)>(
            $"""
            SELECT user_id, role, count(*), count(CASE WHEN revoked_at IS NULL AND (expires_at IS NULL OR expires_at > @now) THEN 1 END), max(last_used_at)
            FROM api_keys {(user is null ? "" : "WHERE user_id = @user")} GROUP BY user_id, role
            """,
            new { now, user }, cancellationToken);
        var found = new List<UserKeys>();
        foreach (var row in rows)
            if (RoleNames.TryParse(row.Role, out var role)) found.Add(new(row.User, role, row.Total, row.Active, row.LastUsedAt));
        return found;
    }
}
