using System.Collections.Concurrent;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace OsMEN.Tests.Infrastructure;

/// <summary>A request that was received.</summary>
internal sealed record ReceivedRequest(string Method, string Path, IReadOnlyDictionary<string, string> Headers, string Body);

/// <summary>A web server on 127.0.0.1 that keeps what it receives, and answers as it is told to.</summary>
internal sealed class HttpReceiver : IAsyncDisposable
{
    private readonly WebApplication _app;

    private HttpReceiver(WebApplication app) => _app = app;

    public Uri Address => new(_app.Urls.First());

    public ConcurrentQueue<ReceivedRequest> Requests { get; } = new();

    /// <summary>The status of answers.</summary>
    public int Status { get; set; } = 200;

    /// <summary>Where answers send to; null is nowhere.</summary>
    public Uri? Location { get; set; }

    /// <summary>The text of answers.</summary>
    public string Answer { get; set; } = "ok";

    /// <summary>Runs while a request is being answered.</summary>
    public Func<CancellationToken, Task> During { get; set; } = _ => Task.CompletedTask;

    public static async Task<HttpReceiver> StartAsync()
    {
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().UseUrls("http://127.0.0.1:0");
        builder.Logging.ClearProviders();
        var app = builder.Build();
        var receiver = new HttpReceiver(app);
        app.Run(receiver.ReceiveAsync);
        await app.StartAsync();
        return receiver;
    }

    public async ValueTask DisposeAsync()
    {
        using var now = new CancellationTokenSource(TimeSpan.Zero);
        await _app.StopAsync(now.Token);
        await _app.DisposeAsync();
    }

    private async Task ReceiveAsync(HttpContext context)
    {
        using var reader = new StreamReader(context.Request.Body);
        var body = await reader.ReadToEndAsync(context.RequestAborted);
        Requests.Enqueue(new(context.Request.Method, context.Request.Path, context.Request.Headers.ToDictionary(h => h.Key, h => h.Value.ToString(), StringComparer.OrdinalIgnoreCase), body));
        await During(context.RequestAborted);
        context.Response.StatusCode = Status;
        if (Location is not null) context.Response.Headers.Location = Location.ToString();
        await context.Response.WriteAsync(Answer, context.RequestAborted);
    }
}
