using System.Diagnostics.Metrics;

namespace OsMEN.ServiceDefaults.Metrics;

/// <summary>Lookups in caches of any kind: <c>cache_hits_total</c> and <c>cache_misses_total</c>.</summary>
public sealed class CacheMetrics
{
    private readonly Counter<long> _hits;
    private readonly Counter<long> _misses;

    public CacheMetrics(MetricFactory metrics)
    {
        ArgumentNullException.ThrowIfNull(metrics);
        _hits = metrics.Counter(MetricCatalog.CacheHits);
        _misses = metrics.Counter(MetricCatalog.CacheMisses);
    }

    /// <summary>A cache's counters, at 0 from now on. <paramref name="type"/> is of the code, not of data.</summary>
    public Cache For(string type)
    {
        var tag = new KeyValuePair<string, object?>("cache_type", type);
        _hits.Add(0, tag);
        _misses.Add(0, tag);
        return new(this, tag);
    }

    /// <summary>The counters of one cache.</summary>
    public sealed class Cache
    {
        private readonly CacheMetrics _metrics;
        private readonly KeyValuePair<string, object?> _tag;

        internal Cache(CacheMetrics metrics, KeyValuePair<string, object?> tag) => (_metrics, _tag) = (metrics, tag);

        /// <summary>Counts one lookup.</summary>
        public void Count(bool hit) => (hit ? _metrics._hits : _metrics._misses).Add(1, _tag);
    }
}
