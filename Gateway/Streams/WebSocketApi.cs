using System.Net.WebSockets;
using OsMEN.Executions;
using OsMEN.Executions.Metrics;
using OsMEN.Gateway.Problems;
using OsMEN.Gateway.Security;

namespace OsMEN.Gateway.Streams;

/// <summary>Many executions' events over one connection.</summary>
internal static class WebSocketApi
{
    public const string Path = "/ws";

    private const string Subprotocol = "osmen";

    public static void MapWebSocketApi(this IEndpointRouteBuilder app) =>
        app.Map(Path, ConnectAsync).RequireAuthorization(Policies.Read).WithTags("Streams").ExcludeFromDescription();

    private static async Task ConnectAsync(
        HttpContext context, IExecutionStore store, EventFeed feed, WebSocketConnections connections, MessageMetrics messages, StreamLimits limits, IHostApplicationLifetime lifetime, TimeProvider time, ILogger<WebSocketSession> logger)
    {
        using var place = await TryEnterAsync(context, connections);
        if (place is null)
            return;
        using var socket = await AcceptAsync(context);
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted, lifetime.ApplicationStopping);
        using var callerEnd = CallerEnd.Of(context);
        await new WebSocketSession(socket, ApiKeyAuthentication.KeyOf(context), callerEnd, store, feed, connections, messages, limits, time, logger).RunAsync(ending.Token);
    }

    /// <summary>A place among the connections, to be disposed; null when the request was answered with why there is none.</summary>
    public static async Task<IDisposable?> TryEnterAsync(HttpContext context, WebSocketConnections connections)
    {
        if (!context.WebSockets.IsWebSocketRequest)
        {
            context.Response.Headers.Upgrade = "websocket";
            await ProblemResponse.WriteAsync(context, StatusCodes.Status426UpgradeRequired, "This address speaks WebSocket only.");
            return null;
        }

        if (connections.TryEnter(ApiKeyAuthentication.KeyOf(context).Id, out var isKeysLimit) is { } place)
            return place;
        ProblemResponse.SetRetryAfter(context, TimeSpan.FromSeconds(5));
        await (isKeysLimit
            ? ProblemResponse.WriteAsync(
                context, StatusCodes.Status429TooManyRequests, $"This key has {connections.PerKey} WebSockets open on this gateway, as many as {WebSocketConnections.Setting} allows. Close some.")
            : ProblemResponse.WriteAsync(context, StatusCodes.Status503ServiceUnavailable, "This gateway has as many WebSockets open as it takes. Try again later."));
        return null;
    }

    public static Task<WebSocket> AcceptAsync(HttpContext context) => context.WebSockets.AcceptWebSocketAsync(new WebSocketAcceptContext
    {
        // A browser closes unless one of the protocols that it offered is chosen.
        SubProtocol = context.WebSockets.WebSocketRequestedProtocols.FirstOrDefault(p => p == Subprotocol)
            ?? context.WebSockets.WebSocketRequestedProtocols.FirstOrDefault(p => p.StartsWith(ApiKeyAuthentication.SubprotocolPrefix, StringComparison.Ordinal)),
        KeepAliveInterval = TimeSpan.FromSeconds(30),
        KeepAliveTimeout = TimeSpan.FromSeconds(30),
    });
}
