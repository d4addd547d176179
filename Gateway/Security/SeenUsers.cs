using System.Collections.Concurrent;
using OsMEN.ServiceDefaults.Metrics;

namespace OsMEN.Gateway.Security;

/// <summary>Who was let in lately: <c>active_users</c>.</summary>
internal sealed class SeenUsers
{
    private const int Max = 100_000;

    private static readonly TimeSpan Window = TimeSpan.FromMinutes(15);

    private readonly ConcurrentDictionary<string, long> _seen = new(StringComparer.Ordinal);
    private readonly TimeProvider _time;

    public SeenUsers(MetricFactory metrics, TimeProvider time)
    {
        _time = time;
        metrics.ObservableGauge(MetricCatalog.ActiveUsers, () => [new(Count())]);
    }

    public void Note(string user)
    {
        // Beyond that many the gauge stands still: what nobody scrapes must not grow.
        if (_seen.ContainsKey(user) || _seen.Count < Max)
            _seen[user] = _time.GetTimestamp();
    }

    /// <summary>How many were let in within the last 15 minutes.</summary>
    public int Count()
    {
        foreach (var (user, at) in _seen)
        {
            if (_time.GetElapsedTime(at) > Window)
                _seen.TryRemove(new(user, at));
        }

        return _seen.Count;
    }
}
