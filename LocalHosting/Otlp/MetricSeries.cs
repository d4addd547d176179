namespace OsMEN.LocalHosting.Otlp;

/// <summary>A point as it is kept: a value, or a histogram's count and sum and its percentiles since the point before.</summary>
/// <param name="Time">Seconds since 1970.</param>
/// <param name="Value">The value; a counter's and a histogram's count since the beginning.</param>
/// <param name="Sum">A histogram's sum since the beginning.</param>
/// <param name="P50">Not a number where nothing was measured in between.</param>
/// <param name="P90"><inheritdoc cref="P50"/></param>
/// <param name="P99"><inheritdoc cref="P50"/></param>
internal readonly record struct MetricPoint(long Time, double Value, double Sum, float P50, float P90, float P99)
{
    public const int Bytes = 40;

    public bool SameAs(in MetricPoint other) => this with { Time = other.Time } == other;
}

/// <summary>
/// The points of one series within the window, one a second at most. Of a value that does not change only the first and the
/// last point are kept. What it may grow to is charged when it begins.
/// </summary>
internal sealed class MetricSeries
{
    public const int WindowSeconds = 15 * 60;

    private const int MaxPoints = WindowSeconds + 1;

    // A queue doubles its array: this is the next power of two.
    private const long QueueCapacity = 1024;

    private readonly Queue<MetricPoint> _settled = new();
    private MetricPoint? _beforeLast;
    private MetricPoint? _last;
    private long[] _buckets = [];
    private double _count;
    private double _total;
    private double _totalSum;
    private long _start;

    public MetricSeries(MetricSample first)
    {
        Source = first.Source;
        Attributes = first.Attributes;
        Reserved = ReservedFor(first);
    }

    public TelemetrySource Source { get; }

    public IReadOnlyList<TelemetryAttribute> Attributes { get; }

    /// <summary>Seconds since 1970 of the newest point.</summary>
    public long Updated => _last?.Time ?? 0;

    /// <summary>Bytes that it takes when its window is full.</summary>
    public long Reserved { get; }

    public static long ReservedFor(MetricSample sample) =>
        512 + (QueueCapacity * MetricPoint.Bytes) + (8L * sample.Buckets.Length) + Sizes.Of(sample.Source.Service) + Sizes.Of(sample.Source.Instance) + (2 * Sizes.Of(sample.Attributes));

    public IReadOnlyList<MetricPoint> Points(long after)
    {
        var points = _settled.Where(p => p.Time > after).ToList();
        if (_beforeLast is { } beforeLast && beforeLast.Time > after)
            points.Add(beforeLast);
        if (_last is { } last && last.Time > after)
            points.Add(last);
        return points;
    }

    public void Add(MetricSample sample)
    {
        var point = PointOf(sample);
        if (_last is { } last && point.Time <= last.Time)
        {
            _last = point with { Time = last.Time };
        }
        else if (_last is { } same && _beforeLast is { } before && same.SameAs(before) && point.SameAs(same))
        {
            _last = point;
        }
        else
        {
            if (_beforeLast is { } settled)
                _settled.Enqueue(settled);
            _beforeLast = _last;
            _last = point;
        }

        while (_settled.TryPeek(out var oldest) && (oldest.Time < point.Time - WindowSeconds || _settled.Count > MaxPoints - 2))
            _settled.Dequeue();
    }

    private MetricPoint PointOf(MetricSample sample)
    {
        var seconds = sample.Time / 1_000_000_000;
        if (sample.Kind == MetricKind.Gauge)
            return new(seconds, sample.Value, 0, float.NaN, float.NaN, float.NaN);

        // A process that started again counts from zero again.
        var isContinued = sample.Cumulative && sample.Start == _start && sample.Value >= _count && sample.Buckets.Length == _buckets.Length;
        var counts = isContinued ? [.. sample.Buckets.Zip(_buckets, (now, before) => Math.Max(0, now - before))] : sample.Buckets;
        if (sample.Cumulative)
        {
            (_total, _totalSum) = (sample.Value, sample.Sum);
            (_count, _start, _buckets) = (sample.Value, sample.Start, sample.Buckets);
        }
        else
        {
            (_total, _totalSum) = (_total + sample.Value, _totalSum + sample.Sum);
        }

        return new(seconds, _total, _totalSum, Percentile(counts, sample.Bounds, 0.5), Percentile(counts, sample.Bounds, 0.9), Percentile(counts, sample.Bounds, 0.99));
    }

    // Linear within a bucket, as Prometheus' histogram_quantile; the last bucket has no end, and counts as its beginning.
    private static float Percentile(long[] counts, double[] bounds, double share)
    {
        var rank = share * counts.Sum();
        if (rank <= 0)
            return float.NaN;
        var below = 0L;
        for (var i = 0; i < bounds.Length; i++)
        {
            if (below + counts[i] >= rank)
            {
                var from = i == 0 ? Math.Min(0, bounds[0]) : bounds[i - 1];
                return (float)(from + ((bounds[i] - from) * ((rank - below) / counts[i])));
            }

            below += counts[i];
        }

        return bounds.Length > 0 ? (float)bounds[^1] : float.NaN;
    }
}
