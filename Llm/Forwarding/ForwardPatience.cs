using OsMEN.Llm.Pipeline;

namespace OsMEN.Llm.Forwarding;

/// <summary>
/// How long a forwarded call may take: as a whole, and in silence. When its client leaves, the answer is read on to its usage for
/// <see cref="MeteringChatClient.DrainLimit"/>, since the provider bills it to the end, also when the client leaves before the answer begins.
/// </summary>
internal sealed class ForwardPatience : IDisposable
{
    private readonly LlmOptions _options;
    private readonly ForwardDrains _drains;
    private readonly TimeProvider _time;
    private readonly CancellationTokenSource _stop;
    private readonly long _started;
    private readonly TimeSpan _idle;
    private TimeSpan _whole;
    private CancellationTokenRegistration _leaving;
    private int _left;
    private bool _isDraining;

    public ForwardPatience(LlmOptions options, bool isStream, ForwardDrains drains, TimeProvider time)
    {
        (_options, _drains, _time, _whole) = (options, drains, time, options.Timeout);

        // What is no stream is silent until it is complete.
        _idle = isStream ? options.IdleTimeout : options.Timeout;
        _started = time.GetTimestamp();
        _stop = new CancellationTokenSource(options.Timeout, time);
    }

    /// <summary>For what is asked of the provider.</summary>
    public CancellationToken Token => _stop.Token;

    /// <summary>Whether the client has left.</summary>
    public bool HasLeft => Volatile.Read(ref _left) != 0;

    /// <summary>What to say when <see cref="Token"/> ended the call and the client is still there.</summary>
    public LlmException Late(Exception e) => new(
        LlmErrorKind.Timeout,
        _time.GetElapsedTime(_started) >= _options.Timeout ? $"The answer was not complete within {_options.Timeout}." : $"Nothing came for {_options.IdleTimeout}.",
        e);

    public void Watch(CancellationToken client) => _leaving = client.UnsafeRegister(static self => ((ForwardPatience)self!).Leave(), this);

    public void Leave()
    {
        if (Interlocked.Exchange(ref _left, 1) != 0)
            return;
        _whole = Min(_whole, _time.GetElapsedTime(_started) + MeteringChatClient.DrainLimit);
        _isDraining = true;
        if (_drains.Begin())
            _stop.CancelAfter(MeteringChatClient.DrainLimit);
        else
            _stop.Cancel();
    }

    /// <summary>The provider's silence counts from now.</summary>
    public void ExpectProvider() => Limit(_idle);

    /// <summary>The reader may take its time: only the whole counts from now.</summary>
    public void ExpectClient() => Limit(_options.Timeout);

    public void Dispose()
    {
        _leaving.Dispose();
        if (_isDraining)
            _drains.End();
        _stop.Dispose();
    }

    private static TimeSpan Min(TimeSpan a, TimeSpan b) => a < b ? a : b;

    private void Limit(TimeSpan most)
    {
        if (_stop.IsCancellationRequested)
            return;
        var left = _whole - _time.GetElapsedTime(_started);
        if (left <= TimeSpan.Zero)
            _stop.Cancel();
        else
            _stop.CancelAfter(Min(left, most));
    }
}
