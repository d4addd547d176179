using System.Text.Json.Serialization;

namespace OsMEN.Gateway.Security;

/// <summary>A key as the API shows it; <paramref name="Key"/> only in the answer that makes it.</summary>
/// <param name="Status">active, expired, disabled (its user is) or revoked.</param>
/// <param name="Source">api, or configuration: of OSMEN_API_KEYS, and changed there only.</param>
/// <param name="LastUsedAt">To about half a minute.</param>
internal sealed record KeyView(
    string Id,
    string Name,
    string Role,
    string User,
    string Status,
    string Source,
    DateTimeOffset? CreatedAt,
    DateTimeOffset? ExpiresAt,
    DateTimeOffset? LastUsedAt,
    DateTimeOffset? RevokedAt,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? Key = null)
{
    public static KeyView Of(ApiKey key, KeyStatus status, string? secret = null) => new(
        key.Id,
        key.Name,
        key.Role.ToWire(),
        key.User,
        status.ToString().ToLowerInvariant(),
        key.IsConfigured ? "configuration" : "api",
        key.IsConfigured ? null : key.CreatedAt,
        key.ExpiresAt,
        key.LastUsedAt,
        key.RevokedAt,
        secret);

    public static KeyStatus StatusOf(ApiKey key, bool isUserDisabled, DateTimeOffset now) =>
        key.RevokedAt is not null ? KeyStatus.Revoked : isUserDisabled ? KeyStatus.Disabled : key.IsValidAt(now) ? KeyStatus.Active : KeyStatus.Expired;
}

/// <summary>The body that makes a key.</summary>
/// <param name="Role">user unless said.</param>
/// <param name="User">Whose it is; the name unless said.</param>
internal sealed record KeyRequest(string Name, string? Role = null, string? User = null, string? ExpiresIn = null, DateTimeOffset? ExpiresAt = null);

/// <summary>The body that changes a key: what is not there stays. An end of null is never.</summary>
internal sealed record KeyChangeRequest(string? Name = null, string? Role = null, string? ExpiresIn = null, DateTimeOffset? ExpiresAt = null);

/// <summary>A role, and what a key of it may do.</summary>
internal sealed record RoleView(string Role, string Description);
