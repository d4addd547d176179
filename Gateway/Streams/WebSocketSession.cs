using System.Collections.Concurrent;
using System.Net.WebSockets;
using System.Text;
using System.Threading.Channels;
using OsMEN.Executions;
using OsMEN.Executions.Metrics;
using OsMEN.Gateway.Executions;
using OsMEN.Gateway.Security;

namespace OsMEN.Gateway.Streams;

/// <summary>
/// One connection: reads what the client wants, follows each execution that it subscribed to, and sends all frames through one
/// bounded queue. While the queue is full the feeds wait, reading on from the store later; a client that takes nothing for
/// <see cref="StreamLimits.SlowReader"/> is closed with 1013 (try again later) and can resume with <c>after</c>.
/// </summary>
internal sealed partial class WebSocketSession(
    WebSocket socket, ApiKey key, CallerEnd callerEnd, IExecutionStore store, EventFeed feed, WebSocketConnections connections, MessageMetrics messages, StreamLimits limits, TimeProvider time, ILogger logger)
{
    private const int MaxSubscriptions = 1000;
    private const int MaxMessage = 16 * 1024;

    // Frames may be large: a log line is up to 1 MiB.
    private const int MaxQueued = 64;

    private readonly Channel<string> _outgoing = Channel.CreateBounded<string>(new BoundedChannelOptions(MaxQueued) { SingleReader = true });
    private readonly ConcurrentDictionary<string, Subscription> _subscriptions = new(StringComparer.OrdinalIgnoreCase);
    private WebSocketCloseStatus _closeStatus = WebSocketCloseStatus.NormalClosure;
    private string? _closeReason;

    /// <summary>Runs until either side closes. <paramref name="ending"/> is the server's wish to end.</summary>
    public async Task RunAsync(CancellationToken ending)
    {
        using var stop = new CancellationTokenSource();
        await using var ended = ending.Register(() => Stop(stop, WebSocketCloseStatus.EndpointUnavailable, "The gateway stops; connect again."));

        await using var callerEnded = callerEnd.Token.Register(() => Stop(stop, WebSocketCloseStatus.PolicyViolation, callerEnd.Reason));
        var stopped = Task.Delay(Timeout.Infinite, stop.Token);
        var sending = SendAsync(stop.Token);
        var receiving = ReceiveAsync(stop);
        await Task.WhenAny(receiving, stopped);
        await stop.CancelAsync();
        foreach (var (_, subscription) in _subscriptions)
        {
            await subscription.Running;
            subscription.Stop.Dispose();
        }

        await socket.CloseAsync(sending, receiving, _closeStatus, _closeReason, limits.CloseTimeout, time);
    }

    private void Stop(CancellationTokenSource stop, WebSocketCloseStatus status, string reason)
    {
        if (stop.IsCancellationRequested)
            return;
        (_closeStatus, _closeReason) = (status, reason);
        stop.Cancel();
    }

    // Without a token: a receive that is cancelled takes the connection with it, and no close frame could say why.
    private async Task ReceiveAsync(CancellationTokenSource stop)
    {
        try
        {
            var buffer = new byte[MaxMessage];
            while (await ReceiveMessageAsync(buffer, stop) is { } length and >= 0)
            {
                if (stop.IsCancellationRequested)
                    continue;
                var started = time.GetTimestamp();
                var type = await HandleAsync(buffer.AsMemory(0, length), stop);
                messages.Count(type, type is null, length, time.GetElapsedTime(started));
            }
        }
        catch (Exception e) when (e is WebSocketException or OperationCanceledException)
        {
            // The client is gone, or the connection ends.
        }
    }

    /// <summary>Length of a whole message, -1 at the end.</summary>
    private async Task<int> ReceiveMessageAsync(byte[] buffer, CancellationTokenSource stop)
    {
        for (var length = 0; ;)
        {
            var received = await socket.ReceiveAsync(buffer.AsMemory(length), CancellationToken.None);
            length += received.Count;
            if (received.MessageType == WebSocketMessageType.Close)
                return -1;
            if (received.MessageType != WebSocketMessageType.Text)
                Stop(stop, WebSocketCloseStatus.InvalidMessageType, "Messages are text.");
            if (received.EndOfMessage)
                return length;
            if (length < MaxMessage)
                continue;
            Stop(stop, WebSocketCloseStatus.MessageTooBig, "Messages are at most 16 KB.");
            length = 0;
        }
    }

    /// <summary>Answers a client's message; returns its type, null where it has none.</summary>
    private async Task<string?> HandleAsync(ReadOnlyMemory<byte> utf8, CancellationTokenSource stop)
    {
        var (message, error) = ClientMessage.Read(utf8.Span);
        switch (message?.Type)
        {
            case null:
                await QueueAsync(StreamFrames.Error(null, error!, time.GetUtcNow()), stop);
                break;
            case "ping":
                await QueueAsync(StreamFrames.Control("pong", null, time.GetUtcNow()), stop);
                break;
            case "unsubscribe":
                await UnsubscribeAsync(message.ExecutionId!);
                await QueueAsync(StreamFrames.Control("unsubscribed", message.ExecutionId, time.GetUtcNow()), stop);
                break;
            default:
                await SubscribeAsync(message, stop);
                break;
        }

        return message?.Type;
    }

    private async Task SubscribeAsync(ClientMessage message, CancellationTokenSource stop)
    {
        var id = message.ExecutionId!;
        if (_subscriptions.TryGetValue(id, out var earlier) && earlier.IsOver)
            await UnsubscribeAsync(id);
        string? refused = null;
        Execution? execution = null;
        if (_subscriptions.ContainsKey(id))
            refused = "This execution is subscribed to already.";
        else if (_subscriptions.Count >= MaxSubscriptions && !await ForgetEndedAsync())
            refused = $"A connection follows at most {MaxSubscriptions} executions.";
        else
        {
            execution = await ExecutionAccess.FindAsync(store, key, id, stop.Token);
            refused = execution is null ? "There is no such execution." : null;
        }

        if (refused is not null)
        {
            await QueueAsync(StreamFrames.Error(id, refused, time.GetUtcNow()), stop);
            return;
        }

        await QueueAsync(StreamFrames.Control("subscribed", id, time.GetUtcNow()), stop);
        var subscription = new Subscription(CancellationTokenSource.CreateLinkedTokenSource(stop.Token));
        _subscriptions[id] = subscription;
        subscription.Running = FollowAsync(subscription, execution!.Id, message.After, stop);
    }

    private async Task UnsubscribeAsync(string id)
    {
        if (!_subscriptions.TryRemove(id, out var subscription))
            return;
        await subscription.Stop.CancelAsync();
        await subscription.Running;
        subscription.Stop.Dispose();
    }

    private async Task<bool> ForgetEndedAsync()
    {
        foreach (var (id, subscription) in _subscriptions)
        {
            if (subscription.Running.IsCompleted)
                await UnsubscribeAsync(id);
        }

        return _subscriptions.Count < MaxSubscriptions;
    }

    private async Task FollowAsync(Subscription subscription, Guid id, long after, CancellationTokenSource stop)
    {
        var cancellationToken = subscription.Stop.Token;
        try
        {
            var next = after + 1;
            await foreach (var page in feed.ReadAsync(id, after, cancellationToken))
            {
                // Before its last frame goes out: the client may subscribe again as soon as it has that.
                subscription.IsEnding = page.Status.IsFinal();
                if (StreamFrames.GapBefore(page, next, id, time.GetUtcNow()) is { } gap)
                    await QueueAsync(gap, stop);
                foreach (var frame in page.Frames)
                {
                    cancellationToken.ThrowIfCancellationRequested();
                    await QueueAsync(frame, stop);
                }

                next = page.LastSeq + 1;
            }
        }
        catch (OperationCanceledException)
        {
            // Unsubscribed, or the connection ends.
        }
        catch (Exception e)
        {
            // The store is away: the client hears of it and subscribes again, after what it has.
            LogFailed(logger, e, id);
            _outgoing.Writer.TryWrite(StreamFrames.Error(id.ToString(), "The events cannot be read now; subscribe again.", time.GetUtcNow()));
        }
    }

    private async ValueTask QueueAsync(string frame, CancellationTokenSource stop)
    {
        if (_outgoing.Writer.TryWrite(frame))
            return;
        using var patience = new CancellationTokenSource(limits.SlowReader, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(patience.Token, stop.Token);
        try
        {
            await _outgoing.Writer.WriteAsync(frame, either.Token);
        }
        catch (OperationCanceledException) when (!stop.IsCancellationRequested)
        {
            connections.CountSlow();
            Stop(stop, (WebSocketCloseStatus)1013, "The connection is read too slowly; resume with after.");
            throw;
        }
    }

    private async Task SendAsync(CancellationToken cancellationToken)
    {
        try
        {
            await foreach (var frame in _outgoing.Reader.ReadAllAsync(cancellationToken))
            {
                var started = time.GetTimestamp();
                var bytes = Encoding.UTF8.GetBytes(frame);
                await socket.SendAsync(bytes, WebSocketMessageType.Text, endOfMessage: true, CancellationToken.None);
                var type = StreamFrames.TypeOf(frame);
                messages.Count(type, type is "error", bytes.Length, time.GetElapsedTime(started));
            }
        }
        catch (Exception e) when (e is WebSocketException or OperationCanceledException or ObjectDisposedException)
        {
            // The receiving side sees the same end.
        }
    }

    private sealed class Subscription(CancellationTokenSource stop)
    {
        public CancellationTokenSource Stop => stop;

        public Task Running { get; set; } = Task.CompletedTask;

        /// <summary>The execution has ended, and what is left of its events is on its way.</summary>
        public bool IsEnding { get; set; }

        public bool IsOver => IsEnding || Running.IsCompleted;
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "Events of execution {Execution} could not be read")]
    private static partial void LogFailed(ILogger logger, Exception e, Guid execution);
}

/// <summary>Patience with clients.</summary>
/// <param name="SlowReader">How long a full queue may stay full.</param>
/// <param name="CloseTimeout">How long a closing connection may take to send what is under way and to answer.</param>
internal sealed record StreamLimits(TimeSpan SlowReader, TimeSpan CloseTimeout)
{
    public static readonly StreamLimits Default = new(TimeSpan.FromSeconds(10), TimeSpan.FromSeconds(5));
}
