using OsMEN.Executions.Catalog;
using OsMEN.Gateway.Alerts.Channels;

namespace OsMEN.Gateway.Alerts.Notices;

/// <summary>What <c>channels</c>, <c>routes</c> and <c>inhibitions</c> of <c>monitoring/alerts.yaml</c> say.</summary>
internal sealed record RoutingFile(IReadOnlyList<ChannelSettings> Channels, IReadOnlyList<NoticeRoute> Routes, IReadOnlyList<Inhibition> Inhibitions, IReadOnlyList<CatalogProblem> Problems)
{
    public static readonly RoutingFile Empty = new([], [], [], []);

    /// <summary>The channel that is on; null otherwise.</summary>
    public ChannelSettings? Find(string name) => Channels.FirstOrDefault(c => c.Name == name && c.IsOn);
}
