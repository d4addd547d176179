namespace OsMEN.Llm.Forwarding;

/// <summary>Counts the answers that are read on though their clients have left, and bounds them.</summary>
internal sealed class ForwardDrains
{
    // Clients that come and go must not pile up connections: beyond this an answer is left where it is, and estimated.
    private const int Max = 256;

    private int _now;

    public int Now => Volatile.Read(ref _now);

    /// <summary>False when there are too many already; <see cref="End"/> follows either way.</summary>
    public bool Begin() => Interlocked.Increment(ref _now) <= Max;

    public void End() => Interlocked.Decrement(ref _now);
}
