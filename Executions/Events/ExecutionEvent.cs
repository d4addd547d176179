namespace OsMEN.Executions;

/// <summary>Levels of a log event, as on the wire.</summary>
public enum EventLogLevel
{
    Debug,
    Info,
    Warning,
    Error,
}

/// <summary>
/// Something that happened to an execution. Kinds and fields are those of the live streams; number, id and time are added
/// when it is written.
/// </summary>
public abstract record ExecutionEvent
{
    private ExecutionEvent()
    {
    }

    /// <summary>A line of the agent's log.</summary>
    public sealed record Log(string Text, EventLogLevel Level = EventLogLevel.Info) : ExecutionEvent;

    /// <summary>A change of state. <paramref name="Output"/> is JSON text.</summary>
    public sealed record StatusChanged(ExecutionStatus Status, string? Output = null, ExecutionError? Error = null) : ExecutionEvent;

    /// <summary>Measurements so far. Null where not measured.</summary>
    /// <param name="MemoryBytes">Resident memory of the agent's process.</param>
    /// <param name="CpuPercent">Of one core, since the last sample.</param>
    public sealed record Metrics(
        long? MemoryBytes, double? CpuPercent, TimeSpan Duration, long InputTokens, long OutputTokens, decimal CostUsd) : ExecutionEvent;

    /// <summary>A piece of the answer as it is made.</summary>
    public sealed record OutputDelta(string Delta) : ExecutionEvent;
}

/// <summary>Takes the events of one running execution, in order.</summary>
public interface IExecutionEventSink
{
    /// <summary>Returns once the event is queued; waits only when the recorder is behind.</summary>
    ValueTask WriteAsync(ExecutionEvent item, CancellationToken cancellationToken);
}
