using System.Collections.Concurrent;
using System.Net.WebSockets;
using System.Text;
using System.Threading.Channels;
using OsMEN.Executions;
using OsMEN.Gateway.Executions;
using OsMEN.Gateway.Security;

namespace OsMEN.Gateway.Streams;

/// <summary>
/// One connection: reads what the client wants, follows each execution that it subscribed to, and sends all frames through one
/// bounded queue. While the queue is full the feeds wait, reading on from the store later; a client that takes nothing for
/// <see cref="SlowReader"/> is closed with 1013 (try again later) and can resume with <c>after</c>.
/// </summary>
internal sealed partial class WebSocketSession(
    WebSocket socket, ApiKey key, KeyRing keys, IExecutionStore store, EventFeed feed, TimeProvider time, ILogger logger)
{
    private const int MaxSubscriptions = 1000;
    private const int MaxMessage = 16 * 1024;
    private const int MaxQueued = 1000;

    private static readonly TimeSpan SlowReader = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan KeyCheck = TimeSpan.FromMilliseconds(500);
    private static readonly TimeSpan CloseTimeout = TimeSpan.FromSeconds(2);

    private readonly Channel<string> _outgoing = Channel.CreateBounded<string>(new BoundedChannelOptions(MaxQueued) { SingleReader = true });
    private readonly ConcurrentDictionary<string, (CancellationTokenSource Stop, Task Running)> _subscriptions = new(StringComparer.OrdinalIgnoreCase);
    private WebSocketCloseStatus _closeStatus = WebSocketCloseStatus.NormalClosure;
    private string? _closeReason;

    /// <summary>Runs until either side closes. <paramref name="ending"/> is the server's wish to end.</summary>
    public async Task RunAsync(CancellationToken ending)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(ending);
        var sending = SendAsync(stop.Token);
        var watching = WatchKeyAsync(stop);
        try
        {
            await ReceiveAsync(stop);
        }
        catch (Exception e) when (e is WebSocketException or OperationCanceledException)
        {
            if (ending.IsCancellationRequested)
                (_closeStatus, _closeReason) = (WebSocketCloseStatus.EndpointUnavailable, "The gateway stops; connect again.");
        }

        await stop.CancelAsync();
        foreach (var (_, (own, running)) in _subscriptions)
        {
            await running;
            own.Dispose();
        }

        await sending;
        await watching;
        await CloseAsync();
    }

    private async Task ReceiveAsync(CancellationTokenSource stop)
    {
        var buffer = new byte[MaxMessage];
        while (true)
        {
            var length = 0;
            ValueWebSocketReceiveResult received;
            do
            {
                received = await socket.ReceiveAsync(buffer.AsMemory(length), stop.Token);
                length += received.Count;
                if (received.MessageType == WebSocketMessageType.Close)
                    return;
                if (length == MaxMessage && !received.EndOfMessage)
                {
                    (_closeStatus, _closeReason) = (WebSocketCloseStatus.MessageTooBig, "Messages are at most 16 KB.");
                    return;
                }
            }
            while (!received.EndOfMessage);
            if (received.MessageType != WebSocketMessageType.Text)
            {
                (_closeStatus, _closeReason) = (WebSocketCloseStatus.InvalidMessageType, "Messages are text.");
                return;
            }

            await HandleAsync(buffer.AsMemory(0, length), stop);
        }
    }

    private async Task HandleAsync(ReadOnlyMemory<byte> utf8, CancellationTokenSource stop)
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
    }

    private async Task SubscribeAsync(ClientMessage message, CancellationTokenSource stop)
    {
        var id = message.ExecutionId!;
        if (_subscriptions.TryGetValue(id, out var earlier) && earlier.Running.IsCompleted)
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
        var own = CancellationTokenSource.CreateLinkedTokenSource(stop.Token);
        _subscriptions[id] = (own, FollowAsync(execution!.Id, message.After, own.Token, stop));
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
        foreach (var (id, (_, running)) in _subscriptions)
        {
            if (running.IsCompleted)
                await UnsubscribeAsync(id);
        }

        return _subscriptions.Count < MaxSubscriptions;
    }

    private async Task FollowAsync(Guid id, long after, CancellationToken cancellationToken, CancellationTokenSource stop)
    {
        try
        {
            var next = after + 1;
            await foreach (var page in feed.ReadAsync(id, after, cancellationToken))
            {
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
        using var patience = new CancellationTokenSource(SlowReader, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(patience.Token, stop.Token);
        try
        {
            await _outgoing.Writer.WriteAsync(frame, either.Token);
        }
        catch (OperationCanceledException) when (!stop.IsCancellationRequested)
        {
            (_closeStatus, _closeReason) = ((WebSocketCloseStatus)1013, "The connection is read too slowly; resume with after.");
            await stop.CancelAsync();
            throw;
        }
    }

    private async Task SendAsync(CancellationToken cancellationToken)
    {
        try
        {
            await foreach (var frame in _outgoing.Reader.ReadAllAsync(cancellationToken))
                await socket.SendAsync(Encoding.UTF8.GetBytes(frame), WebSocketMessageType.Text, endOfMessage: true, cancellationToken);
        }
        catch (Exception e) when (e is WebSocketException or OperationCanceledException or ObjectDisposedException)
        {
            // The receiving side sees the same end.
        }
    }

    // A key that is revoked or expires closes what it opened.
    private async Task WatchKeyAsync(CancellationTokenSource stop)
    {
        using var timer = new PeriodicTimer(KeyCheck, time);
        try
        {
            while (await timer.WaitForNextTickAsync(stop.Token))
            {
                if (keys.IsStillGood(key))
                    continue;
                (_closeStatus, _closeReason) = (WebSocketCloseStatus.PolicyViolation, "The key is no longer valid.");
                await stop.CancelAsync();
            }
        }
        catch (OperationCanceledException)
        {
            // The connection ends.
        }
    }

    private async Task CloseAsync()
    {
        using var limit = new CancellationTokenSource(CloseTimeout, time);
        try
        {
            if (socket.State is WebSocketState.Open or WebSocketState.CloseReceived)
                await socket.CloseOutputAsync(_closeStatus, _closeReason, limit.Token);
        }
        catch (Exception e) when (e is WebSocketException or OperationCanceledException or ObjectDisposedException)
        {
            // It is gone already.
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "Events of execution {Execution} could not be read")]
    private static partial void LogFailed(ILogger logger, Exception e, Guid execution);
}
