using System.Security.Claims;
using System.Text.Encodings.Web;
using Microsoft.AspNetCore.Authentication;
using Microsoft.Extensions.Options;
using OsMEN.Gateway.Problems;

namespace OsMEN.Gateway.Security;

/// <summary>
/// Lets in who shows a key: <c>Authorization: Bearer osm_…</c> or <c>X-Api-Key</c>, and for a WebSocket from a browser, which can set no
/// header, the subprotocol <c>osmen.key.&lt;key&gt;</c>; or who signed in on the dashboard's page and sends its cookie from there.
/// </summary>
internal sealed class ApiKeyAuthentication(
    IOptionsMonitor<AuthenticationSchemeOptions> options, ILoggerFactory logger, UrlEncoder encoder, KeyRing keys, Sessions sessions, WrongKeyLimit wrongKeys, SeenUsers users)
    : AuthenticationHandler<AuthenticationSchemeOptions>(options, logger, encoder)
{
    public const string SchemeName = "ApiKey";
    public const string SubprotocolPrefix = "osmen.key.";

    private static readonly AuthenticateResult Wrong = AuthenticateResult.Fail("The key is unknown, expired or revoked.");

    private bool _isForeign;
    private bool _isWrong;

    /// <summary>The key of a request that was let in.</summary>
    public static ApiKey KeyOf(HttpContext context) =>
        context.Features.Get<ApiKey>() ?? throw new InvalidOperationException("The endpoint lets in callers without a key.");

    protected override async Task<AuthenticateResult> HandleAuthenticateAsync()
    {
        var presented = Presented(Request);
        var cookie = presented is null ? Sessions.Read(Request) : null;

        // What has not a key's form is none: a scraper's token, which another policy looks at.
        if (cookie is null && presented?.StartsWith(ApiKey.Prefix, StringComparison.Ordinal) != true)
            return AuthenticateResult.NoResult();
        _isForeign = cookie is not null && !SameOrigin.Allows(Request);
        if (_isForeign)
            return Wrong;
        var guess = wrongKeys.Guess(Context.Connection.RemoteIpAddress);
        if ((cookie is null ? await keys.FindAsync(presented!, guess, Context.RequestAborted) : await sessions.FindAsync(cookie, guess, Context.RequestAborted)) is not { } key)
        {
            _isWrong = true;
            return Wrong;
        }

        Context.Features.Set(key);
        if (cookie is not null)
            Context.Features.Set(new SessionFeature(ApiKey.HashOf(cookie)));
        users.Note(key.User);
        return AuthenticateResult.Success(new AuthenticationTicket(key.Principal, ApiKeyAuthentication.SchemeName));
    }

    protected override Task HandleChallengeAsync(AuthenticationProperties properties)
    {
        if (_isWrong && wrongKeys.RetryAfter(Context.Connection.RemoteIpAddress) is { } wait)
            return ProblemResponse.TooManyAsync(Context, "Too many wrong keys came from this address, so an unknown one is not looked up now.", wait);
        if (_isForeign)
            return ProblemResponse.WriteAsync(Context, StatusCodes.Status403Forbidden, "The cookie counts for the gateway's own page only; this came from another.");
        Response.Headers.WWWAuthenticate = "Bearer";
        return ProblemResponse.WriteAsync(
            Context, StatusCodes.Status401Unauthorized, Presented(Request) is null ? "A key is needed: Authorization: Bearer osm_… or X-Api-Key." : "The key is unknown, expired or revoked.");
    }

    protected override Task HandleForbiddenAsync(AuthenticationProperties properties) =>
        ProblemResponse.WriteAsync(Context, StatusCodes.Status403Forbidden, $"The key's role, {Context.User.FindFirstValue(ClaimTypes.Role)}, may not do this.");

    private static string? Presented(HttpRequest request)
    {
        const string bearer = "Bearer ";
        if (request.Headers.Authorization.ToString() is { Length: > 0 } authorization)
            return authorization.StartsWith(bearer, StringComparison.OrdinalIgnoreCase) ? authorization[bearer.Length..].Trim() : "";
        if (request.Headers["X-Api-Key"].ToString() is { Length: > 0 } key)
            return key.Trim();
        if (request.HttpContext.WebSockets.IsWebSocketRequest)
        {
            var protocol = request.HttpContext.WebSockets.WebSocketRequestedProtocols.FirstOrDefault(p => p.StartsWith(SubprotocolPrefix, StringComparison.Ordinal));
            return protocol?[SubprotocolPrefix.Length..];
        }

        return null;
    }
}
