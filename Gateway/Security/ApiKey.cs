using System.Security.Claims;
using System.Security.Cryptography;
using System.Text;

namespace OsMEN.Gateway.Security;

/// <summary>A key as it is known here: never the key itself.</summary>
/// <param name="Hash">SHA-256 of the key, in hex. Keys are 32 random bytes, so neither salt nor stretching adds anything.</param>
internal sealed record ApiKey(
    string Id, string Name, string Hash, Role Role, string User, DateTimeOffset CreatedAt, DateTimeOffset? ExpiresAt, DateTimeOffset? LastUsedAt, DateTimeOffset? RevokedAt = null)
{
    public const string Prefix = "osm_";
    public const string IdClaim = "key_id";

    private ClaimsPrincipal? _principal;

    /// <summary>Made once: it is the same for each request.</summary>
    public ClaimsPrincipal Principal => _principal ??= new ClaimsPrincipal(new ClaimsIdentity(
        [new Claim(ClaimTypes.Name, User), new Claim(ClaimTypes.Role, Role.ToWire()), new Claim(IdClaim, Id)], ApiKeyAuthentication.SchemeName));

    /// <summary>It comes from <c>OSMEN_API_KEYS</c> and is changed there only.</summary>
    public bool IsConfigured => IsConfiguredId(Id);

    public static bool IsConfiguredId(string id) => id.StartsWith(ConfiguredKeys.IdPrefix, StringComparison.Ordinal);

    public bool IsValidAt(DateTimeOffset now) => ExpiresAt is not { } end || now < end;

    /// <summary>A new key, to be shown once.</summary>
    public static string Generate() => Prefix + Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(32));

    public static string HashOf(string key)
    {
        Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(Encoding.UTF8.GetBytes(key), hash);
        return Convert.ToHexStringLower(hash);
    }
}
