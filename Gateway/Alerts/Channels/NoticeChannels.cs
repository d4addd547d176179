using OsMEN.Gateway.Alerts.Notices;

namespace OsMEN.Gateway.Alerts.Channels;

/// <summary>Delivers by whichever channel, within its timeout.</summary>
internal sealed class NoticeChannels(ChannelHttp http, AlertMetrics metrics, TimeProvider time)
{
    private readonly Dictionary<ChannelType, INoticeChannel> _channels = new()
    {
        [ChannelType.Alertmanager] = new AlertmanagerChannel(http),
        [ChannelType.Email] = new EmailChannel(),
        [ChannelType.PagerDuty] = new PagerDutyChannel(http),
        [ChannelType.Slack] = new SlackChannel(http),
        [ChannelType.Sms] = new SmsChannel(http),
        [ChannelType.Webhook] = new WebhookChannel(http, time),
    };

    /// <exception cref="DeliveryException">It was not delivered.</exception>
    public async Task SendAsync(ChannelSettings settings, string id, Notice notice, CancellationToken cancellationToken)
    {
        using var limit = new CancellationTokenSource(settings.Timeout, time);
        using var both = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellationToken);
        var delivered = false;
        try
        {
            await _channels[settings.Type].SendAsync(settings, id, notice, both.Token);
            delivered = true;
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            throw new DeliveryException("did not answer in time", mayHaveArrived: true);
        }
        finally
        {
            if (delivered || !cancellationToken.IsCancellationRequested) metrics.Sent(settings.Name, delivered);
        }
    }
}
