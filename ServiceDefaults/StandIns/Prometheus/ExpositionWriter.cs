using System.Globalization;
using System.Runtime.CompilerServices;
using OpenTelemetry.Metrics;
using OpenTelemetry.Resources;
using OsMEN.ServiceDefaults.Metrics;

namespace OsMEN.ServiceDefaults.StandIns.Prometheus;

/// <summary>Writes metrics in Prometheus's text format 0.0.4 or in OpenMetrics 1.0, which has exemplars.</summary>
/// <param name="dropped">Told of a metric's measurements past the SDK's cap on its series since it was told last.</param>
internal sealed class ExpositionWriter(Action<string, long>? dropped = null)
{
    private readonly ExpositionBuffer _out = new();
    private readonly ExpositionBuffer _labels = new();
    private readonly ConditionalWeakTable<Metric, MetricFamily> _families = [];
    private readonly List<(MetricFamily Family, Metric Metric)> _metrics = [];
    private readonly List<(string Name, object? Value)> _tags = [];
    private readonly Dictionary<string, string> _labelNames = new(StringComparer.Ordinal);
    private readonly ConditionalWeakTable<Metric, StrongBox<long>> _overflows = [];
    private bool _openMetrics;

    public ReadOnlySpan<byte> Written => _out.Written;

    public void Write(IEnumerable<Metric> metrics, Resource resource, bool openMetrics)
    {
        _openMetrics = openMetrics;
        _out.Clear();
        _metrics.Clear();
        foreach (var metric in metrics) _metrics.Add((_families.GetValue(metric, static m => new(m)), metric));

        // A family stands once and whole; the sort is stable by the metric's scope.
        _metrics.Sort(static (a, b) => string.CompareOrdinal(a.Family.Name, b.Family.Name) is not 0 and var byName ? byName : a.Family.ScopeLabels.AsSpan().SequenceCompareTo(b.Family.ScopeLabels));
        WriteTarget(resource);
        MetricFamily? open = null, written = null;
        foreach (var (family, metric) in _metrics)
        {
            if (open?.Name != family.Name)
            {
                open = family;
                written = null;
                WriteHead(family);
            }
            // Two of one name and scope, or of different types, cannot both be told.
            else if (family.Type != open.Type || (written is not null && written.ScopeLabels.AsSpan().SequenceEqual(family.ScopeLabels)))
            {
                continue;
            }
            written = family;
            foreach (ref readonly var point in metric.GetMetricPoints()) WritePoint(family, metric, point);
        }
        if (openMetrics) _out.Write("# EOF\n"u8);
        _metrics.Clear();
    }

    private void WriteTarget(Resource resource)
    {
        _labels.Clear();
        _tags.Clear();
        foreach (var attribute in resource.Attributes) _tags.Add((LabelName(attribute.Key), attribute.Value));
        if (_tags.Count == 0) return;
        WriteTags();
        _out.Write(_openMetrics ? "# TYPE target info\n# HELP target Target metadata\n"u8 : "# HELP target_info Target metadata\n# TYPE target_info gauge\n"u8);
        _out.Write("target_info{"u8);
        _out.Write(_labels.Written);
        _out.Write("} 1\n"u8);
    }

    private void WriteHead(MetricFamily family)
    {
        // OpenMetrics names a counter's family without _total, the text format with it.
        var total = family.Type == FamilyType.Counter && !_openMetrics;
        if (family.Help.Length > 0)
        {
            WriteHeadName("# HELP "u8, family, total);
            _out.WriteHelp(family.Help, _openMetrics);
            _out.Write((byte)'\n');
        }
        WriteHeadName("# TYPE "u8, family, total);
        _out.Write(family.Type switch { FamilyType.Counter => "counter\n"u8, FamilyType.Gauge => "gauge\n"u8, _ => "histogram\n"u8 });
        if (!_openMetrics || family.Unit.Length == 0 || !family.Name.EndsWith($"_{family.Unit}", StringComparison.Ordinal)) return;
        WriteHeadName("# UNIT "u8, family, total: false);
        _out.Write(family.Unit);
        _out.Write((byte)'\n');
    }

    private void WriteHeadName(ReadOnlySpan<byte> keyword, MetricFamily family, bool total)
    {
        _out.Write(keyword);
        _out.Write(family.NameBytes);
        if (total) _out.Write("_total"u8);
        _out.Write((byte)' ');
    }

    private void WritePoint(MetricFamily family, Metric metric, in MetricPoint point)
    {
        _labels.Clear();
        _labels.Write(family.ScopeLabels);
        _tags.Clear();
        foreach (var tag in point.Tags) _tags.Add((LabelName(tag.Key), tag.Value));
        if (IsOverflow(point)) FoldOverflow(metric, point);
        WriteTags();
        switch (metric.MetricType)
        {
            case MetricType.Histogram:
                WriteHistogram(family, point);
                return;
            case MetricType.ExponentialHistogram:
                WriteSample(family, "_bucket"u8, double.PositiveInfinity);
                _out.Write(point.GetHistogramCount());
                _out.Write((byte)'\n');
                WriteSum(family, point);
                return;
        }
        WriteSample(family, family.Type == FamilyType.Counter ? "_total"u8 : default);
        switch (metric.MetricType)
        {
            case MetricType.LongSum or MetricType.LongSumNonMonotonic: _out.Write(point.GetSumLong()); break;
            case MetricType.DoubleSum or MetricType.DoubleSumNonMonotonic: _out.Write(point.GetSumDouble()); break;
            case MetricType.LongGauge: _out.Write(point.GetGaugeLastValueLong()); break;
            default: _out.Write(point.GetGaugeLastValueDouble()); break;
        }
        if (_openMetrics && family.Type == FamilyType.Counter && point.TryGetExemplars(out var exemplars))
        {
            var isLong = metric.MetricType == MetricType.LongSum;
            foreach (ref readonly var exemplar in exemplars)
            {
                WriteExemplar(exemplar, isLong ? exemplar.LongValue : exemplar.DoubleValue);
                break;
            }
        }
        _out.Write((byte)'\n');
    }

