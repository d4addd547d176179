namespace OsMEN.Executions;

/// <summary>Where an execution is in its life; drawn in docs/execution-states.md.</summary>
public enum ExecutionStatus
{
    /// <summary>Accepted, waiting for its time or for a worker.</summary>
    Pending = 0,

    /// <summary>A worker holds its lease.</summary>
    Running = 1,

    Completed = 2,
    Failed = 3,
    Cancelled = 4,
    TimedOut = 5,
}

/// <summary>What an execution runs.</summary>
public enum ExecutionKind
{
    Agent = 0,
    Command = 1,
    Workflow = 2,
}

/// <summary>The names of states and kinds as REST, streams, logs and metrics show them.</summary>
public static class ExecutionNames
{
    private static readonly string[] Statuses = ["PENDING", "RUNNING", "COMPLETED", "FAILED", "CANCELLED", "TIMED_OUT"];
    private static readonly string[] Kinds = ["agent", "command", "workflow"];

    public static string ToWire(this ExecutionStatus status) => Statuses[(int)status];

    public static string ToWire(this ExecutionKind kind) => Kinds[(int)kind];

    /// <summary>True for the four states that nothing leaves but a retry by hand.</summary>
    public static bool IsFinal(this ExecutionStatus status) => status >= ExecutionStatus.Completed;

    public static bool TryParseStatus(string? text, out ExecutionStatus status)
    {
        var i = Array.FindIndex(Statuses, s => s.Equals(text, StringComparison.OrdinalIgnoreCase));
        status = (ExecutionStatus)Math.Max(i, 0);
        return i >= 0;
    }

    public static bool TryParseKind(string? text, out ExecutionKind kind)
    {
        var i = Array.FindIndex(Kinds, s => s.Equals(text, StringComparison.OrdinalIgnoreCase));
        kind = (ExecutionKind)Math.Max(i, 0);
        return i >= 0;
    }
}
