using System.Globalization;
using Microsoft.Extensions.Logging;
using OsMEN.Executions.Metrics;
using OsMEN.Llm.Cache;
using StackExchange.Redis;

namespace OsMEN.Executions;

/// <summary>
/// What processes tell each other over Redis so that nobody has to poll: work is due, an execution is to stop, events were
/// recorded. All of it is a hint: what is lost is found by polling the store, only later.
/// </summary>
public sealed partial class ExecutionSignals(IConnectionMultiplexer redis, MessageMetrics messages, TimeProvider time, ILogger<ExecutionSignals> logger)
{
    private static readonly RedisChannel WakeChannel = RedisChannel.Literal("osmen:wake");
    private static readonly RedisChannel CancelChannel = RedisChannel.Literal("osmen:cancel");
    private static readonly RedisChannel KeysChannel = RedisChannel.Literal("osmen:keys");

    /// <summary>False while Redis is not connected: readers then poll more often. A server that hangs stays connected for some seconds.</summary>
    public bool Connected => redis.IsConnected;

    /// <summary>Says that executions are due.</summary>
    public void Wake() => Publish(WakeChannel, RedisValue.EmptyString);

    /// <summary>Asks whoever runs an execution to stop it.</summary>
    public void Cancel(Guid id) => Publish(CancelChannel, id.ToString("N"));

    /// <summary>Says that an execution changed in the store, without saying how.</summary>
    public void Changed(Guid id) => Publish(Live(id), LiveMessage.Nudge);

    /// <summary>Says that keys or users changed, without saying how.</summary>
    public void KeysChanged() => Publish(KeysChannel, RedisValue.EmptyString);

    internal void Recorded(Guid id, EventChunk chunk, bool ended) => Publish(Live(id), LiveMessage.Write(chunk, ended));

    public Task OnWakeAsync(Action handler) => SubscribeAsync(WakeChannel, (_, value) => Received("wake", value, _ => handler()));

    public Task OnCancelAsync(Action<Guid> handler) => SubscribeAsync(CancelChannel, (_, value) => Received("cancel", value, text =>
    {
        if (Guid.TryParseExact(text.ToString(), "N", out var id))
            handler(id);
    }));

    public Task OnKeysChangedAsync(Action handler) => SubscribeAsync(KeysChannel, (_, value) => Received("keys", value, _ => handler()));

    /// <summary>Follows one execution from now on; dispose to stop.</summary>
    internal async Task<LiveSubscription> FollowAsync(Guid id)
    {
        var subscription = new LiveSubscription(this, Live(id));
        subscription.IsLive = await SubscribeAsync(subscription.Channel, subscription.Receive);
        return subscription;
    }

    internal void Unfollow(LiveSubscription subscription) =>
        Send(subscriber => subscriber.UnsubscribeAsync(subscription.Channel, subscription.Receive, CommandFlags.FireAndForget));

    internal void Received(string type, RedisValue value, Action<RedisValue> handle)
    {
        var started = time.GetTimestamp();
        handle(value);
        messages.Count(type, refused: false, ((byte[]?)value)?.Length ?? 0, time.GetElapsedTime(started));
    }

    private static RedisChannel Live(Guid id) => RedisChannel.Literal(string.Create(CultureInfo.InvariantCulture, $"osmen:live:{id:N}"));

    /// <summary>Whether Redis has confirmed the subscription.</summary>
    private async Task<bool> SubscribeAsync(RedisChannel channel, Action<RedisChannel, RedisValue> handler)
    {
        try
        {
            await redis.GetSubscriber().SubscribeAsync(channel, handler).WithinLimitAsync();
            return true;
        }
        catch (Exception e) when (RedisCall.Failed(e))
        {
            // The client keeps the handler and subscribes when the connection is back.
            LogFailed(logger, e);
            return false;
        }
    }

    private void Publish(RedisChannel channel, RedisValue value)
    {
        if (redis.IsConnected)
            Send(subscriber => subscriber.PublishAsync(channel, value, CommandFlags.FireAndForget));
    }

    // Never waited for: writing to a server that reads no more blocks.
    private void Send(Func<ISubscriber, Task> send)
    {
        try
        {
            _ = send(redis.GetSubscriber());
        }
        catch (Exception e) when (RedisCall.Failed(e))
        {
            LogFailed(logger, e);
        }
    }

    [LoggerMessage(Level = LogLevel.Debug, Message = "Redis did not take a signal; polling makes up for it")]
    private static partial void LogFailed(ILogger logger, Exception e);
}
