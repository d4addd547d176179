using OsMEN.Gateway.Alerts.State;

namespace OsMEN.Gateway.Alerts.Notices;

/// <summary>Silences of the database and inhibitions of the file, over the alerts there are.</summary>
internal sealed class MuteReader(AlertTable alerts, SilenceTable silences, AlertFileSource source, TimeProvider time)
{
    /// <summary>Alerts that are pending or fire, and of which of them nobody is told.</summary>
    public async Task<(List<Alert> Active, AlertMutes Mutes)> ReadActiveAsync(CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        var active = await alerts.ReadActiveAsync(cancellationToken);
        return (active, AlertMutes.Of(active, await silences.ReadAsync(now, cancellationToken), source.Routing.Inhibitions, now));
    }
}
