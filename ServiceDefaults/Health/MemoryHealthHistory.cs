namespace OsMEN.ServiceDefaults.Health;

/// <summary>The latest 1,000 changes of this process.</summary>
internal sealed class MemoryHealthHistory : IHealthHistoryStore
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

    public IReadOnlyList<HealthChange> Read(DateTimeOffset since, int limit)
    {
        lock (_lock) return [.. _changes.Where(c => c.At >= since).TakeLast(limit)];
    }

    public Task AppendAsync(IReadOnlyList<HealthChange> changes, CancellationToken cancellationToken)
    {
        foreach (var change in changes) Add(change);
        return Task.CompletedTask;
    }

    public Task<IReadOnlyList<HealthChange>> ReadAsync(DateTimeOffset since, int limit, CancellationToken cancellationToken) => Task.FromResult(Read(since, limit));
}
