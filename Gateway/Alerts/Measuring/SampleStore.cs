using OsMEN.Gateway.Alerts.Rules;

namespace OsMEN.Gateway.Alerts.Measuring;

/// <summary>
/// The last values of the metrics that rules ask for, and no others, in memory. Not safe for several threads: the alert loop owns it.
/// </summary>
internal sealed class SampleStore
{
    /// <summary>More series than this are left out: some 20 MB of gauges, or 200 MB where all were kept for three days.</summary>
    public const int MaxSeries = 20_000;

    private readonly Dictionary<string, Dictionary<string, SampleSeries>> _metrics = new(StringComparer.Ordinal);
    private IReadOnlyDictionary<string, TimeSpan> _kept = new Dictionary<string, TimeSpan>(StringComparer.Ordinal);
    private int _series;

    /// <summary>Since when there are samples, Unix milliseconds; null before the first.</summary>
    public long? Since { get; private set; }

    /// <summary>Series that did not fit.</summary>
    public long LeftOut { get; private set; }

    /// <summary>Sets which metrics are kept, by their exposed names, and for how long.</summary>
    public void Keep(IReadOnlyDictionary<string, TimeSpan> kept)
    {
        _kept = kept;
        foreach (var gone in _metrics.Keys.Where(m => !kept.ContainsKey(m)).ToArray())
        {
            _series -= _metrics[gone].Count;
            _metrics.Remove(gone);
        }
    }

    public bool IsKept(string metric) => _kept.ContainsKey(metric);

    /// <summary>Adds a value; null where the metric is not kept or there is no room.</summary>
    /// <param name="startsHere">Whether a series that is new here did not exist before.</param>
    public SampleSeries? Add(string metric, LabelSet labels, long at, double value, bool startsHere)
    {
        if (!_kept.TryGetValue(metric, out var kept)) return null;
        Since ??= at;
        if (!_metrics.TryGetValue(metric, out var all)) _metrics[metric] = all = new(StringComparer.Ordinal);
        if (!all.TryGetValue(labels.Key, out var series))
        {
            if (_series >= MaxSeries)
            {
                LeftOut++;
                return null;
            }
            all[labels.Key] = series = new(labels, startsHere);
            _series++;
        }
        series.Add(new(at, value), kept);
        return series;
    }

    /// <summary>Marks a series as ended, until it comes again.</summary>
    public static void End(SampleSeries series, long at) => series.Add(new(at, Sample.Stale), TimeSpan.MaxValue / 2);

    /// <summary>Forgets series without a value for as long as their metric is kept.</summary>
    public void Forget(long now)
    {
        foreach (var (metric, all) in _metrics)
        {
            var oldest = now - (long)_kept[metric].TotalMilliseconds;
            foreach (var (key, series) in all)
                if (series.LastAt < oldest && all.Remove(key)) _series--;
        }
    }

    public IEnumerable<SampleSeries> Select(string metric, IReadOnlyList<LabelFilter> filters) =>
        _metrics.TryGetValue(metric, out var all) ? all.Values.Where(s => filters.All(f => f.Matches(s.Labels[f.Label]))) : [];
}
