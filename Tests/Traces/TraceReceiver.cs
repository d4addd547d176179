using System.Collections.Concurrent;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using OsMEN.Tests.Infrastructure;

namespace OsMEN.Tests.Traces;

/// <summary>An OTLP/HTTP endpoint that keeps the spans it receives.</summary>
internal sealed class TraceReceiver : IAsyncDisposable
{
    private readonly ConcurrentQueue<ReceivedSpan> _spans = new();
    private readonly WebApplication _app;

    private TraceReceiver()
    {
        var builder = WebApplication.CreateEmptyBuilder(new());
        builder.WebHost.UseKestrelCore().UseUrls("http://127.0.0.1:0");
        _app = builder.Build();
        _app.Run(ReceiveAsync);
    }

    /// <summary>The settings of a service that exports to it.</summary>
    public IEnumerable<(string Name, string Value)> Variables => [("OTEL_EXPORTER_OTLP_ENDPOINT", _app.Urls.First()), ("OTEL_EXPORTER_OTLP_PROTOCOL", "http/protobuf")];

    /// <summary>The ids of all traces received.</summary>
    public IEnumerable<string> TraceIds => _spans.Select(s => s.TraceId).Distinct(StringComparer.Ordinal);

    public static async Task<TraceReceiver> StartAsync()
    {
        var receiver = new TraceReceiver();
        await receiver._app.StartAsync(TestContext.Current.CancellationToken);
        return receiver;
    }

    /// <summary>The spans of a trace in the order of their start.</summary>
    public IReadOnlyList<ReceivedSpan> Find(string traceId) => [.. _spans.Where(s => s.TraceId == traceId).OrderBy(s => s.Start)];

    /// <summary>The spans of a trace, once spans of these names have arrived.</summary>
    public async Task<IReadOnlyList<ReceivedSpan>> UntilAsync(string traceId, params string[] names)
    {
        await Programs.UntilAsync(() => Task.FromResult(names.All(n => Find(traceId).Any(s => s.Name == n))), $"the spans {string.Join(", ", names)} arrive");
        return Find(traceId);
    }

    public ValueTask DisposeAsync() => _app.DisposeAsync();

    private async Task ReceiveAsync(HttpContext context)
    {
        using var body = new MemoryStream();
        await context.Request.Body.CopyToAsync(body, context.RequestAborted);
        if (context.Request.Path == "/v1/traces")
            foreach (var span in OtlpSpans.Read(body.ToArray())) _spans.Enqueue(span);
        context.Response.ContentType = "application/x-protobuf";
    }
}
