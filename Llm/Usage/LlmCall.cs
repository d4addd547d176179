namespace OsMEN.Llm;

/// <summary>How a model call ended.</summary>
public enum LlmCallStatus
{
    /// <summary>The provider answered to the end.</summary>
    Ok,

    /// <summary>The provider refused or failed; <see cref="LlmCall.Error"/> says how.</summary>
    Error,

    /// <summary>The caller gave up before the end; tokens up to then are counted.</summary>
    Cancelled,
}

/// <summary>One call of a model, as it is recorded in <c>llm_calls</c>: who answered, how long it took, what it used and cost.</summary>
public sealed record LlmCall
{
    /// <summary>UUIDv7, made when the call starts.</summary>
    public required Guid Id { get; init; }

    /// <summary>Provider, such as <c>openai</c>, <c>anthropic</c>, <c>azure</c>, <c>ollama</c> or <c>offline</c>.</summary>
    public required string Platform { get; init; }

    /// <summary>The model's name as the provider gave it back, else as it was asked for.</summary>
    public required string Model { get; init; }

    public required DateTimeOffset StartedAt { get; init; }

    /// <summary>From the request to the last byte of the answer.</summary>
    public required TimeSpan Duration { get; init; }

    /// <summary>From the request to the first content; null when nothing came or the call wasn't streamed.</summary>
    public TimeSpan? TimeToFirstToken { get; init; }

    public required LlmCallStatus Status { get; init; }

    /// <summary>A short reason, never a prompt or a key.</summary>
    public string? Error { get; init; }

    public TokenUsage Tokens { get; init; }

    /// <summary>True when the provider sent no usage and the tokens were estimated from the text.</summary>
    public bool Estimated { get; init; }

    /// <summary>Dollars, fixed when recorded, at most nine places; null where the model has no price (unknown is not zero).</summary>
    public decimal? CostUsd { get; init; }

    /// <summary>Dollars that budgets hold under <see cref="Id"/> until this call is recorded; null where they hold nothing.</summary>
    public decimal? HeldUsd { get; init; }
}
