namespace OsMEN.Llm;

/// <summary>Why a model did not answer.</summary>
public enum LlmErrorKind
{
    /// <summary>The model's platform has no key or address here, or there is no such platform.</summary>
    NotConfigured,

    /// <summary>The key was refused.</summary>
    Unauthorized,

    /// <summary>The provider does not accept the request: wrong parameter, input too long.</summary>
    BadRequest,

    /// <summary>The provider does not know the model or the route.</summary>
    NotFound,

    /// <summary>Too many requests or tokens for now.</summary>
    RateLimited,

    /// <summary>The provider failed or cannot be reached.</summary>
    Unavailable,

    /// <summary>No answer, or no next piece of it, in time.</summary>
    Timeout,

    /// <summary>The answer broke off in the middle.</summary>
    Interrupted,

    /// <summary>The provider answered, and is paid for it, but not in its own format. Asking again would be billed again.</summary>
    Malformed,

    /// <summary>The provider's filter stopped the answer.</summary>
    ContentFiltered,

    /// <summary>The agent used up its rounds of model and tool calls.</summary>
    TooManyRounds,

    /// <summary>The agent used up its tokens.</summary>
    TooManyTokens,

    /// <summary>A budget does not allow the call, see <see cref="LlmException.Budget"/>.</summary>
    BudgetExceeded,
}

/// <summary>A model call, or an agent's loop of them, that failed. The message is for people and never holds a key or a prompt.</summary>
public sealed class LlmException(LlmErrorKind kind, string message, Exception? inner = null) : Exception(message, inner)
{
    public LlmErrorKind Kind { get; } = kind;

    /// <summary>How long the provider asks to wait; null when it does not say.</summary>
    public TimeSpan? RetryAfter { get; init; }

    /// <summary>The facts of <see cref="LlmErrorKind.BudgetExceeded"/>.</summary>
    public BudgetRefusal? Budget { get; init; }

    /// <summary>The provider's own code for the error, such as <c>context_length_exceeded</c>; null where it has none.</summary>
    public string? Code { get; init; }

    /// <summary>The field of the request that the provider does not accept; null where it names none.</summary>
    public string? Parameter { get; init; }

    /// <summary>Whether the same request may succeed later.</summary>
    public bool IsTransient => Kind is LlmErrorKind.RateLimited or LlmErrorKind.Unavailable or LlmErrorKind.Timeout or LlmErrorKind.Interrupted;
}
