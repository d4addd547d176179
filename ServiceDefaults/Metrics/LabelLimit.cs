using System.Collections.Concurrent;
using System.Diagnostics.Metrics;

namespace OsMEN.ServiceDefaults.Metrics;

/// <summary>
/// Bounds the values of a label that come from outside, such as a model's name: the first <paramref name="max"/> that are seen stand for
/// themselves, every further one is <c>other</c>, in whatever exporter, and is counted in <c>metrics_series_dropped_total</c>.
/// </summary>
/// <param name="max">Most values; 100 unless the metric says otherwise.</param>
public sealed class LabelLimit(Counter<long> dropped, string metric, int max)
{
    // Longer values are cut by nobody else, and a series holds them as long as the process lives.
    private const int MaxLength = 200;

    private const string Other = "other";

    private readonly ConcurrentDictionary<string, string> _known = new(StringComparer.Ordinal);
    private int _count;

    /// <summary>The value itself, or <c>other</c>.</summary>
    public string Fold(string value) => Fold(value, max);

    /// <summary>The value itself also beyond the limit, up to ten times as many: for values that are known to be real.</summary>
    public string FoldTrusted(string value) => Fold(value, 10 * max);

    /// <summary>The value itself if it has a series, else <c>other</c>: for values that may be misspelled, which must not take the place of real ones.</summary>
    public string Find(string value)
    {
        ArgumentNullException.ThrowIfNull(value);
        return _known.GetValueOrDefault(value, Other);
    }

    private string Fold(string value, int most)
    {
        ArgumentNullException.ThrowIfNull(value);
        if (_known.TryGetValue(value, out var known)) return known;
        if (value.Length <= MaxLength && Volatile.Read(ref _count) < most && Interlocked.Increment(ref _count) <= most)
        {
            if (!_known.TryAdd(value, value)) Interlocked.Decrement(ref _count);
            return value;
        }
        dropped.Add(1, new KeyValuePair<string, object?>("metric", metric));
        return Other;
    }
}
