using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using OpenTelemetry.Metrics;

namespace OsMEN.Bench.Metrics;

/// <summary>The exporter's scrape endpoint, called without a server or a network in between: the exporter itself is internal.</summary>
internal sealed class ScrapeEndpoint : IAsyncDisposable
{
    private readonly WebApplication _app;
    private readonly RequestDelegate _scrape;
    private readonly MemoryStream _body = new();

    private ScrapeEndpoint(WebApplication app, RequestDelegate scrape) => (_app, _scrape) = (app, scrape);

    public static ScrapeEndpoint Create(string meter)
    {
        // Never started.
        var builder = WebApplication.CreateSlimBuilder();
        builder.Services.AddOpenTelemetry().WithMetrics(metrics => metrics.AddMeter(meter).AddPrometheusExporter(o => o.ScrapeResponseCacheDurationMilliseconds = 0));
        var app = builder.Build();
        app.MapPrometheusScrapingEndpoint();
        var endpoint = ((IEndpointRouteBuilder)app).DataSources.SelectMany(s => s.Endpoints).Single();
        return new(app, endpoint.RequestDelegate!);
    }

    /// <summary>What the endpoint answers; valid until the next scrape.</summary>
    public async Task<ReadOnlyMemory<byte>> ScrapeAsync(string accept)
    {
        _body.SetLength(0);
        var context = new DefaultHttpContext { RequestServices = _app.Services };
        context.Request.Headers.Accept = accept;
        context.Response.Body = _body;
        await _scrape(context);
        if (context.Response.StatusCode != StatusCodes.Status200OK)
            throw new InvalidOperationException($"The scrape failed with {context.Response.StatusCode}.");
        return _body.GetBuffer().AsMemory(0, (int)_body.Length);
    }

    public async ValueTask DisposeAsync()
    {
        await _body.DisposeAsync();
        await _app.DisposeAsync();
    }
}
