using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using OsMEN.ServiceDefaults.Security;

namespace OsMEN.ServiceDefaults.Metrics;

/// <summary><c>GET /metrics/json</c>: what <c>/metrics</c> shows, as JSON. It asks that endpoint, so the two never differ.</summary>
internal static class JsonMetricsApi
{
    private const string Source = "/metrics";

    public static void MapJsonMetrics(this IEndpointRouteBuilder endpoints) =>
        endpoints.MapGet("/metrics/json", (RequestDelegate)AnswerAsync).RequireAuthorization(AccessPolicies.Metrics).WithMetadata(new ExcludeFromDescriptionAttribute());

    private static async Task AnswerAsync(HttpContext context)
    {
        var scrape = context.RequestServices.GetRequiredService<EndpointDataSource>().Endpoints.OfType<RouteEndpoint>().First(e => e.RoutePattern.RawText == Source).RequestDelegate!;
        using var text = new MemoryStream();
        var inner = new DefaultHttpContext { RequestServices = context.RequestServices, RequestAborted = context.RequestAborted };
        inner.Request.Method = "GET";
        inner.Request.Path = Source;
        inner.Request.Headers.Accept = "text/plain";
        inner.Response.Body = text;
        await scrape(inner);
        if (inner.Response.StatusCode != StatusCodes.Status200OK)
        {
            context.Response.StatusCode = inner.Response.StatusCode;
            return;
        }

        context.Response.ContentType = "application/json";
        await context.Response.Body.WriteAsync(JsonExposition.Convert(text.GetBuffer().AsSpan(0, (int)text.Length)), context.RequestAborted);
    }
}
