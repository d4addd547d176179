namespace OsMEN.LocalHosting.Running;

/// <summary>Where one replica of a resource is in its life.</summary>
internal enum ResourceState
{
    /// <summary>For what it depends on.</summary>
    Waiting,
    Starting,
    Running,
    Stopping,

    /// <summary>It ended, and is started again after a while.</summary>
    Exited,

    /// <summary>It was told to stop, and is not started again unless somebody says so.</summary>
    Stopped,

    /// <summary>It is not tried again.</summary>
    FailedToStart,

    /// <summary>There is nothing here that could run it. What waits for it fails; the rest runs.</summary>
    Unavailable,
}

/// <summary>What is known of one replica of a resource.</summary>
/// <param name="State">Where it is.</param>
/// <param name="Healthy">Null until it was asked for the first time.</param>
/// <param name="Reason">Why it is not healthy, not running, or what it waits for.</param>
/// <param name="Restarts">How often it was started again.</param>
internal sealed record ResourceStatus(ResourceState State, bool? Healthy, string? Reason, int Restarts)
{
    public static ResourceStatus Initial { get; } = new(ResourceState.Waiting, null, null, 0);

    /// <summary>Whether there is no use in waiting for it.</summary>
    public bool IsGivenUp => State is ResourceState.FailedToStart or ResourceState.Unavailable;

    public bool IsReady => State == ResourceState.Running && Healthy == true;

    public string? Health => Healthy switch { true => "Healthy", false => "Unhealthy", null => null };
}
