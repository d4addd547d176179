namespace OsMEN.LocalHosting.Otlp;

/// <summary>
/// The series of every instrument, each with its window of points. A new series that finds no room takes the place of the
/// one that has been silent longest, if any is silent for a minute; else its points are dropped and counted.
/// </summary>
internal sealed class MetricStore(int maxSeries = 2_000, long maxBytes = Sizes.Metrics)
{
    private const long SilentSeconds = 60;

    private readonly Lock _lock = new();
    private readonly Dictionary<MetricName, Instrument> _instruments = [];
    private int _series;
    private long _reserved;
    private long _dropped;

    public StoreUse Use
    {
        get
        {
            lock (_lock)
                return new(_series, _dropped, _reserved, maxBytes);
        }
    }

    public void Add(IReadOnlyList<MetricSample> samples)
    {
        lock (_lock)
        {
            foreach (var sample in samples)
                Add(sample);
        }
    }

    /// <summary>Every instrument, in the order of service, meter and name.</summary>
    public IReadOnlyList<MetricSummary> List()
    {
        lock (_lock)
        {
            return
            [
                .. _instruments.Select(i => new MetricSummary(i.Key, i.Value.Kind, i.Value.Unit, i.Value.Description, i.Value.Series.Count))
                    .OrderBy(m => m.Metric.Service, StringComparer.Ordinal).ThenBy(m => m.Metric.Meter, StringComparer.Ordinal).ThenBy(m => m.Metric.Name, StringComparer.Ordinal),
            ];
        }
    }

    /// <summary>The series of an instrument with their points after the given second; none where it is not known.</summary>
    public IReadOnlyList<(TelemetrySource Source, IReadOnlyList<TelemetryAttribute> Attributes, IReadOnlyList<MetricPoint> Points)> Find(MetricName metric, long after)
    {
        lock (_lock)
            return _instruments.TryGetValue(metric, out var instrument) ? [.. instrument.Series.Values.Select(s => (s.Source, s.Attributes, s.Points(after)))] : [];
    }

    private void Add(MetricSample sample)
    {
        var key = KeyOf(sample);
        if (!_instruments.TryGetValue(sample.Metric, out var instrument) || !instrument.Series.TryGetValue(key, out var series))
        {
            if (!MakeRoom(sample))
            {
                _dropped++;
                return;
            }

            // Making room may have removed the instrument with its last series.
            if (!_instruments.TryGetValue(sample.Metric, out instrument))
                _instruments[sample.Metric] = instrument = new(sample.Kind, sample.Unit, sample.Description);
            instrument.Series[key] = series = new(sample);
            _series++;
            _reserved += series.Reserved;
        }

        series.Add(sample);
    }

    private bool MakeRoom(MetricSample sample)
    {
        var needed = MetricSeries.ReservedFor(sample);
        while (_series + 1 > maxSeries || _reserved + needed > maxBytes)
        {
            var silent = _instruments.SelectMany(i => i.Value.Series, (i, s) => (i.Key, Series: s)).MinBy(s => s.Series.Value.Updated);
            if (silent.Series.Value is null || silent.Series.Value.Updated > (sample.Time / 1_000_000_000) - SilentSeconds)
                return false;
            _instruments[silent.Key].Series.Remove(silent.Series.Key);
            if (_instruments[silent.Key].Series.Count == 0)
                _instruments.Remove(silent.Key);
            _series--;
            _reserved -= silent.Series.Value.Reserved;
        }

        return true;
    }

    private static string KeyOf(MetricSample sample) =>
        sample.Source.Instance + "\n" + string.Join('\n', sample.Attributes.OrderBy(a => a.Key, StringComparer.Ordinal).Select(a => $"{a.Key}={a.Value}"));

    private sealed record Instrument(MetricKind Kind, string Unit, string Description)
    {
        public Dictionary<string, MetricSeries> Series { get; } = new(StringComparer.Ordinal);
    }
}

/// <summary>An instrument in a list.</summary>
internal sealed record MetricSummary(MetricName Metric, MetricKind Kind, string Unit, string Description, int Series);