    private static bool IsOverflow(in MetricPoint point)
    {
        foreach (var tag in point.Tags) return point.Tags.Count == 1 && tag.Key == "otel.metric.overflow";
        return false;
    }

    // What is past the SDK's cap on a metric's series stands in one point without labels of its own: each of them is "other".
    private void FoldOverflow(Metric metric, in MetricPoint overflow)
    {
        _tags.Clear();
        foreach (ref readonly var point in metric.GetMetricPoints())
        {
            if (point.Tags.Count == 0 || IsOverflow(point)) continue;
            foreach (var tag in point.Tags) _tags.Add((LabelName(tag.Key), SeriesCap.Other));
            break;
        }
        var (seen, now) = (_overflows.GetOrCreateValue(metric), CountOf(metric, overflow));
        if (now > seen.Value) dropped?.Invoke(_families.GetValue(metric, static m => new(m)).Name, now - seen.Value);
        seen.Value = now;
    }

    // How many measurements: exact for histograms and for counters of single things, else that there were some.
    private static long CountOf(Metric metric, in MetricPoint point) => metric.MetricType switch
    {
        MetricType.Histogram or MetricType.ExponentialHistogram => point.GetHistogramCount(),
        MetricType.LongSum => point.GetSumLong(),
        _ => 1,
    };

    private void WriteHistogram(MetricFamily family, in MetricPoint point)
    {
        var hasExemplars = point.TryGetExemplars(out var exemplars) && _openMetrics;
        var (count, lower) = (0L, double.NegativeInfinity);
        foreach (var bucket in point.GetHistogramBuckets())
        {
            count += bucket.BucketCount;
            WriteSample(family, "_bucket"u8, bucket.ExplicitBound);
            _out.Write(count);
            if (hasExemplars)
            {
                foreach (ref readonly var exemplar in exemplars)
                {
                    if (exemplar.DoubleValue <= lower || exemplar.DoubleValue > bucket.ExplicitBound) continue;
                    WriteExemplar(exemplar, exemplar.DoubleValue);
                    break;
                }
            }
            _out.Write((byte)'\n');
            lower = bucket.ExplicitBound;
        }
        WriteSum(family, point);
    }

    private void WriteSum(MetricFamily family, in MetricPoint point)
    {
        WriteSample(family, "_sum"u8);
        _out.Write(point.GetHistogramSum());
        _out.Write((byte)'\n');
        WriteSample(family, "_count"u8);
        _out.Write(point.GetHistogramCount());
        _out.Write((byte)'\n');
    }

    /// <summary>A sample up to its value.</summary>
    private void WriteSample(MetricFamily family, ReadOnlySpan<byte> suffix, double? bound = null)
    {
        _out.Write(family.NameBytes);
        _out.Write(suffix);
        _out.Write((byte)'{');
        _out.Write(_labels.Written);
        if (bound is { } le)
        {
            _out.Write(",le=\""u8);
            _out.WriteBound(le, _openMetrics);
            _out.Write((byte)'"');
        }
        _out.Write("} "u8);
    }

    private void WriteExemplar(in Exemplar exemplar, double value)
    {
        if (exemplar.TraceId == default) return;
        _out.Write(" # {trace_id=\""u8);
        _out.Write(exemplar.TraceId.ToHexString());
        _out.Write("\",span_id=\""u8);
        _out.Write(exemplar.SpanId.ToHexString());
        _out.Write("\"} "u8);
        _out.Write(value);
        _out.Write((byte)' ');
        _out.Write(exemplar.Timestamp.ToUnixTimeMilliseconds() / 1000.0);
    }

    private void WriteTags()
    {
        for (var i = 0; i < _tags.Count; i++)
        {
            var (name, value) = _tags[i];
            if (SeenBefore(i)) continue;
            if (_labels.Written.Length > 0) _labels.Write((byte)',');
            _labels.Write(name);
            _labels.Write("=\""u8);
            WriteValue(value);
            for (var j = i + 1; j < _tags.Count; j++)
            {
                // Different attributes whose label is the same are joined.
                if (_tags[j].Name != name) continue;
                _labels.Write((byte)';');
                WriteValue(_tags[j].Value);
            }
            _labels.Write((byte)'"');
        }
    }

    private bool SeenBefore(int index)
    {
        for (var i = 0; i < index; i++)
            if (_tags[i].Name == _tags[index].Name) return true;
        return false;
    }

    private void WriteValue(object? value)
    {
        switch (value)
        {
            case string text: _labels.WriteLabelValue(text); break;
            case int number: _labels.Write(number); break;
            case long number: _labels.Write(number); break;
            case bool flag: _labels.Write(flag ? "true"u8 : "false"u8); break;
            default: _labels.WriteLabelValue(Convert.ToString(value, CultureInfo.InvariantCulture)); break;
        }
    }

    private string LabelName(string key)
    {
        if (_labelNames.TryGetValue(key, out var name)) return name;
        // Keys come from code, and are few; should they not be, this is only a cache.
        if (_labelNames.Count >= 10_000) _labelNames.Clear();
        return _labelNames[key] = PrometheusName.ForLabel(key);
    }
}
