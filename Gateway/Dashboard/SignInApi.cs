using OsMEN.Gateway.Audit;
using OsMEN.Gateway.Problems;
using OsMEN.Gateway.Security;

namespace OsMEN.Gateway.Dashboard;

/// <summary>Signing in with a key, once, and out. Both count only when they come from the gateway's own page.</summary>
internal static class SignInApi
{
    private const int LongestForm = 4096;
    private const string Place = "<!--problem-->";

    public static void MapSignInApi(this IEndpointRouteBuilder app)
    {
        app.MapPost("/dashboard/session", SignInAsync).Audited("session.started", "session.refused").AllowAnonymous().DisableAntiforgery().ExcludeFromDescription();
        app.MapGet("/dashboard/login", FollowLinkAsync).Audited("session.started", "session.refused").AllowAnonymous().ExcludeFromDescription();
        app.MapDelete("/dashboard/session", SignOutAsync).Audited("session.ended").WithMetadata(new OutlivesKey()).RequireAuthorization(Policies.Read).ExcludeFromDescription();
    }

    /// <summary>The page that asks for a key.</summary>
    public static Task WritePageAsync(HttpContext context, PageAssets assets, int status, string? problem)
    {
        var response = context.Response;
        response.StatusCode = status;
        response.ContentType = "text/html; charset=utf-8";
        response.Headers.CacheControl = "no-store";
        return response.WriteAsync(
            assets.Text("signin.html").Replace(Place, problem is null ? "" : $"<p class=\"problem\" role=\"alert\">{problem}</p>", StringComparison.Ordinal), context.RequestAborted);
    }

    private static async Task SignInAsync(HttpContext context, PageAssets assets, KeyRing keys, Sessions sessions, WrongKeyLimit wrongKeys, AuditLog audit, CancellationToken cancellationToken)
    {
        DashboardApi.SetHeaders(context, assets);
        var request = context.Request;
        if (request.GetTypedHeaders().ContentType?.MediaType.Equals("application/x-www-form-urlencoded", StringComparison.OrdinalIgnoreCase) != true || request.ContentLength is null or > LongestForm)
        {
            await ProblemResponse.WriteAsync(context, StatusCodes.Status415UnsupportedMediaType, "The sign-in page sends a form with a key.");
            return;
        }

        if (!SameOrigin.IsOwn(request))
        {
            await ProblemResponse.WriteAsync(context, StatusCodes.Status403Forbidden, "A browser signs in from the gateway's own page.");
            return;
        }

        string given;
        try
        {
            given = (await request.ReadFormAsync(cancellationToken))["key"].ToString().Trim();
        }
        catch (InvalidDataException)
        {
            await ProblemResponse.WriteAsync(context, StatusCodes.Status400BadRequest, "The form has more fields than a key.");
            return;
        }

        var address = context.Connection.RemoteIpAddress;
        var wait = wrongKeys.RetryAfter(address);
        if (await keys.FindAsync(given, wrongKeys.Guess(address), cancellationToken) is not { } key)
        {
            await RefuseAsync(context, assets, audit, wait, "The key is unknown, expired or revoked.");
            return;
        }

        await sessions.EndAsync(context, cancellationToken);
        await sessions.BeginAsync(context, key, cancellationToken);
        await audit.WriteAsync(audit.Entry(context, "session.started", key.Id, key: key));
        context.Response.StatusCode = StatusCodes.Status303SeeOther;
        context.Response.Headers.Location = DashboardApi.Path;
    }

    // The link that AppHost prints. Its token works once, whichever gateway gets it; afterwards the page asks for a key.
    private static async Task FollowLinkAsync(
        HttpContext context, PageAssets assets, LoginLink link, Sessions sessions, WrongKeyLimit wrongKeys, AuditLog audit, string? t, CancellationToken cancellationToken)
    {
        DashboardApi.SetHeaders(context, assets);
        context.Response.Headers.CacheControl = "no-store";
        if (context.Features.Get<ApiKey>() is null)
        {
            var address = context.Connection.RemoteIpAddress;
            var wait = wrongKeys.RetryAfter(address);
            if (await link.RedeemAsync(t ?? "", cancellationToken) is not { } key)
            {
                wrongKeys.TryTake(address);
                await RefuseAsync(context, assets, audit, wait, "This link has been used or is not valid. Sign in with a key.");
                return;
            }

            await sessions.BeginAsync(context, key, cancellationToken);
            await audit.WriteAsync(audit.Entry(context, "session.started", key.Id, key: key));
        }

        context.Response.StatusCode = StatusCodes.Status303SeeOther;
        context.Response.Headers.Location = DashboardApi.Path;
    }

    private static async Task RefuseAsync(HttpContext context, PageAssets assets, AuditLog audit, TimeSpan? wait, string problem)
    {
        if (wait is { } left)
        {
            ProblemResponse.SetRetryAfter(context, left);
            await WritePageAsync(context, assets, StatusCodes.Status429TooManyRequests, "Too many wrong keys came from this address. Wait a minute.");
            return;
        }

        await audit.WriteRefusalAsync(context);
        await WritePageAsync(context, assets, StatusCodes.Status401Unauthorized, problem);
    }

    private static async Task<IResult> SignOutAsync(HttpContext context, Sessions sessions, CancellationToken cancellationToken)
    {
        if (await sessions.EndAsync(context, cancellationToken))
            context.Audit("session.ended", ApiKeyAuthentication.KeyOf(context).Id);
        return TypedResults.NoContent();
    }
}
