using System.Globalization;
using System.Text.Json.Nodes;
using OsMEN.Gateway.Audit;

namespace OsMEN.Gateway.Security;

/// <summary>What is to change of a key; null stays.</summary>
/// <param name="Expires">Set when the end changes; its value null is never.</param>
internal sealed record KeyChange(string? Name, Role? Role, (DateTimeOffset? At, bool Changes) Expires);

/// <summary>
/// Makes, changes and revokes keys, disables and enables users: each in one transaction with its entry in the audit log, and known on this gateway
/// when it returns, on the others within a second.
/// </summary>
internal sealed class KeyAdministration(ApiKeyTable table, KeyRing ring, AuditLog audit, TimeProvider time)
{
    public Task<KeyOutcome> CreateAsync(HttpContext context, ApiKey key, CancellationToken cancellationToken) => ChangeAsync(
        async keys =>
        {
            if (await keys.CountKeysAsync(cancellationToken) >= ApiKeyTable.MaxKeys)
                return (KeyOutcome.TooMany, null);
            if ((await keys.ReadDisabledAsync(cancellationToken)).Contains(key.User))
                return (KeyOutcome.UserDisabled, null);
            await keys.AddAsync(key, cancellationToken);
            return (KeyOutcome.Done, audit.Entry(context, "key.created", key.Id, AuditChanges.Between(null, Shown(key))));
        },
        cancellationToken);

    /// <summary>Changes a key that is not revoked; gives it as it is then.</summary>
    public async Task<(KeyOutcome Outcome, ApiKey? Key)> ChangeAsync(HttpContext context, Guid id, KeyChange change, CancellationToken cancellationToken)
    {
        ApiKey? after = null;
        var outcome = await ChangeAsync(
            async keys =>
            {
                if (await keys.GetAsync(id, cancellationToken) is not { } before)
                    return (KeyOutcome.NotFound, null);
                after = before with { Name = change.Name ?? before.Name, Role = change.Role ?? before.Role, ExpiresAt = change.Expires.Changes ? change.Expires.At : before.ExpiresAt };
                if (AuditChanges.Between(Shown(before), Shown(after)) is not { } changes)
                    return (KeyOutcome.Unchanged, null);
                await keys.WriteAsync(after, cancellationToken);
                return (KeyOutcome.Done, audit.Entry(context, "key.changed", before.Id, changes));
            },
            cancellationToken);
        return (outcome, after);
    }

    public Task<KeyOutcome> RevokeAsync(HttpContext context, Guid id, CancellationToken cancellationToken) => ChangeAsync(
        async keys =>
        {
            if (await keys.GetAsync(id, cancellationToken) is not { } key)
                return (KeyOutcome.NotFound, null);
            await keys.WriteAsync(key with { RevokedAt = time.GetUtcNow() }, cancellationToken);
            return (KeyOutcome.Done, audit.Entry(context, "key.revoked", key.Id, AuditChanges.Between(Shown(key), null)));
        },
        cancellationToken);

    /// <summary>Blocks all keys of a user, also those of the configuration, or lets them in again.</summary>
    public Task<KeyOutcome> SetDisabledAsync(HttpContext context, string user, bool disabled, CancellationToken cancellationToken) => ChangeAsync(
        async keys =>
        {
            if (!ring.Configured.Any(k => k.User == user) && !await keys.IsUserAsync(user, cancellationToken))
                return (KeyOutcome.NotFound, null);
            var by = ApiKeyAuthentication.KeyOf(context).User;
            return (disabled ? await keys.DisableAsync(user, by, time.GetUtcNow(), cancellationToken) : await keys.EnableAsync(user, cancellationToken))
                ? (KeyOutcome.Done, audit.Entry(context, disabled ? "user.disabled" : "user.enabled", user))
                : (KeyOutcome.Unchanged, null);
        },
        cancellationToken);

    private static JsonObject Shown(ApiKey key) => new() { ["name"] = key.Name, ["role"] = key.Role.ToWire(), ["user"] = key.User, ["expires_at"] = key.ExpiresAt?.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture) };

    private async Task<KeyOutcome> ChangeAsync(Func<KeyTransaction, Task<(KeyOutcome, OsMEN.Executions.Audit.AuditEntry?)>> change, CancellationToken cancellationToken)
    {
        var outcome = await table.ChangeAsync(ring.Configured, time.GetUtcNow(), change, cancellationToken);
        if (outcome == KeyOutcome.Done)
            await ring.ChangedAsync(cancellationToken);
        return outcome;
    }
}
