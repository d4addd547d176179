using OsMEN.Gateway.Dashboard;
using OsMEN.ServiceDefaults;

namespace OsMEN.Gateway.Info;

/// <summary>Where to go from the gateway's bare address.</summary>
internal sealed record RootView(string Service, IReadOnlyDictionary<string, string> Routes);

internal static class RootApi
{
    private static readonly RootView Root = new(
        ServiceIdentity.Solution,
        new Dictionary<string, string>(StringComparer.Ordinal)
        {
            ["dashboard"] = DashboardApi.Path,
            ["api"] = "/api/v1",
            ["openapi"] = "/api/v1/openapi.json",
            ["openai"] = "/v1",
            ["mcp"] = "/mcp",
            ["websocket"] = "/ws",
            ["health"] = "/health",
            ["metrics"] = "/metrics",
            ["info"] = "/info",
        });

    public static void MapRootApi(this IEndpointRouteBuilder app) =>
        app.MapMethods("/", [HttpMethods.Get, HttpMethods.Head], Get).AllowAnonymous().ExcludeFromDescription();

    // Browsers accept HTML. Other clients get the names of the routes, which are public.
    private static IResult Get(HttpContext context)
    {
        context.Response.Headers.Vary = "Accept";
        return context.Request.GetTypedHeaders().Accept.Any(a => a.MediaType.Equals("text/html", StringComparison.OrdinalIgnoreCase))
            ? TypedResults.Redirect(DashboardApi.Path)
            : TypedResults.Ok(Root);
    }
}
