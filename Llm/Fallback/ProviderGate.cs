using System.Threading.RateLimiting;
using Polly;
using Polly.CircuitBreaker;

namespace OsMEN.Llm.Fallback;

/// <summary>
/// Admits calls to one platform: limits concurrent calls and tokens per minute, waits as long as the platform asks for (<c>Retry-After</c>),
/// and stops calling it for <see cref="Break"/> when half of at least <see cref="LeastCalls"/> calls within <see cref="Sampling"/> have failed.
/// </summary>
internal sealed class ProviderGate
{
    public static readonly TimeSpan Break = TimeSpan.FromSeconds(10);
    public static readonly TimeSpan Sampling = TimeSpan.FromSeconds(30);
    public const int LeastCalls = 10;

    private const int MaxWaiting = 10_000;

    private static readonly TimeSpan Look = TimeSpan.FromMilliseconds(100);

    private readonly string _platform;
    private readonly ProviderLimits _limits;
    private readonly TimeProvider _time;
    // Not a strategy of the pipeline: that would free the slot when a stream begins, and it is occupied until the stream ends.
    private readonly ConcurrencyLimiter _slots;
    private readonly ResiliencePipeline _breaker;
    private readonly Lock _lock = new();
    private DateTimeOffset _coolUntil;
    private double _tokens;
    private long _tokensAt;

    public ProviderGate(string platform, ProviderLimits limits, TimeProvider time)
    {
        (_platform, _limits, _time) = (platform, limits, time);
        _slots = new ConcurrencyLimiter(new ConcurrencyLimiterOptions { PermitLimit = limits.MaxConcurrency ?? int.MaxValue, QueueLimit = MaxWaiting });
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

    /// <summary>Makes one call, which occupies a slot until the result is disposed.</summary>
    /// <param name="patient">Whether to wait for a free slot; if false, a full platform counts as a failure.</param>
    /// <exception cref="LlmException">The call failed or cannot be made now; <see cref="LlmException.RetryAfter"/> says when it can.</exception>
    public async Task<(T Value, IDisposable Place)> RunAsync<T>(Func<CancellationToken, Task<T>> call, bool patient, CancellationToken cancellationToken)
    {
        if (Wait() is { } wait)
            throw new LlmException(LlmErrorKind.RateLimited, $"The limit of calls to {_platform} is reached.") { RetryAfter = wait };
        var place = await EnterAsync(patient, cancellationToken);
        try
        {
            return (await _breaker.ExecuteAsync(async token => await call(token), cancellationToken), place);
        }
        catch (BrokenCircuitException e)
        {
            place.Dispose();
            throw new LlmException(LlmErrorKind.Unavailable, $"{_platform} is not called at the moment because too many of its calls failed.", e) { RetryAfter = e.RetryAfter ?? Break };
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
        var lease = patient ? await _slots.AcquireAsync(1, cancellationToken) : _slots.AttemptAcquire();
        if (lease.IsAcquired)
            return lease;
        lease.Dispose();
        throw new LlmException(LlmErrorKind.RateLimited, $"{_platform} already has {_limits.MaxConcurrency} calls in progress, its limit here.") { RetryAfter = Look };
    }
}
