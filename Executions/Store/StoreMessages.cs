using OsMEN.Llm;

namespace OsMEN.Executions;

/// <summary>A hold on an execution: a late holder's <paramref name="Fence"/> is no longer the row's, so it changes nothing.</summary>
public readonly record struct LeaseId(Guid Execution, long Fence);

/// <summary>An execution that a worker has claimed.</summary>
/// <param name="Execution">As it stands after the claim: running, attempt counted.</param>
/// <param name="Fence">Fencing token of this claim.</param>
/// <param name="LastSeq">Number of the last event written before this claim.</param>
public sealed record ClaimedExecution(Execution Execution, long Fence, long LastSeq)
{
    /// <summary>Whether it was parked: it goes on where it stood, in the same attempt.</summary>
    public bool Resumed { get; init; }

    /// <summary>How often it had been woken at this claim; see <see cref="AttemptEnd.Park"/>.</summary>
    public int Wakes { get; init; }

    /// <summary>Whether somebody has asked for its cancellation.</summary>
    public bool CancelRequested { get; init; }

    /// <summary>Highest priority first, then longest due: the order in which they are to start.</summary>
    internal static readonly Comparison<ClaimedExecution> ByUrgency = static (a, b) =>
    {
        var byPriority = b.Execution.Priority.CompareTo(a.Execution.Priority);
        return byPriority != 0 ? byPriority : a.Execution.RunAt.CompareTo(b.Execution.RunAt);
    };

    public LeaseId Lease => new(Execution.Id, Fence);
}

/// <summary>A running execution as the store knows it, whoever asks.</summary>
public sealed record HeldExecution(Execution Execution, long Fence, long LastSeq, bool CancelRequested)
{
    public LeaseId Lease => new(Execution.Id, Fence);
}

/// <summary>Holds that are gone (another worker may have them), and holds whose execution is to be cancelled.</summary>
public sealed record HeartbeatResult(IReadOnlyList<Guid> Lost, IReadOnlyList<Guid> CancelRequested)
{
    internal static readonly HeartbeatResult Nothing = new([], []);
}

/// <summary>Events of one execution, numbered from <paramref name="FirstSeq"/> without holes; <paramref name="Frames"/> are whole wire frames.</summary>
public sealed record EventChunk(long FirstSeq, IReadOnlyList<string> Frames)
{
    public long LastSeq => FirstSeq + Frames.Count - 1;

    /// <summary>As stored and published: a frame a line.</summary>
    public string Text => string.Join('\n', Frames);
}

/// <summary>How an attempt ended.</summary>
/// <param name="Status">A final state, <see cref="ExecutionStatus.Pending"/> to run again at <paramref name="RunAt"/>, or <see cref="ExecutionStatus.Running"/>: parked.</param>
/// <param name="Output">JSON text of a completed one.</param>
/// <param name="RevenueUsd">What a completed one is charged; null where it is not.</param>
/// <param name="CountAttempt">False gives the attempt back: the worker is stopping, nothing is held against the execution.</param>
/// <param name="Wakes">Of a parked one: <see cref="ClaimedExecution.Wakes"/>.</param>
public sealed record AttemptEnd(
    ExecutionStatus Status,
    string? Output = null,
    ExecutionError? Error = null,
    DateTimeOffset? RunAt = null,
    bool CountAttempt = true,
    decimal? RevenueUsd = null,
    int Wakes = 0)
{
    /// <summary>
    /// It goes on without a worker: waits for what it has started, and is claimed again at <paramref name="at"/>, or when it is woken. If it
    /// was woken since it was claimed, that is at once.
    /// </summary>
    /// <param name="wakes">What the claim told.</param>
    public static AttemptEnd Park(DateTimeOffset at, int wakes) => new(ExecutionStatus.Running, RunAt: at, Wakes: wakes);

    public bool IsPark => Status == ExecutionStatus.Running;
}

/// <summary>What a worker has to say of an execution that it holds: events so far, calls so far, and perhaps its end.</summary>
public sealed record ExecutionRecord
{
    public required LeaseId Lease { get; init; }
    public EventChunk? Events { get; init; }
    public IReadOnlyList<LlmCall> Calls { get; init; } = [];

    /// <summary>Null while the attempt goes on.</summary>
    public AttemptEnd? End { get; init; }

    /// <summary>The workflow that is woken by its end: the parent of a step; null for any other execution.</summary>
    public Guid? Workflow { get; init; }
}

/// <summary>A change asked for by hand: whether it was possible in the execution's state, and how it stands now.</summary>
public readonly record struct ChangeResult(bool Changed, Execution Execution)
{
    /// <summary>Whether it was this change that ended the execution: nobody held it, so nobody else tells of its end.</summary>
    public bool Ended { get; init; }
}

/// <summary>Frames of an execution's history. <paramref name="FirstSeq"/> over the one asked for means that earlier ones were trimmed.</summary>
/// <param name="Status">The execution's state when the page was read: final and no frames means that no more come.</param>
public sealed record EventPage(long FirstSeq, IReadOnlyList<string> Frames, ExecutionStatus Status)
{
    public long LastSeq => FirstSeq + Frames.Count - 1;
}
