using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;
using Polly;
using Polly.Retry;

namespace OsMEN.Llm.Fallback;

/// <summary>
/// Makes a call of the first model that answers. Models are tried in their order, each platform through its <see cref="ProviderGate"/>. A model
/// that is busy, cooling down or failing is skipped for the next one; the last one is waited for and retried.
/// </summary>
public sealed partial class ModelCalls
{
    // A provider that asks for a longer wait is not waited for: the execution's own retry comes later.
    private static readonly TimeSpan MaxDelay = TimeSpan.FromMinutes(1);

    private readonly ConcurrentDictionary<string, ProviderGate> _gates = new(StringComparer.Ordinal);
    private readonly ResiliencePipeline _retry;
    private readonly ModelRoutes _routes;
    private readonly TimeProvider _time;
    private readonly ILogger<ModelCalls> _logger;

    public ModelCalls(LlmOptions options, ModelRoutes routes, TimeProvider time, ILogger<ModelCalls> logger)
    {
        ArgumentNullException.ThrowIfNull(options);
        (_routes, _time, _logger) = (routes, time, logger);
        _retry = options.MaxRetries == 0 ? ResiliencePipeline.Empty : new ResiliencePipelineBuilder { TimeProvider = time }.AddRetry(new RetryStrategyOptions
        {
            MaxRetryAttempts = options.MaxRetries,
            BackoffType = DelayBackoffType.Exponential,
            Delay = TimeSpan.FromSeconds(0.5),
            MaxDelay = MaxDelay,
            UseJitter = true,
            ShouldHandle = new PredicateBuilder().Handle<LlmException>(e => e.IsTransient && !(e.RetryAfter > MaxDelay)),
            DelayGenerator = static a => ValueTask.FromResult((a.Outcome.Exception as LlmException)?.RetryAfter),
        }).Build();
    }

    /// <summary>The models to try for a name, see <see cref="ModelRoutes.Resolve"/>.</summary>
    public IReadOnlyList<ModelName> Resolve(string? model, IReadOnlyList<string>? fallback = null) => _routes.Resolve(model, fallback ?? []);

    /// <summary>Counts what a call used against its platform's tokens per minute.</summary>
    public void Spent(LlmCall call)
    {
        ArgumentNullException.ThrowIfNull(call);
        if (call.Tokens.Total > 0)
            GateOf(call.Platform).Spend(call.Tokens.Total);
    }

    /// <summary>
    /// Returns the first answer of <paramref name="attempt"/>, which makes one call and may only fail before anything of its answer was passed on.
    /// The answer occupies one of its platform's concurrent calls until it is disposed.
    /// </summary>
    /// <exception cref="LlmException">The last failure.</exception>
    public async Task<ModelAnswer<T>> RunAsync<T>(IReadOnlyList<ModelName> models, Func<ModelName, CancellationToken, Task<T>> attempt, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(models);
        ArgumentNullException.ThrowIfNull(attempt);
        for (var i = 0; i < models.Count - 1; i++)
        {
            try
            {
                return await OnceAsync(models[i], attempt, patient: false, cancellationToken);
            }
            catch (LlmException e) when (e.IsTransient || e.Kind == LlmErrorKind.Unauthorized)
            {
                LogNext(_logger, models[i], e.Kind, models[i + 1]);
            }
        }

        return await _retry.ExecuteAsync(
            static async (s, token) => await s.Self.OnceAsync(s.Model, s.Attempt, patient: true, token), (Self: this, Model: models[^1], Attempt: attempt), cancellationToken);
    }

    private async Task<ModelAnswer<T>> OnceAsync<T>(ModelName model, Func<ModelName, CancellationToken, Task<T>> attempt, bool patient, CancellationToken cancellationToken)
    {
        var (value, place) = await GateOf(model.Platform).RunAsync(token => attempt(model, token), patient, cancellationToken);
        return new ModelAnswer<T>(model, value, place);
    }

    private ProviderGate GateOf(string platform) => _gates.GetOrAdd(platform, static (p, self) => new ProviderGate(p, self._routes.LimitsOf(p), self._time), this);

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Model} did not answer ({Error}); trying {Next}")]
    private static partial void LogNext(ILogger logger, ModelName model, LlmErrorKind error, ModelName next);
}

/// <summary>An answer, its model, and the slot at its platform that it occupies until it is disposed.</summary>
public sealed class ModelAnswer<T>(ModelName model, T value, IDisposable place) : IDisposable
{
    public ModelName Model => model;

    public T Value => value;

    public void Dispose() => place.Dispose();
}
