using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;

namespace OsMEN.Llm.Fallback;

/// <summary>
/// Makes a call of the first model that answers: models in their order, each platform by its <see cref="ProviderGate"/>. A model that is busy, cooling
/// or failing is passed over for the next one; the last is waited for and repeated.
/// </summary>
public sealed partial class ModelCalls(LlmOptions options, ModelRoutes routes, TimeProvider time, ILogger<ModelCalls> logger)
{
    private static readonly TimeSpan MaxDelay = TimeSpan.FromMinutes(1);

    private readonly ConcurrentDictionary<string, ProviderGate> _gates = new(StringComparer.Ordinal);

    /// <summary>The models to try for a name, see <see cref="ModelRoutes.Resolve"/>.</summary>
    public IReadOnlyList<ModelName> Resolve(string? model, IReadOnlyList<string>? fallback = null) => routes.Resolve(model, fallback ?? []);

    /// <summary>Counts what a call used against its platform's tokens a minute.</summary>
    public void Spent(LlmCall call)
    {
        ArgumentNullException.ThrowIfNull(call);
        if (call.Tokens.Total > 0)
            GateOf(call.Platform).Spend(call.Tokens.Total);
    }

    /// <summary>
    /// The first answer of <paramref name="attempt"/>, which is one call and fails before anything of its answer was handed on. The place that it takes
    /// is free again when the result is disposed of.
    /// </summary>
    /// <exception cref="LlmException">The last failure.</exception>
    public async Task<ModelAnswer<T>> RunAsync<T>(IReadOnlyList<ModelName> models, Func<ModelName, CancellationToken, Task<T>> attempt, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(models);
        ArgumentNullException.ThrowIfNull(attempt);
        for (var i = 0; ; i++)
        {
            var model = models[i];
            var isLast = i == models.Count - 1;
            for (var failures = 0; ; failures++)
            {
                try
                {
                    var (value, place) = await GateOf(model.Platform).RunAsync(token => attempt(model, token), isLast, cancellationToken);
                    return new ModelAnswer<T>(model, value, place);
                }
                catch (LlmException e) when (!isLast && (e.IsTransient || e.Kind == LlmErrorKind.Unauthorized))
                {
                    LogNext(logger, model, e.Kind, models[i + 1]);
                    break;
                }
                catch (LlmException e) when (DelayAfter(e, failures) is { } delay)
                {
                    await Task.Delay(delay, time, cancellationToken);
                }
            }
        }
    }

    // What Retry-After says, else 0.5 s, 1 s, 2 s …, half of it at random. A provider that asks for more than a minute is not waited for: the
    // execution's own retry comes later.
    private TimeSpan? DelayAfter(LlmException e, int failures) =>
        !e.IsTransient || failures >= options.MaxRetries || e.RetryAfter > MaxDelay ? null
        : e.RetryAfter ?? TimeSpan.FromSeconds(0.5 * (1 << failures) * (0.5 + (Random.Shared.NextDouble() / 2)));

    private ProviderGate GateOf(string platform) => _gates.GetOrAdd(platform, static (p, self) => new ProviderGate(p, self.Routes.LimitsOf(p), self.Time), (Routes: routes, Time: time));

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Model} did not answer ({Error}); {Next} is asked")]
    private static partial void LogNext(ILogger logger, ModelName model, LlmErrorKind error, ModelName next);
}

/// <summary>An answer, of which model, and the place at its platform that it holds until it is disposed of.</summary>
public sealed class ModelAnswer<T>(ModelName model, T value, IDisposable place) : IDisposable
{
    public ModelName Model => model;

    public T Value => value;

    public void Dispose() => place.Dispose();
}
