using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace OsMEN.ServiceDefaults.Health;

/// <summary>A component that changed.</summary>
/// <param name="From">Null at the first result.</param>
internal sealed record HealthChange(string Component, HealthStatus? From, HealthStatus To, DateTimeOffset At, string? Message);

/// <summary>The latest changes of this process.</summary>
internal sealed class HealthHistory
{
    private const int Kept = 1000;

    private readonly Queue<HealthChange> _changes = new();
    private readonly Lock _lock = new();

    public void Add(HealthChange change)
    {
        lock (_lock)
        {
            if (_changes.Count == Kept) _changes.Dequeue();
            _changes.Enqueue(change);
        }
    }

    /// <summary>Oldest first.</summary>
    public HealthChange[] Since(DateTimeOffset since)
    {
        lock (_lock) return [.. _changes.Where(c => c.At >= since)];
    }
}
