using System.Collections.Concurrent;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.Logging;

namespace OsMEN.Tests.Infrastructure;

/// <summary>
/// A model server on 127.0.0.1 that speaks OpenAI's and Anthropic's wire formats and answers, request by request, what the test has
/// scripted. Requests are kept.
/// </summary>
internal sealed class ScriptedModelServer : IAsyncDisposable
{
    private readonly WebApplication _app;
    private readonly ConcurrentQueue<ScriptedAnswer> _script = new();

    private ScriptedModelServer(WebApplication app) => _app = app;

    public Uri Address => new(_app.Urls.First());

    public ConcurrentQueue<(string Path, string? Authorization, JsonElement Body)> Requests { get; } = new();

    /// <summary>What a request gets for which nothing is scripted any more; 599 where there is none.</summary>
    public Func<JsonElement, ScriptedAnswer>? Otherwise { get; set; }

    public static async Task<ScriptedModelServer> StartAsync()
    {
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().UseUrls("http://127.0.0.1:0");
        builder.Logging.ClearProviders();
        var app = builder.Build();
        var server = new ScriptedModelServer(app);
        app.Run(server.AnswerAsync);
        await app.StartAsync();
        return server;
    }

    public void Then(params ReadOnlySpan<ScriptedAnswer> answers)
    {
        foreach (var answer in answers)
            _script.Enqueue(answer);
    }

    public async ValueTask DisposeAsync()
    {
        // A scripted hang ends with its request.
        using var now = new CancellationTokenSource(TimeSpan.Zero);
        await _app.StopAsync(now.Token);
        await _app.DisposeAsync();
    }

    private async Task AnswerAsync(HttpContext context)
    {
        using var body = await JsonDocument.ParseAsync(context.Request.Body, cancellationToken: context.RequestAborted);
        Requests.Enqueue((context.Request.Path, context.Request.Headers["x-api-key"].FirstOrDefault() ?? context.Request.Headers.Authorization, body.RootElement.Clone()));
        if (!_script.TryDequeue(out var answer) && (answer = Otherwise?.Invoke(body.RootElement)) is null)
        {
            context.Response.StatusCode = 599;
            return;
        }

        context.Response.StatusCode = answer.Status;
        if (answer.RetryAfter is { } wait)
            context.Response.Headers.RetryAfter = wait;
        context.Response.ContentType = answer.ContentType ?? (answer.IsStream ? "text/event-stream" : "application/json");

        // Fewer bytes than announced: the client gets them all and then sees the connection close. An abort could lose them.
        if (answer.Pieces[^1] == ScriptedAnswer.Cut)
            context.Response.ContentLength = 1 << 20;
        for (var i = 0; i < answer.Pieces.Count; i++)
        {
            var piece = answer.Pieces[i];
            if (answer.Before is { } before)
                await before(i);
            if (piece == ScriptedAnswer.Hang)
                await Task.Delay(Timeout.Infinite, context.RequestAborted);
            if (piece == ScriptedAnswer.Cut)
                return;
            await context.Response.WriteAsync(piece, context.RequestAborted);
            await context.Response.Body.FlushAsync(context.RequestAborted);
        }
    }
}

/// <summary>One answer: whole, in pieces, or an error.</summary>
internal sealed record ScriptedAnswer(int Status, bool IsStream, IReadOnlyList<string> Pieces, string? RetryAfter = null)
{
    /// <summary>Waited for before the piece of that number is sent.</summary>
    public Func<int, Task>? Before { get; init; }

    /// <summary>In the place of a piece: nothing more comes.</summary>
    public const string Hang = "\u0001hang";

    /// <summary>In the place of a piece: the connection breaks.</summary>
    public const string Cut = "\u0001cut";

    /// <summary>Another than that of its kind.</summary>
    public string? ContentType { get; init; }

    public static ScriptedAnswer Json(string json) => new(200, false, [json]);

    public static ScriptedAnswer Error(int status, string message, string? retryAfter = null) =>
        new(status, false, [$$$"""{"error":{"type":"scripted","message":"{{{message}}}"}}"""], retryAfter);

    /// <summary>Server-sent events as OpenAI sends them, closed with [DONE] unless the last piece is a hang or a cut.</summary>
    public static ScriptedAnswer OpenAI(params string[] chunks) =>
        new(200, true, [.. chunks.Select(c => IsEnd(c) ? c : $"data: {c}\n\n"), .. IsEnd(chunks[^1]) ? [] : new[] { "data: [DONE]\n\n" }]);

    /// <summary>Server-sent events as Anthropic sends them, with the name of each.</summary>
    public static ScriptedAnswer Anthropic(params string[] events) =>
        new(200, true, [.. events.Select(e => IsEnd(e) ? e : $"event: {JsonDocument.Parse(e).RootElement.GetProperty("type").GetString()}\ndata: {e}\n\n")]);

    private static bool IsEnd(string piece) => piece is Hang or Cut;
}
