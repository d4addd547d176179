namespace OsMEN.Executions;

/// <summary>Puts a page together from stored chunks, and the acceptance (number 1), which is not stored.</summary>
internal sealed class EventPageBuilder(Guid id, long after, int limit, ExecutionStatus status, DateTimeOffset acceptedAt)
{
    private readonly List<string> _frames = after < 1 ? [EventFrames.Status(id, 1, ExecutionStatus.Pending, acceptedAt)] : [];
    private long _first = Math.Max(after + 1, 1);

    /// <summary>The number of a last event that retention removed and the record tells; null where there is none, or it is not its turn.</summary>
    public long? RemovedEnd { get; private set; }

    /// <summary>Adds a chunk; false when the page ends before it: full, or a hole left by retention begins.</summary>
    public bool Add(long firstSeq, string frames)
    {
        var next = _first + _frames.Count;
        if (_frames.Count >= limit)
            return false;

        // What else retention left is part of the hole: the execution was tried again after it.
        RemovedEnd = frames.Length == 0 && status.IsFinal() && (_frames.Count == 0 || firstSeq == next) ? firstSeq : null;
        if (frames.Length == 0)
            return true;
        if (firstSeq > next)
        {
            if (_frames.Count > 0)
                return false;
            _first = next = firstSeq;
        }

        var seq = firstSeq;
        foreach (var line in frames.Split('\n'))
        {
            if (seq++ >= next)
                _frames.Add(line);
        }

        return true;
    }

    /// <summary>Adds how the execution ended in the place of <see cref="RemovedEnd"/>.</summary>
    public void AddEnd(Execution execution)
    {
        if (RemovedEnd is { } seq)
            Add(seq, EventFrames.Write(id, seq, new ExecutionEvent.StatusChanged(execution.Status, execution.Output, execution.Error), execution.CompletedAt ?? execution.CreatedAt));
    }

    public EventPage Build() => new(_first, _frames, status);
}

/// <summary>Sums the rows of a depth query.</summary>
internal sealed class QueueDepthBuilder
{
    private readonly long[] _due = new long[10];
    private readonly long[] _scheduled = new long[Enum.GetValues<ExecutionKind>().Length];
    private long _running;
    private long _parked;
    private TimeSpan _oldest;

    public void Add(int priority, int kind, long due, long scheduled, long running, long parked, TimeSpan oldest)
    {
        _due[priority] += due;
        _scheduled[kind] += scheduled;
        _running += running;
        _parked += parked;
        _oldest = oldest > _oldest ? oldest : _oldest;
    }

    public QueueDepth Build() => new(_due, _scheduled, _running, _parked, _oldest);
}
