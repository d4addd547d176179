using System.Security.Cryptography;
using System.Text;
using OsMEN.ServiceDefaults.Configuration;

namespace OsMEN.Gateway.Security;

/// <summary>
/// The one-time token of <c>DASHBOARD_LOGIN_TOKEN</c>, with which AppHost's link signs a browser in as the first key of
/// <c>OSMEN_API_KEYS</c>. Without the setting there is no such link.
/// </summary>
internal sealed class LoginLink(IConfiguration configuration, KeyRing keys, SessionTable sessions, TimeProvider time)
{
    private const string Name = "DASHBOARD_LOGIN_TOKEN";
    private const int ShortestToken = 32;

    private static readonly TimeSpan Lifetime = TimeSpan.FromHours(12);

    private readonly string? _token = Read(configuration);
    private readonly DateTimeOffset _validUntil = time.GetUtcNow() + Lifetime;

    /// <summary>Fails the start where the token is too short to be a secret.</summary>
    /// <exception cref="ConfigurationException">The token has fewer than 32 characters.</exception>
    public static string? Read(IConfiguration configuration) =>
        configuration.ReadText(Name) is not { } token ? null
        : token.Length >= ShortestToken ? token
        : throw ConfigurationException.Secret(Name, $"a random text of {ShortestToken} characters or more");

    /// <summary>The key to sign in as; null where the token is wrong, was used before, or is older than 12 hours.</summary>
    public async Task<ApiKey?> RedeemAsync(string token, CancellationToken cancellationToken)
    {
        if (_token is null || time.GetUtcNow() >= _validUntil || !CryptographicOperations.FixedTimeEquals(Encoding.UTF8.GetBytes(token), Encoding.UTF8.GetBytes(_token)))
            return null;
        if (keys.Configured is not [var first, ..] || await keys.FindByHashAsync(first.Hash, cancellationToken) is not { } key)
            return null;

        // A used token is a session that no cookie can name, so every gateway knows of it.
        return await sessions.TryAddAsync(ApiKey.HashOf($"login link {_token}"), new Session(key.Hash, _validUntil), time.GetUtcNow(), cancellationToken) ? key : null;
    }
}
