using OsMEN.Executions.Usage;
using OsMEN.Gateway.Executions;
using OsMEN.Gateway.Usage;

namespace OsMEN.Gateway.Security;

/// <summary>Puts together what is known of users: their keys, of the table and of the configuration, and what they used.</summary>
internal sealed class UserReader(UserTable users, ApiKeyTable keys, KeyRing ring, UsageReader usage, TimeProvider time)
{
    private const int MaxUsage = 1000;

    private static readonly TimeSpan Span = TimeSpan.FromDays(30);

    /// <summary>By name, in the order of its bytes.</summary>
    /// <param name="only">Only this user.</param>
    /// <param name="disabled">Only those that are, or are not, disabled.</param>
    /// <param name="after">Only those after this name.</param>
    public async Task<IReadOnlyList<UserView>> ReadAsync(string? only, bool? disabled, string? after, int limit, CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        var uses = await keys.ReadConfiguredUsesAsync(cancellationToken);
        var configured = ring.Configured.Where(k => only is null || k.User == only).Select(k => new UserKeys(k.User, k.Role, 1, 1, uses.TryGetValue(k.Hash, out var at) ? at : null));
        var blocked = await users.ReadDisabledAsync(cancellationToken);
        var page = configured.Concat(await users.ReadKeysAsync(only, now, cancellationToken))
            .GroupBy(k => k.User, StringComparer.Ordinal)
            .Where(g => string.CompareOrdinal(g.Key, after) > 0 && (disabled is null || disabled == blocked.ContainsKey(g.Key)))
            .OrderBy(g => g.Key, StringComparer.Ordinal).Take(limit).ToArray();
        var used = page.Length == 0 ? [] : await ReadUsageAsync(page[0].Key, page[^1].Key, only, now, cancellationToken);
        return [.. page.Select(g => View(g, blocked.GetValueOrDefault(g.Key), used.GetValueOrDefault(g.Key)))];
    }

    private static UserView View(IGrouping<string, UserKeys> keys, DisabledUser? blocked, UsageRow? used) => new(
        keys.Key,
        blocked is null ? "active" : "disabled",
        [.. keys.Where(k => k.Active > 0).Select(k => k.Role).Distinct().Order().Select(r => r.ToWire())],
        new UserKeyCount(keys.Sum(k => k.Active), keys.Sum(k => k.Total)),
        keys.Max(k => k.LastUsedAt),
        used?.Executions ?? 0,
        ExecutionView.Dollars(used?.CostUsd ?? 0),
        blocked?.At,
        blocked?.By);

    // Those who used something are sorted as the page is, so a page is a stretch of theirs, in which others may lie that have no key any more.
    private async Task<Dictionary<string, UsageRow>> ReadUsageAsync(string first, string last, string? only, DateTimeOffset now, CancellationToken cancellationToken)
    {
        var found = new Dictionary<string, UsageRow>(StringComparer.Ordinal);
        var after = Before(first);
        while (true)
        {
            var rows = await usage.ReadAsync(new UsageQuery { By = UsageGroup.User, Since = now - Span, Until = now, User = only, After = after, Limit = MaxUsage }, cancellationToken);
            foreach (var row in rows)
                found[row.Group] = row;
            if (rows.Count < MaxUsage || string.CompareOrdinal(rows[^1].Group, last) >= 0)
                return found;
            after = rows[^1].Group;
        }
    }

    // Something that sorts before the name, and not much before.
    private static string? Before(string name) => name.Length > 1 ? name[..^1] : null;
}
