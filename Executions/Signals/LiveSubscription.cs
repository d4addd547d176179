using System.Globalization;
using System.Threading.Channels;
using StackExchange.Redis;

namespace OsMEN.Executions;

/// <summary>What was said of an execution: events as recorded, or (without chunk) only that the store has news.</summary>
internal readonly record struct LiveMessage(EventChunk? Chunk, bool Ended)
{
    public static readonly RedisValue Nudge = "n";

    // "e" or "f" (final), the first number, a line break, the frames a line each.
    public static RedisValue Write(EventChunk chunk, bool ended) =>
        string.Create(CultureInfo.InvariantCulture, $"{(ended ? 'f' : 'e')}{chunk.FirstSeq}\n{chunk.Text}");

    public static LiveMessage Read(string text)
    {
        var line = text.IndexOf('\n', StringComparison.Ordinal);
        return line > 1 && long.TryParse(text.AsSpan(1, line - 1), CultureInfo.InvariantCulture, out var first)
            ? new LiveMessage(new EventChunk(first, text[(line + 1)..].Split('\n')), text[0] == 'f')
            : default;
    }
}

/// <summary>
/// The messages of one execution's channel, bounded: a reader that is behind loses the oldest, notices the hole by the
/// numbers, and reads the store.
/// </summary>
internal sealed class LiveSubscription(ExecutionSignals signals, RedisChannel channel) : IDisposable
{
    private readonly Channel<string> _messages = System.Threading.Channels.Channel.CreateBounded<string>(
        new BoundedChannelOptions(256) { FullMode = BoundedChannelFullMode.DropOldest, SingleReader = true });

    public RedisChannel Channel { get; } = channel;

    /// <summary>Whether messages arrive. Until they do, the store is read more often.</summary>
    public bool IsLive { get; set; }

    public void Receive(RedisChannel source, RedisValue value) => signals.Received("live", value, v =>
    {
        IsLive = true;
        _messages.Writer.TryWrite(v.ToString());
    });

    /// <summary>The next message, or an empty one when the time comes to look into the store by oneself.</summary>
    public async ValueTask<LiveMessage> NextAsync(CancellationToken cancellationToken)
    {
        if (_messages.Reader.TryRead(out var ready))
            return LiveMessage.Read(ready);
        var patience = signals.Connected && IsLive ? TimeSpan.FromSeconds(2) : TimeSpan.FromMilliseconds(200);
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(patience);
        try
        {
            return LiveMessage.Read(await _messages.Reader.ReadAsync(limit.Token));
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return default;
        }
    }

    public void Dispose() => signals.Unfollow(this);
}
