using System.Net.WebSockets;
using OsMEN.Executions;
using OsMEN.Executions.Metrics;
using OsMEN.Gateway.Problems;
using OsMEN.Gateway.Security;
using OsMEN.ServiceDefaults.Metrics;

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

        var place = connections.TryEnter();
        if (place is null)
        {
            ProblemResponse.SetRetryAfter(context, TimeSpan.FromSeconds(5));
            await ProblemResponse.WriteAsync(context, StatusCodes.Status503ServiceUnavailable, "This gateway has as many connections as it takes.");
        }

        return place;
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

/// <summary>Counts the open connections, and bounds them.</summary>
internal sealed class WebSocketConnections
{
    private const int Max = 20_000;

    private int _open;
    private long _slow;

    public WebSocketConnections(MetricFactory metrics, ConnectionMetrics connections)
    {
        metrics.ObservableGauge(MetricCatalog.WebSockets, () => [new(Open)]);
        connections.Add("websocket", () => Open);
    }

    public int Open => Volatile.Read(ref _open);

    /// <summary>How many were closed because they were read too slowly.</summary>
    public long ClosedAsSlow => Volatile.Read(ref _slow);

    public void CountSlow() => Interlocked.Increment(ref _slow);

    /// <summary>Null when there is no room; dispose to leave.</summary>
    public IDisposable? TryEnter()
    {
        if (Interlocked.Increment(ref _open) <= Max)
            return new Place(this);
        Interlocked.Decrement(ref _open);
        return null;
    }

    private sealed class Place(WebSocketConnections connections) : IDisposable
    {
        public void Dispose() => Interlocked.Decrement(ref connections._open);
    }
}
