using Microsoft.AspNetCore.Http;
using OsMEN.ServiceDefaults.Metrics;

namespace OsMEN.ServiceDefaults.Tracing;

/// <summary>Stands after routing: it knows the endpoint, and the caller where authentication came before.</summary>
internal sealed class RoutedRequest(RequestDelegate next, HttpMetrics metrics)
{
    public async Task InvokeAsync(HttpContext context)
    {
        var endpoint = context.GetEndpoint();
        if (context.Features.Get<RequestScope>() is { } request)
        {
            request.Endpoint = endpoint;
            request.UserId = context.User.Identity?.Name;
        }
        var tags = HttpMetrics.Labels(context, HttpMetrics.RouteOf(endpoint));
        metrics.Started(tags);
        try
        {
            await next(context);
        }
        finally
        {
            metrics.Ended(tags);
        }
    }
}
