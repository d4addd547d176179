using System.Globalization;

namespace OsMEN.Gateway.Security;

/// <summary>Whether a key opens anything.</summary>
internal enum KeyStatus
{
    Active,
    Expired,

    /// <summary>Its user is disabled.</summary>
    Disabled,
    Revoked,
}

/// <summary>A page of keys: those of the configuration first, then the others, newest first.</summary>
internal sealed record KeyQuery
{
    public const int MaxPage = 1000;

    private static readonly string[] Known = ["status", "role", "user", "cursor", "limit"];

    /// <summary>Null for every status but <see cref="KeyStatus.Revoked"/>, or also that, see <see cref="WithRevoked"/>.</summary>
    public KeyStatus? Status { get; private init; }

    public bool WithRevoked { get; private init; }

    public Role? Role { get; private init; }

    public string? User { get; private init; }

    /// <summary>The last stored key of the page before.</summary>
    public Guid? Before { get; private init; }

    /// <summary>The last configured key of the page before, by its place.</summary>
    public int AfterConfigured { get; private init; }

    public int Limit { get; private init; } = 50;

    public static (KeyQuery Query, IReadOnlyList<(string, string)> Errors) Read(IQueryCollection query)
    {
        var errors = new List<(string, string)>();
        var result = new KeyQuery();
        foreach (var (name, values) in query)
        {
            var text = values.ToString();
            if (values.Count > 1)
                errors.Add((name, "is there twice"));
            else if (!Known.Contains(name, StringComparer.Ordinal))
                errors.Add((name.Length <= 64 ? name : name[..64], $"is no parameter; there are: {string.Join(", ", Known)}"));
            else if (text.Length > 0 && result.With(name, text) is var (with, problem))
                (result, errors) = problem is null ? (with, errors) : (result, [.. errors, (name, problem)]);
        }

        return (result, errors);
    }

    /// <summary>Whether a key of the configuration is on the pages asked for.</summary>
    public bool Fits(ApiKey key, KeyStatus status) =>
        (Status is null || Status == status) && (Role is null || Role == key.Role) && (User is null || User == key.User) && Before is null
        && int.Parse(key.Id.AsSpan(ConfiguredKeys.IdPrefix.Length), CultureInfo.InvariantCulture) > AfterConfigured;

    private (KeyQuery Query, string? Problem) With(string name, string text)
    {
        switch (name)
        {
            case "status" when text == "all":
                return (this with { WithRevoked = true }, null);
            case "status":
                return Enum.TryParse<KeyStatus>(text, ignoreCase: true, out var status) && char.IsAsciiLetter(text[0])
                    ? (this with { Status = status }, null)
                    : (this, "must be one of: active, expired, disabled, revoked, all");
            case "role":
                return RoleNames.TryParse(text, out var role) ? (this with { Role = role }, null) : (this, $"must be one of: {string.Join(", ", RoleNames.All)}");
            case "user":
                return Users.IsValid(text) ? (this with { User = text }, null) : (this, "must be a user's name");
            case "cursor" when Guid.TryParseExact(text, "D", out var before):
                return (this with { Before = before }, null);
            case "cursor" when ApiKey.IsConfiguredId(text) && int.TryParse(text.AsSpan(ConfiguredKeys.IdPrefix.Length), NumberStyles.None, CultureInfo.InvariantCulture, out var place):
                return (this with { AfterConfigured = place }, null);
            case "cursor":
                return (this, "must be the next_cursor of a page");
            default:
                return int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var limit) && limit is >= 1 and <= MaxPage
                    ? (this with { Limit = limit }, null)
                    : (this, $"must be 1 to {MaxPage}");
        }
    }
}
