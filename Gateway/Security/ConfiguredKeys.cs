using System.Globalization;
using OsMEN.ServiceDefaults.Configuration;

namespace OsMEN.Gateway.Security;

/// <summary>Keys of <c>OSMEN_API_KEYS</c>: <c>key[:role[:user]]</c>, separated by commas. The role is admin and the user <c>admin</c> unless said.</summary>
internal static class ConfiguredKeys
{
    public const string IdPrefix = "env-";

    private const string Name = "OSMEN_API_KEYS";
    private const int ShortestKey = 16;

    /// <exception cref="ConfigurationException">An entry is broken; the message names its place, never the key.</exception>
    public static IReadOnlyList<ApiKey> Read(IConfiguration configuration, DateTimeOffset now)
    {
        var keys = new List<ApiKey>();
        foreach (var entry in (configuration.ReadText(Name) ?? "").Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))
        {
            var place = string.Create(CultureInfo.InvariantCulture, $"(entry {keys.Count + 1}, hidden)");
            var parts = entry.Split(':', 3);
            if (!parts[0].StartsWith(ApiKey.Prefix, StringComparison.Ordinal) || parts[0].Length < ShortestKey || parts[0].Any(c => !char.IsAsciiLetterOrDigit(c) && c is not ('_' or '-')))
                throw new ConfigurationException(Name, place, $"keys that start with {ApiKey.Prefix} and have {ShortestKey} or more letters, digits, _ and -");
            var role = Role.Admin;
            if (parts.Length > 1 && !RoleNames.TryParse(parts[1], out role))
                throw new ConfigurationException(Name, place, $"key:role:user with a role of {string.Join(", ", RoleNames.All)}");
            var user = parts.Length > 2 ? parts[2] : role.ToWire();
            if (!Users.IsValid(user))
                throw new ConfigurationException(Name, place, "key:role:user with a user of 1 to 200 printable characters");
            keys.Add(new ApiKey(string.Create(CultureInfo.InvariantCulture, $"{IdPrefix}{keys.Count + 1}"), Name, ApiKey.HashOf(parts[0]), role, user, now, null, null));
        }

        return keys;
    }
}

internal static class Users
{
    /// <summary>1 to 200 printable characters, as names and addresses have.</summary>
    public static bool IsValid(string? user) => user is { Length: >= 1 and <= 200 } && !user.Any(c => char.IsControl(c) || char.IsSurrogate(c)) && user.Trim() == user;
}
