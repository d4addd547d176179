using System.Diagnostics.Metrics;
using OsMEN.ServiceDefaults.Tracing;

namespace OsMEN.ServiceDefaults.Metrics;

/// <summary>Makes the instruments of <see cref="MetricCatalog"/>, with <c>METRICS_PREFIX</c> before their names, on the solution's meter.</summary>
public sealed class MetricFactory
{
    // The conventions' own boundaries.
    private static readonly InstrumentAdvice<long> TokenBuckets = new() { HistogramBucketBoundaries = [1, 4, 16, 64, 256, 1024, 4096, 16_384, 65_536, 262_144, 1_048_576, 4_194_304, 16_777_216, 67_108_864] };
    private static readonly InstrumentAdvice<double> CallBuckets = new() { HistogramBucketBoundaries = [0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.12, 10.24, 20.48, 40.96, 81.92] };

    private readonly TelemetryOptions _options;
    private readonly Meter _meter;
    private readonly Meter _genAI;
    private readonly Counter<long> _dropped;

    public MetricFactory(IMeterFactory meters, TelemetryOptions options)
    {
        ArgumentNullException.ThrowIfNull(meters);
        _options = options;
        _meter = meters.Create(ServiceIdentity.Solution);
        _genAI = meters.Create(GenAINames.Meter);
        _dropped = Counter(MetricCatalog.SeriesDropped);
    }

    /// <summary>A counter of whole things.</summary>
    public Counter<long> Counter(MetricDefinition metric) => _meter.CreateCounter<long>(Name(metric), UnitOf(metric), metric.Description);

    /// <summary>A counter of amounts, such as dollars.</summary>
    public Counter<double> AmountCounter(MetricDefinition metric) => _meter.CreateCounter<double>(Name(metric), UnitOf(metric), metric.Description);

    /// <summary>A gauge that is moved up and down.</summary>
    public UpDownCounter<long> UpDownCounter(MetricDefinition metric) => _meter.CreateUpDownCounter<long>(Name(metric), UnitOf(metric), metric.Description);

    /// <summary>A gauge that is set.</summary>
    public Gauge<double> Gauge(MetricDefinition metric) => _meter.CreateGauge<double>(Name(metric), UnitOf(metric), metric.Description);

    /// <summary>A gauge that is read when somebody asks; <paramref name="observe"/> must not block.</summary>
    public ObservableGauge<double> ObservableGauge(MetricDefinition metric, Func<IEnumerable<Measurement<double>>> observe) =>
        _meter.CreateObservableGauge(Name(metric), observe, UnitOf(metric), metric.Description);

    /// <summary>A histogram with the definition's buckets.</summary>
    public Histogram<double> Histogram(MetricDefinition metric)
    {
        ArgumentNullException.ThrowIfNull(metric);
        return _meter.CreateHistogram(Name(metric), UnitOf(metric), metric.Description, tags: null, new InstrumentAdvice<double> { HistogramBucketBoundaries = metric.Buckets });
    }

    /// <summary>Bounds the values of one of a metric's labels that come from outside.</summary>
    public LabelLimit Limit(MetricDefinition metric, int max)
    {
        ArgumentNullException.ThrowIfNull(metric);
        return Limit(_options.MetricsPrefix + metric.Family, max);
    }

    /// <summary>The same for a metric that is not of the catalogue, by its exposed name.</summary>
    public LabelLimit Limit(string family, int max) => new(_dropped, family, max);

    /// <summary>The histogram of a duration under one of <see cref="GenAINames"/>.</summary>
    public Histogram<double> GenAIDuration(string name, string description) => _genAI.CreateHistogram(name, "s", description, tags: null, CallBuckets);

    /// <summary>The histogram of tokens, see <see cref="GenAINames"/>.</summary>
    public Histogram<long> GenAITokens() => _genAI.CreateHistogram(GenAINames.ClientTokens, "{token}", "Tokens of model calls.", tags: null, TokenBuckets);

    /// <summary>A counter of tokens under one of <see cref="GenAINames"/>.</summary>
    public Counter<long> GenAITokenCounter(string name, string description) => _genAI.CreateCounter<long>(name, "{token}", description);

    private static string? UnitOf(MetricDefinition metric) => metric.Unit.Length == 0 ? null : metric.Unit;

    private string Name(MetricDefinition metric)
    {
        ArgumentNullException.ThrowIfNull(metric);
        return _options.MetricsPrefix + metric.InstrumentName;
    }
}
