using System.Collections.Concurrent;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.Logging;

namespace OsMEN.Tests.ServiceDefaults;

public sealed class OtlpTests
{
    [Fact]
    public async Task Logs_traces_and_metrics_go_to_their_destinations_without_secrets()
    {
        var received = new ConcurrentQueue<(string Path, string? Key, string Body)>();
        await using var collector = await CollectorAsync(received);
        var address = collector.Urls.First();
        await using (var service = await TestService.StartAsync(
            map: app => app.MapGet("/work", (ILogger<OtlpTests> logger) =>
            {
                logger.LogInformation("Worked with {Key} for {Duration_Ms} ms", "osm_abcdef123456", 5);
                return "done";
            }),
            settings:
            [
                ("OTEL_EXPORTER_OTLP_ENDPOINT", address), ("OTEL_EXPORTER_OTLP_PROTOCOL", "http/protobuf"),
                ("OTEL_EXPORTER_OTLP_HEADERS", "x-otlp-api-key=of-the-first"),
                ("LOKI_OTLP_ENDPOINT", address + "/loki"), ("JAEGER_OTLP_ENDPOINT", address + "/jaeger"),
            ]))
        {
            await service.GetAsync("/work");
            await service.App.StopAsync(TestContext.Current.CancellationToken);
        }

        Assert.Equal(
            ["/jaeger/v1/traces", "/loki/v1/logs", "/v1/logs", "/v1/metrics", "/v1/traces"],
            received.Select(r => r.Path).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal));
        Assert.All(received, r => Assert.Equal(r.Path.StartsWith("/v1/", StringComparison.Ordinal) ? "of-the-first" : null, r.Key));
        Assert.Contains(received, r => r.Path == "/v1/traces" && r.Body.Contains("GET /work", StringComparison.Ordinal));
        Assert.Contains(received, r => r.Path == "/v1/logs" && r.Body.Contains("Worked with osm_*** for 5 ms", StringComparison.Ordinal) && r.Body.Contains("duration_ms", StringComparison.Ordinal));
        Assert.DoesNotContain(received, r => r.Body.Contains("abcdef123456", StringComparison.Ordinal));
    }

    private static async Task<WebApplication> CollectorAsync(ConcurrentQueue<(string Path, string? Key, string Body)> received)
    {
        var builder = WebApplication.CreateEmptyBuilder(new());
        builder.WebHost.UseKestrelCore().UseUrls("http://127.0.0.1:0");
        var collector = builder.Build();
        collector.Run(async context =>
        {
            using var body = new MemoryStream();
            await context.Request.Body.CopyToAsync(body, context.RequestAborted);
            received.Enqueue((context.Request.Path.Value!, (string?)context.Request.Headers["x-otlp-api-key"], Encoding.Latin1.GetString(body.ToArray())));
        });
        await collector.StartAsync(TestContext.Current.CancellationToken);
        return collector;
    }
}
