using Polly;
using Polly.CircuitBreaker;

namespace OsMEN.Llm.Fallback;

/// <summary>
/// The way to one platform: how many calls at once, how many tokens a minute, not while it asks to be left alone (<c>Retry-After</c>), and not
/// for <see cref="Break"/> after half of at least <see cref="LeastCalls"/> calls within <see cref="Sampling"/> have failed.
/// </summary>
internal sealed class ProviderGate
{
    public static readonly TimeSpan Break = TimeSpan.FromSeconds(10);
    public static readonly TimeSpan Sampling = TimeSpan.FromSeconds(30);
    public const int LeastCalls = 10;

    private static readonly TimeSpan Look = TimeSpan.FromMilliseconds(100);

    private readonly string _platform;
    private readonly ProviderLimits _limits;
    private readonly TimeProvider _time;
    private readonly SemaphoreSlim? _slots;
    private readonly ResiliencePipeline _breaker;
    private readonly Lock _lock = new();
    private DateTimeOffset _coolUntil;
    private double _tokens;
    private long _tokensAt;

    public ProviderGate(string platform, ProviderLimits limits, TimeProvider time)
    {
        (_platform, _limits, _time) = (platform, limits, time);
        _slots = limits.MaxConcurrency is { } most ? new SemaphoreSlim(most) : null;
        _tokens = limits.TokensPerMinute ?? 0;
        _tokensAt = time.GetTimestamp();
        _breaker = new ResiliencePipelineBuilder { TimeProvider = time }.AddCircuitBreaker(new CircuitBreakerStrategyOptions
        {
            FailureRatio = 0.5,
            MinimumThroughput = LeastCalls,
            SamplingDuration = Sampling,
            BreakDuration = Break,
            ShouldHandle = new PredicateBuilder().Handle<LlmException>(e => e.Kind is LlmErrorKind.Unavailable or LlmErrorKind.Timeout or LlmErrorKind.Interrupted),
        }).Build();
    }

    /// <summary>Makes one call, holding a place until the result is disposed of.</summary>
    /// <param name="patient">Whether to wait for a place and for tokens; else a full platform is as good as a failed one.</param>
    /// <exception cref="LlmException">It failed, or may not be made now; then <see cref="LlmException.RetryAfter"/> says when.</exception>
    public async Task<(T Value, IDisposable Place)> RunAsync<T>(Func<CancellationToken, Task<T>> call, bool patient, CancellationToken cancellationToken)
    {
        if (Wait() is { } wait)
            throw new LlmException(LlmErrorKind.RateLimited, $"{_platform} is not asked now: its limit is reached.") { RetryAfter = wait };
        var place = await EnterAsync(patient, cancellationToken);
        try
        {
            return (await _breaker.ExecuteAsync(async token => await call(token), cancellationToken), place);
        }
        catch (BrokenCircuitException e)
        {
            place.Dispose();
            throw new LlmException(LlmErrorKind.Unavailable, $"{_platform} is not asked now: too many calls of it failed.", e) { RetryAfter = e.RetryAfter ?? Break };
        }
        catch (LlmException e)
        {
            place.Dispose();
            if (e.Kind == LlmErrorKind.RateLimited)
                Cool(e.RetryAfter);
            throw;
        }
        catch
        {
            place.Dispose();
            throw;
        }
    }

    /// <summary>Counts what a call has used.</summary>
    public void Spend(long tokens)
    {
        lock (_lock)
        {
            Refill();
            _tokens -= tokens;
        }
    }

    private TimeSpan? Wait()
    {
        lock (_lock)
        {
            var cooling = _coolUntil - _time.GetUtcNow();
            if (cooling > TimeSpan.Zero)
                return cooling;
            if (_limits.TokensPerMinute is not { } perMinute)
                return null;
            Refill();
            return _tokens > 0 ? null : TimeSpan.FromMinutes(-_tokens / perMinute) + Look;
        }
    }

    private void Cool(TimeSpan? time)
    {
        lock (_lock)
        {
            var until = _time.GetUtcNow() + (time ?? TimeSpan.Zero);
            _coolUntil = until > _coolUntil ? until : _coolUntil;
        }
    }

    // What a call uses is known at its end: it may take the balance below nothing, and the next one waits for that to be made good.
    private void Refill()
    {
        if (_limits.TokensPerMinute is not { } perMinute)
            return;
        _tokens = Math.Min(perMinute, _tokens + (_time.GetElapsedTime(_tokensAt).TotalMinutes * perMinute));
        _tokensAt = _time.GetTimestamp();
    }

    private async ValueTask<IDisposable> EnterAsync(bool patient, CancellationToken cancellationToken)
    {
        if (_slots is null)
            return Place.Free;
        if (patient)
            await _slots.WaitAsync(cancellationToken);
        else if (!await _slots.WaitAsync(TimeSpan.Zero, cancellationToken))
            throw new LlmException(LlmErrorKind.RateLimited, $"{_platform} has as many calls as it may.") { RetryAfter = Look };
        return new Place(_slots);
    }

    private sealed class Place(SemaphoreSlim? slots) : IDisposable
    {
        public static readonly Place Free = new(null);

        private int _left;

        public void Dispose()
        {
            if (slots is not null && Interlocked.Exchange(ref _left, 1) == 0)
                slots.Release();
        }
    }
}
