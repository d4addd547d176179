using OsMEN.Gateway.Alerts.Notices;

namespace OsMEN.Gateway.Alerts.Channels;

/// <summary>Delivers notices of one kind of channel.</summary>
internal interface INoticeChannel
{
    /// <param name="id">The notice's: the same at every attempt.</param>
    /// <exception cref="DeliveryException">It was not delivered; the message is fit to be shown and holds no secret.</exception>
    Task SendAsync(ChannelSettings settings, string id, Notice notice, CancellationToken cancellationToken);
}

/// <summary>A notice was not delivered.</summary>
/// <param name="message">Shown to whoever may read alerts: no webhook address, key or content. Refused email recipients are named.</param>
/// <param name="again">How long the other side asks to wait.</param>
/// <param name="mayHaveArrived">The other side may have it all the same: it was sent, and no answer came.</param>
internal sealed class DeliveryException(string message, TimeSpan? again = null, bool mayHaveArrived = false) : Exception(message)
{
    public bool MayHaveArrived { get; } = mayHaveArrived;

    public TimeSpan? RetryAfter { get; } = again;
}
