using OsMEN.Llm;

namespace OsMEN.Executions;

/// <summary>Why an execution did not complete. <see cref="Type"/> is a stable name such as <c>WorkerLost</c>; the message is for people.</summary>
public sealed record ExecutionError(string Type, string Message);

/// <summary>An execution as it stands in the store: the unit of work.</summary>
public sealed record Execution
{
    /// <summary>UUIDv7: sorts by the time of acceptance.</summary>
    public required Guid Id { get; init; }
    public required ExecutionKind Kind { get; init; }

    /// <summary>Id of the agent, command or workflow.</summary>
    public required string Target { get; init; }
    public Guid? ParentId { get; init; }

    /// <summary>The step of the workflow <see cref="ParentId"/> that it runs; null for any other.</summary>
    public string? Step { get; init; }
    public required string User { get; init; }

    /// <summary>Id of the API key that asked for it; null where none did.</summary>
    public string? KeyId { get; init; }
    public required ExecutionStatus Status { get; init; }

    /// <summary>0 to 9; 9 is claimed first.</summary>
    public required int Priority { get; init; }

    /// <summary>JSON text, as it was sent.</summary>
    public required string Input { get; init; }

    /// <summary>JSON text; null until completed.</summary>
    public string? Output { get; init; }
    public ExecutionError? Error { get; init; }

    /// <summary>How often it was started: 0 while it has never run.</summary>
    public required int Attempt { get; init; }
    public required int MaxAttempts { get; init; }
    public required DateTimeOffset CreatedAt { get; init; }

    /// <summary>Not claimed before this.</summary>
    public required DateTimeOffset RunAt { get; init; }

    /// <summary>Start of the latest attempt.</summary>
    public DateTimeOffset? StartedAt { get; init; }
    public DateTimeOffset? CompletedAt { get; init; }

    /// <summary>Limit of one attempt; null leaves it to the target's own.</summary>
    public TimeSpan? Timeout { get; init; }
    public decimal? BudgetUsd { get; init; }

    /// <summary>JSON object as it was sent, or null.</summary>
    public string? Metadata { get; init; }
    public string? Platform { get; init; }
    public string? Model { get; init; }

    /// <summary>Sum over all attempts.</summary>
    public TokenUsage Tokens { get; init; }

    /// <summary>Sum over all attempts of the calls that have a price.</summary>
    public decimal CostUsd { get; init; }
    public string? Worker { get; init; }
    public string? TraceParent { get; init; }
    public string? RequestId { get; init; }

    /// <summary>The trace id inside <see cref="TraceParent"/> (W3C Trace Context), or null.</summary>
    public string? TraceId => TraceParent is { Length: >= 35 } t ? t.Substring(3, 32) : null;

    /// <summary>From start to end of the latest attempt; null until finished or when it never ran.</summary>
    public TimeSpan? Duration => CompletedAt - StartedAt;
}

/// <summary>What is asked for when an execution is accepted.</summary>
public sealed record NewExecution
{
    public required Guid Id { get; init; }
    public required ExecutionKind Kind { get; init; }
    public required string Target { get; init; }
    public Guid? ParentId { get; init; }

    /// <summary>The step of the workflow <see cref="ParentId"/> that it runs, whose end wakes the workflow; null for any other.</summary>
    public string? Step { get; init; }
    public required string User { get; init; }

    /// <summary>Id of the API key that asked for it; null where none did.</summary>
    public string? KeyId { get; init; }
    public int Priority { get; init; } = 5;

    /// <summary>JSON text.</summary>
    public required string Input { get; init; }

    /// <summary>Unique for a user; null for none.</summary>
    public string? IdempotencyKey { get; init; }

    /// <summary>SHA-256 of target and body: tells a repeated request from another one under the same key.</summary>
    public byte[]? RequestHash { get; init; }
    /// <summary>Cut to microseconds, which is what the stores keep.</summary>
    public required DateTimeOffset CreatedAt { get; init => field = Cut(value); }

    /// <summary>Null is at once. Cut to microseconds.</summary>
    public DateTimeOffset? RunAt { get; init => field = value is { } time ? Cut(time) : null; }
    public TimeSpan? Timeout { get; init; }
    public int MaxAttempts { get; init; } = 3;
    public decimal? BudgetUsd { get; init; }
    public string? Metadata { get; init; }
    public string? TraceParent { get; init; }
    public string? RequestId { get; init; }

    /// <summary>The execution as it stands right after it was accepted.</summary>
    internal Execution ToExecution() => new()
    {
        Id = Id,
        Kind = Kind,
        Target = Target,
        ParentId = ParentId,
        Step = Step,
        User = User,
        KeyId = KeyId,
        Status = ExecutionStatus.Pending,
        Priority = Priority,
        Input = Input,
        Attempt = 0,
        MaxAttempts = MaxAttempts,
        CreatedAt = CreatedAt,
        RunAt = RunAt ?? CreatedAt,
        Timeout = Timeout,
        BudgetUsd = BudgetUsd,
        Metadata = Metadata,
        TraceParent = TraceParent,
        RequestId = RequestId,
    };

    private static DateTimeOffset Cut(DateTimeOffset time) => time.AddTicks(-(time.Ticks % TimeSpan.TicksPerMicrosecond));

    /// <summary>Whether this is the request that led to <paramref name="found"/>: sent again, or the same under its key.</summary>
    internal bool Repeats(Execution found, byte[]? foundHash) =>
        found.Id == Id || (RequestHash is { } hash && foundHash is not null && hash.AsSpan().SequenceEqual(foundHash));
}

/// <summary>The answer to <see cref="NewExecution"/>.</summary>
public enum AcceptOutcome
{
    /// <summary>A new row was written.</summary>
    Created,

    /// <summary>The same key with the same request was there before: its execution is returned.</summary>
    Existing,

    /// <summary>The key was used for another request.</summary>
    Conflict,

    /// <summary>As many executions wait as may; nothing was written.</summary>
    QueueFull,
}

/// <summary>What became of a <see cref="NewExecution"/>, and the execution that stands for it (null on conflict and when the queue is full).</summary>
public readonly record struct AcceptResult(AcceptOutcome Outcome, Execution? Execution);
