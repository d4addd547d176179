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
    public async Task<Dictionary<string, DisabledUser>> ReadDisabledAsync(CancellationToken cancellationToken)
    {
        await using var command = database.Command("SELECT name, disabled_at, disabled_by FROM disabled_users");
        var found = new Dictionary<string, DisabledUser>(StringComparer.Ordinal);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken))
            found[reader.GetString(0)] = new(DateTimeOffset.FromUnixTimeMilliseconds(reader.GetInt64(1)), reader.GetString(2));
        return found;
    }

    /// <summary>The keys of every user, or of one, also those that were revoked, summed by role.</summary>
    public async Task<List<UserKeys>> ReadKeysAsync(string? user, DateTimeOffset now, CancellationToken cancellationToken)
    {
        await using var command = database.Command(
            $"""
            SELECT user_id, role, count(*), count(CASE WHEN revoked_at IS NULL AND (expires_at IS NULL OR expires_at > @now) THEN 1 END), max(last_used_at)
            FROM api_keys {(user is null ? "" : "WHERE user_id = @user")} GROUP BY user_id, role
            """,
            ("@now", now), ("@user", user));
        var found = new List<UserKeys>();
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken))
        {
            if (!RoleNames.TryParse(reader.GetString(1), out var role))
                continue;
            found.Add(new(reader.GetString(0), role, reader.GetInt64(2), reader.GetInt64(3), reader.IsDBNull(4) ? null : DateTimeOffset.FromUnixTimeMilliseconds(reader.GetInt64(4))));
        }

        return found;
    }
}
