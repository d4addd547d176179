namespace OsMEN.Llm.Fallback;

/// <summary>Makes a call of a model, and repeats it where that may help.</summary>
public sealed class ModelCalls(LlmOptions options, TimeProvider time)
{
    /// <summary>The first answer of <paramref name="attempt"/>, which is one call and fails before anything of its answer was handed on.</summary>
    /// <exception cref="LlmException">The last failure.</exception>
    public async Task<T> RunAsync<T>(ModelName model, Func<ModelName, CancellationToken, Task<T>> attempt, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(attempt);
        for (var failures = 0; ; failures++)
        {
            try
            {
                return await attempt(model, cancellationToken);
            }
            catch (LlmException e) when (CallRetries.DelayAfter(e, failures, options.MaxRetries) is { } delay)
            {
                await Task.Delay(delay, time, cancellationToken);
            }
        }
    }
}
