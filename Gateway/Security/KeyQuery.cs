using System.Globalization;
using OsMEN.Gateway.Queries;

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
    private const string All = "all";

    private static readonly QueryParameter<string?> StatusParameter = QueryParameter.OneOf(
        "status", "Keys in this state; all but the revoked ones unless told", [.. Enum.GetNames<KeyStatus>().Select(n => n.ToLowerInvariant()), All]);
    private static readonly QueryParameter<Role?> RoleParameter = QueryParameter.OneOf("role", "Keys of this role", Enum.GetValues<Role>(), RoleNames.ToWire);
    private static readonly QueryParameter<string?> UserParameter = QueryParameter.Text("user", "Keys of this user", "must be a user's name", Users.IsValid);
    private static readonly QueryParameter<string?> CursorParameter = QueryParameter.Cursor(text => StoredIn(text) is null && PlaceIn(text) is null ? null : text);
    private static readonly QueryParameter<int?> LimitParameter = QueryParameter.Limit(50, 1000);

    public static readonly QueryParameter[] Parameters = [StatusParameter, RoleParameter, UserParameter, CursorParameter, LimitParameter];

    /// <summary>Null for every status but <see cref="KeyStatus.Revoked"/>, or also that, see <see cref="WithRevoked"/>.</summary>
    public KeyStatus? Status { get; private init; }

    public bool WithRevoked { get; private init; }

    public Role? Role { get; private init; }

    public string? User { get; private init; }

    /// <summary>The last stored key of the page before.</summary>
    public Guid? Before { get; private init; }

    /// <summary>The last configured key of the page before, by its place.</summary>
    public int AfterConfigured { get; private init; }

    public int Limit { get; private init; }

    public static KeyQuery Read(HttpContext context)
    {
        var (status, cursor) = (StatusParameter.Of(context), CursorParameter.Of(context) ?? "");
        return new KeyQuery
        {
            Status = status is null or All ? null : Enum.Parse<KeyStatus>(status, ignoreCase: true),
            WithRevoked = status == All,
            Role = RoleParameter.Of(context),
            User = UserParameter.Of(context),
            Before = StoredIn(cursor),
            AfterConfigured = PlaceIn(cursor) ?? 0,
            Limit = LimitParameter.Of(context)!.Value,
        };
    }

    /// <summary>Whether a key of the configuration is on the pages asked for.</summary>
    public bool Fits(ApiKey key, KeyStatus status) =>
        (Status is null || Status == status) && (Role is null || Role == key.Role) && (User is null || User == key.User) && Before is null && PlaceIn(key.Id) > AfterConfigured;

    private static Guid? StoredIn(string cursor) => Guid.TryParseExact(cursor, "D", out var id) ? id : null;

    private static int? PlaceIn(string cursor) =>
        ApiKey.IsConfiguredId(cursor) && int.TryParse(cursor.AsSpan(ConfiguredKeys.IdPrefix.Length), NumberStyles.None, CultureInfo.InvariantCulture, out var place) ? place : null;
}
