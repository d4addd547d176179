using OsMEN.Llm;

namespace OsMEN.Executions.Usage;

/// <summary>How a call of an execution ended, if it did.</summary>
public enum ExecutionCallStatus
{
    Ok,
    Error,
    Cancelled,

    /// <summary>A tool's call that was begun and of which no end is known.</summary>
    Running,
}

/// <summary>A call that an execution made: of a tool where <see cref="Tool"/> says which, else of a model.</summary>
public sealed record ExecutionCall
{
    /// <summary>Names the call within its execution: a model call's id, or a tool call's round and id.</summary>
    public required string Key { get; init; }

    public required DateTimeOffset StartedAt { get; init; }

    /// <summary>Null while no end is known.</summary>
    public TimeSpan? Duration { get; init; }

    public required ExecutionCallStatus Status { get; init; }

    /// <summary>Why it failed, in at most 2,000 characters.</summary>
    public string? Error { get; init; }

    public string? Platform { get; init; }

    public string? Model { get; init; }

    public TimeSpan? TimeToFirstToken { get; init; }

    public TokenUsage Tokens { get; init; }

    /// <summary>Whether the tokens were estimated from the text.</summary>
    public bool Estimated { get; init; }

    /// <summary>Null where the model has no price, and for tools.</summary>
    public decimal? CostUsd { get; init; }

    public string? Tool { get; init; }

    /// <summary>The round of the agent's loop, from 1; 0 for a model call.</summary>
    public int Round { get; init; }

    /// <summary>In which attempt a tool's call was last begun; 0 for a model call.</summary>
    public int Attempt { get; init; }

    /// <summary>The first 2,000 characters of a tool's arguments, as JSON; null where the journal no longer has them.</summary>
    public string? Arguments { get; init; }

    /// <summary>The first 2,000 characters of what a tool gave back.</summary>
    public string? Result { get; init; }

    internal ExecutionCall With(IReadOnlyDictionary<int, string> turns) =>
        Tool is not null && turns.TryGetValue(Round, out var turn) ? this with { Arguments = CallArguments.Find(turn, Key[(Key.IndexOf('/', StringComparison.Ordinal) + 1)..]) } : this;
}

/// <summary>Calls of one execution, oldest first, after a place in that order.</summary>
public sealed record ExecutionCallQuery(Guid Execution, (DateTimeOffset StartedAt, string Key)? After, int Limit);
