using System.Buffers;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using OsMEN.ServiceDefaults.StandIns.Prometheus;

namespace Microsoft.AspNetCore.Builder;

/// <summary>Stands in for OpenTelemetry.Exporter.Prometheus.AspNetCore.</summary>
public static class PrometheusExporterEndpointRouteBuilderExtensions
{
    private const string Text = "text/plain; version=0.0.4; charset=utf-8";
    private const string OpenMetrics = "application/openmetrics-text; version=1.0.0; charset=utf-8";

    /// <summary>Serves the metrics as Prometheus text, or as OpenMetrics to who prefers it.</summary>
    public static IEndpointConventionBuilder MapPrometheusScrapingEndpoint(this IEndpointRouteBuilder endpoints, string path = "/metrics")
    {
        ArgumentNullException.ThrowIfNull(endpoints);
        return endpoints.MapGet(path, (RequestDelegate)ScrapeAsync);
    }

    private static async Task ScrapeAsync(HttpContext context)
    {
        var openMetrics = PrefersOpenMetrics(context.Request);
        var (bytes, length) = context.RequestServices.GetRequiredService<PrometheusExporter>().Scrape(openMetrics);
        try
        {
            context.Response.ContentType = openMetrics ? OpenMetrics : Text;
            context.Response.ContentLength = length;
            await context.Response.Body.WriteAsync(bytes.AsMemory(0, length), context.RequestAborted);
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(bytes);
        }
    }

    private static bool PrefersOpenMetrics(HttpRequest request)
    {
        var (openMetrics, text) = (0.0, 0.0);
        foreach (var accepted in request.GetTypedHeaders().Accept)
        {
            var quality = accepted.Quality ?? 1;
            if (accepted.MediaType.Equals("application/openmetrics-text", StringComparison.OrdinalIgnoreCase)) openMetrics = Math.Max(openMetrics, quality);
            else if (accepted.MediaType.Equals("text/plain", StringComparison.OrdinalIgnoreCase)) text = Math.Max(text, quality);
        }
        return openMetrics > 0 && openMetrics >= text;
    }
}
