using System.Collections.Concurrent;
using OsMEN.Executions;
using OsMEN.Gateway.Alerts.Channels;
using OsMEN.Gateway.Alerts.State;

namespace OsMEN.Gateway.Alerts.Notices;

/// <summary>
/// Delivers notices on the gateway that leads. Each is claimed in the leader's transaction before it is sent, for longer than sending may
/// take, so no two gateways send it; one that fails is tried again for <see cref="AlertOptions.RetryFor"/>.
/// </summary>
internal sealed partial class NoticeSender(
    ExecutionSchema schema, NoticeTable notices, LeaderLock leader, AlertFileSource source, NoticeChannels channels, AlertOptions options, TimeProvider time, ILogger<NoticeSender> logger)
    : BackgroundService
{
    private const int Batch = 200;

    // Who claims a notice has it alone for as long as its delivery may take, and this: for writing down how it ended, and for clocks that differ.
    private static readonly TimeSpan ClaimMargin = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan MaxDelay = TimeSpan.FromMinutes(5);

    private readonly ConcurrentDictionary<string, Task> _busy = new(StringComparer.Ordinal);

    public override async Task StopAsync(CancellationToken cancellationToken)
    {
        await base.StopAsync(cancellationToken);

        // What is being sent is sent to its end, so that it is known whether it was.
        await Task.WhenAll(_busy.Values).WaitAsync(cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        await schema.Ready.WaitAsync(stoppingToken);
        using var timer = new PeriodicTimer(options.SendInterval, time);
        do
        {
            try
            {
                if (leader.Fence is not null) await StartDueAsync(stoppingToken);
            }
            catch (Exception e) when (e is not OperationCanceledException)
            {
                LogUnread(logger, e);
            }
        }
        while (await timer.WaitForNextTickAsync(stoppingToken));
    }

    /// <summary>Sends all that is due, and returns when that has ended.</summary>
    internal async Task SendDueAsync(CancellationToken cancellationToken)
    {
        await StartDueAsync(cancellationToken);
        await Task.WhenAll(_busy.Values);
    }

    // A channel that is slow holds up nobody but itself.
    private async Task StartDueAsync(CancellationToken cancellationToken)
    {
        var due = await notices.ReadDueAsync(time.GetUtcNow(), Batch, cancellationToken);
        foreach (var channel in due.GroupBy(n => n.Channel, StringComparer.Ordinal))
        {
            if (_busy.TryGetValue(channel.Key, out var running) && !running.IsCompleted) continue;
            _busy[channel.Key] = SendAllAsync(channel.Key, [.. channel], cancellationToken);
        }
    }

    private async Task SendAllAsync(string name, IReadOnlyList<WaitingNotice> due, CancellationToken cancellationToken)
    {
        await Task.Yield();
        try
        {
            foreach (var notice in due)
            {
                var settings = source.Routing.Find(name);
                var now = time.GetUtcNow();
                var until = now + ClaimMargin + (settings?.Timeout ?? TimeSpan.Zero);
                var claim = NoticeClaim.Taken;
                var led = await leader.WriteAsync(
                    async transaction => claim = await NoticeTable.ClaimAsync(transaction, notice, settings?.RateLimit ?? int.MaxValue, now, until, cancellationToken), cancellationToken);
                if (!led || claim == NoticeClaim.OverLimit) return;
                if (claim == NoticeClaim.Claimed) await SendAsync(settings, notice);
                cancellationToken.ThrowIfCancellationRequested();
            }
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            LogUnread(logger, e);
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            // Stopping: what is left is for whoever leads then.
        }
    }

    private async Task SendAsync(ChannelSettings? settings, WaitingNotice notice)
    {
        var (error, wait, unsure) = ((string?)null, (TimeSpan?)null, notice.Notice.MayRepeat);
        try
        {
            if (settings is null) throw new DeliveryException("the channel is off");
            await channels.SendAsync(settings, notice.Id, notice.Notice, CancellationToken.None);
        }
        catch (DeliveryException e)
        {
            (error, wait, unsure) = (e.Message, e.RetryAfter, unsure || e.MayHaveArrived);
        }

        var now = time.GetUtcNow();
        var isOver = error is null || wait == Timeout.InfiniteTimeSpan || now - notice.CreatedAt >= options.RetryFor;
        await notices.EndAsync(notice.Id, error, isOver ? null : now + Delay(notice.Attempts, wait), unsure, now, CancellationToken.None);
        if (error is null) LogSent(logger, notice.Channel, notice.Id);
        else if (isOver) LogLost(logger, notice.Channel, notice.Id, error);
        else if (notice.Attempts == 0) LogFailed(logger, notice.Channel, notice.Id, error);
    }

    private TimeSpan Delay(int attempts, TimeSpan? asked)
    {
        var delay = options.RetryDelay * Math.Pow(2, Math.Min(attempts, 20));
        if (asked > delay) delay = asked.Value;
        return delay < MaxDelay ? delay : MaxDelay;
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "Channel {Channel} was told of alerts (notice {Id})")]
    private static partial void LogSent(ILogger logger, string channel, string id);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Channel {Channel} could not be told of alerts (notice {Id}), which is tried again: {Error}")]
    private static partial void LogFailed(ILogger logger, string channel, string id, string error);

    [LoggerMessage(Level = LogLevel.Error, Message = "Channel {Channel} was not told of alerts (notice {Id}): {Error}")]
    private static partial void LogLost(ILogger logger, string channel, string id, string error);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Notices of alerts could not be read or written; it is tried again")]
    private static partial void LogUnread(ILogger logger, Exception e);
}
