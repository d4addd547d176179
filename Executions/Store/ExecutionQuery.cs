namespace OsMEN.Executions;

/// <summary>Filters and page of a listing, newest first. Null filters nothing.</summary>
public sealed record ExecutionQuery
{
    public ExecutionKind? Kind { get; init; }

    /// <summary>Id of the agent, command or workflow.</summary>
    public string? Target { get; init; }
    public ExecutionStatus? Status { get; init; }
    public string? User { get; init; }
    public Guid? ParentId { get; init; }

    /// <summary>Accepted at or after.</summary>
    public DateTimeOffset? Since { get; init; }

    /// <summary>Accepted before.</summary>
    public DateTimeOffset? Until { get; init; }

    /// <summary>Only what runs a step of a workflow, or undoes one.</summary>
    public bool IsStep { get; init; }

    /// <summary>Only executions older than this one: the last of the page before.</summary>
    public Guid? Before { get; init; }

    /// <summary>1 to 1000.</summary>
    public int Limit { get; init; } = 50;
}

/// <summary>How full the queue is, as gauges and health show it.</summary>
/// <param name="DueByPriority">Due executions, index 0 to 9.</param>
/// <param name="ScheduledByKind">Not yet due, by <see cref="ExecutionKind"/>.</param>
/// <param name="Parked">Workflows that wait for their steps.</param>
/// <param name="OldestDue">How long the oldest due execution has waited; zero when none.</param>
public sealed record QueueDepth(IReadOnlyList<long> DueByPriority, IReadOnlyList<long> ScheduledByKind, long Running, long Parked, TimeSpan OldestDue)
{
    public long Due => DueByPriority.Sum();

    public long Scheduled => ScheduledByKind.Sum();
}
