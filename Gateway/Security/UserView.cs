namespace OsMEN.Gateway.Security;

/// <summary>How many keys a user has.</summary>
/// <param name="Active">Neither revoked nor expired.</param>
/// <param name="Total">Also those that are.</param>
internal sealed record UserKeyCount(long Active, long Total);

/// <summary>A user: a name that keys carry.</summary>
/// <param name="Status">active, or disabled: none of its keys is let in.</param>
/// <param name="Roles">Of its active keys.</param>
/// <param name="LastSeenAt">When one of its keys was last used, to about half a minute.</param>
/// <param name="Executions">Accepted within the last 30 days.</param>
/// <param name="CostUsd">Of its model calls within the last 30 days.</param>
internal sealed record UserView(
    string Name, string Status, IReadOnlyList<string> Roles, UserKeyCount Keys, DateTimeOffset? LastSeenAt, long Executions, decimal CostUsd, DateTimeOffset? DisabledAt, string? DisabledBy);

/// <summary>The body that disables or enables a user.</summary>
internal sealed record UserRequest(bool Disabled);
