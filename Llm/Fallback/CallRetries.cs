namespace OsMEN.Llm.Fallback;

/// <summary>Repeats a call that failed for a passing reason before anything of its answer was handed on.</summary>
internal static class CallRetries
{
    private static readonly TimeSpan MaxDelay = TimeSpan.FromMinutes(1);

    /// <summary>
    /// How long to wait before the call is repeated: what <c>Retry-After</c> says, else 0.5 s, 1 s, 2 s …, half of it at random. Null when it is
    /// not to be: the failure is no passing one, was the last that is allowed, or the provider asks for more than a minute.
    /// </summary>
    public static TimeSpan? DelayAfter(LlmException e, int failures, int maxRetries) =>
        !e.IsTransient || failures >= maxRetries || e.RetryAfter > MaxDelay ? null
        : e.RetryAfter ?? TimeSpan.FromSeconds(0.5 * (1 << failures) * (0.5 + (Random.Shared.NextDouble() / 2)));
}
