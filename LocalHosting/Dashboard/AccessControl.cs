using System.Security.Cryptography;
using System.Text;
using Microsoft.AspNetCore.Http;
using OsMEN.LocalHosting.Otlp;
using OsMEN.Web;

namespace OsMEN.LocalHosting.Dashboard;

/// <summary>
/// Lets in who has the token of the printed link. A page of another site can neither read (the host's name is checked,
/// because a name of theirs may lead here) nor act (the origin is checked, and the cookie stays at home).
/// </summary>
internal sealed class AccessControl(string token, PageAssets assets)
{
    private readonly byte[] _token = Encoding.UTF8.GetBytes(token);
    private readonly string _policy = assets.Policy(formAction: "'none'");

    public Task InvokeAsync(HttpContext context, RequestDelegate next)
    {
        var request = context.Request;
        var headers = context.Response.Headers;
        headers.ContentSecurityPolicy = _policy;
        headers.XContentTypeOptions = "nosniff";
        headers["Referrer-Policy"] = "no-referrer";
        headers.CacheControl = "no-store";
        if (request.Host.Host is not ("localhost" or "127.0.0.1"))
            return RefuseAsync(context, StatusCodes.Status400BadRequest, "this address is served as localhost and 127.0.0.1 only");
        if (OtlpReceiver.Owns(request.Path) || request.Path == "/web/osmen.css")
            return next(context);
        if (!HttpMethods.IsGet(request.Method) && !HttpMethods.IsHead(request.Method) && !IsSameOrigin(request))
            return RefuseAsync(context, StatusCodes.Status403Forbidden, "requests that change something must come from the dashboard's own page");
        if (request.Path == "/login")
            return LogInAsync(context);

        // Cookies know no ports: each dashboard of this machine has one of its own.
        var isKnown = IsToken(request.Cookies[CookieName(request)])
            || (request.Headers.Authorization is [{ } authorization] && authorization.StartsWith("Bearer ", StringComparison.Ordinal) && IsToken(authorization["Bearer ".Length..]));
        return isKnown ? next(context) : NotLoggedInAsync(context);
    }

    private Task LogInAsync(HttpContext context)
    {
        if (!IsToken(context.Request.Query["t"]))
            return NotLoggedInAsync(context);
        context.Response.Cookies.Append(CookieName(context.Request), token, new() { HttpOnly = true, SameSite = SameSiteMode.Strict, Path = "/", IsEssential = true });
        context.Response.Redirect("/");
        return Task.CompletedTask;
    }

    private static string CookieName(HttpRequest request) => string.Create(System.Globalization.CultureInfo.InvariantCulture, $"osmen-dashboard-{request.Host.Port ?? 80}");

    private bool IsToken(string? given) => given is not null && CryptographicOperations.FixedTimeEquals(Encoding.UTF8.GetBytes(given), _token);

    // A client that is no browser sends neither; it has the token, and no cookie that could be misused.
    private static bool IsSameOrigin(HttpRequest request) => request.Headers.Origin is [{ } origin]
        ? origin == $"{request.Scheme}://{request.Host}"
        : request.Headers.Cookie.Count == 0 && request.Headers["Sec-Fetch-Site"].Count == 0;

    private Task NotLoggedInAsync(HttpContext context) => context.Request.Path.StartsWithSegments("/api", StringComparison.Ordinal)
        ? RefuseAsync(context, StatusCodes.Status401Unauthorized, "the token is missing or wrong: open the link that AppHost printed")
        : assets.WriteAsync(context, "login.html", StatusCodes.Status401Unauthorized);

    private static Task RefuseAsync(HttpContext context, int status, string reason)
    {
        context.Response.StatusCode = status;
        context.Response.ContentType = "text/plain; charset=utf-8";
        return context.Response.WriteAsync(reason + "\n", context.RequestAborted);
    }
}
