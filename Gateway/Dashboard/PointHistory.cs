namespace OsMEN.Gateway.Dashboard;

/// <summary>The queue at one time.</summary>
/// <param name="Slots">Of all workers; null while Redis is away.</param>
internal sealed record QueuePoint(long Queued, long Running, long? Slots);

/// <summary>Database and Redis at one time; Redis's are null while it is away.</summary>
internal sealed record BackingPoint(int InUse, double? RedisOperations, double? RedisBytes);

/// <summary>Something over the last 15 minutes, in the slots of <see cref="LatencyWindow"/>.</summary>
internal sealed class PointHistory<T> where T : class
{
    private readonly (long Number, T? Point)[] _points = new (long, T?)[LatencyWindow.Slots];
    private readonly Lock _lock = new();

    public void Add(long slot, T point)
    {
        lock (_lock)
            _points[slot % LatencyWindow.Slots] = (slot, point);
    }

    /// <summary>A point for each slot, null where there is none.</summary>
    public T?[] Read(long first, int count)
    {
        var found = new T?[count];
        lock (_lock)
        {
            for (var i = 0; i < count; i++)
            {
                var (number, point) = _points[(first + i) % LatencyWindow.Slots];
                found[i] = number == first + i ? point : null;
            }
        }

        return found;
    }
}
