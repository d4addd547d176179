using System.Net;
using System.Security.Cryptography;
using System.Text;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;

namespace OsMEN.ServiceDefaults.Security;

/// <summary>Names of the authorization policies of the endpoints that every service has.</summary>
public static class AccessPolicies
{
    /// <summary>
    /// Health details: any authenticated caller or the bearer token <c>METRICS_SCRAPE_TOKEN</c>; in a host without authentication
    /// of its own, callers on the same host too.
    /// </summary>
    public const string Diagnostics = "Diagnostics";

    /// <summary>Metrics: as <see cref="Diagnostics"/>, and always callers on the same host.</summary>
    public const string Metrics = "Metrics";
}

/// <summary>Asks for a caller who may see diagnostics. A host can add an <see cref="AuthorizationHandler{TRequirement}"/> of its own for it.</summary>
/// <param name="SameHost">Whether callers on the same host are let in even where the host has authentication.</param>
public sealed record DiagnosticsRequirement(bool SameHost) : IAuthorizationRequirement;

internal sealed record ScrapeToken(byte[]? Value);

internal sealed class DiagnosticsHandler(ScrapeToken token, IServiceProvider services) : AuthorizationHandler<DiagnosticsRequirement>
{
    protected override async Task HandleRequirementAsync(AuthorizationHandlerContext context, DiagnosticsRequirement requirement)
    {
        if (context.User.Identity?.IsAuthenticated == true || (context.Resource is HttpContext http
            && (HasToken(http) || (IsSameHost(http) && (requirement.SameHost || !await HasAuthenticationAsync())))))
        {
            context.Succeed(requirement);
        }
    }

    private bool HasToken(HttpContext http)
    {
        var header = http.Request.Headers.Authorization.ToString();
        return token.Value is { } expected && header.StartsWith("Bearer ", StringComparison.OrdinalIgnoreCase)
            && CryptographicOperations.FixedTimeEquals(Encoding.UTF8.GetBytes(header["Bearer ".Length..].Trim()), expected);
    }

    // A forwarded request comes from a proxy on this host on behalf of somebody elsewhere. X-Original-For is what ASP.NET Core puts where it believed
    // X-Forwarded-For: the address is then what somebody said.
    private static bool IsSameHost(HttpContext http) =>
        http.Connection.RemoteIpAddress is { } remote
        && (IPAddress.IsLoopback(remote) || remote.Equals(http.Connection.LocalIpAddress))
        && !http.Request.Headers.ContainsKey("X-Forwarded-For")
        && !http.Request.Headers.ContainsKey("X-Original-For")
        && !http.Request.Headers.ContainsKey("Forwarded")
        && IsNameOfHost(http.Request.Host.Host);

    // A page of somebody's whose name is made to resolve to this host (DNS rebinding) has the browser ask for that name.
    private static bool IsNameOfHost(string name) =>
        IPAddress.TryParse(name.Trim('[', ']'), out _) || name.Equals("localhost", StringComparison.OrdinalIgnoreCase)
        || name.Equals(Environment.MachineName, StringComparison.OrdinalIgnoreCase) || name.StartsWith($"{Environment.MachineName}.", StringComparison.OrdinalIgnoreCase);

    private async ValueTask<bool> HasAuthenticationAsync() =>
        services.GetService<IAuthenticationSchemeProvider>() is { } schemes && await schemes.GetDefaultAuthenticateSchemeAsync() is not null;
}
