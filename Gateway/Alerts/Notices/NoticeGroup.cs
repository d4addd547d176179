namespace OsMEN.Gateway.Alerts.Notices;

/// <summary>What has been told of a group of alerts: those of one route that share its labels.</summary>
internal sealed record NoticeGroup
{
    public required string Id { get; init; }

    public required string Route { get; init; }

    public required DateTimeOffset CreatedAt { get; init; }

    /// <summary>When a change was last told; null before the first notice.</summary>
    public DateTimeOffset? NotifiedAt { get; init; }

    /// <summary>Alerts that were told to fire, by fingerprint.</summary>
    public Dictionary<string, NoticeAlert> Told { get; init; } = [];

    /// <summary>Steps of escalation taken.</summary>
    public int Step { get; init; }

    /// <summary>Channels that were told, which are then told the end too.</summary>
    public IReadOnlyList<string> Channels { get; init; } = [];
}
