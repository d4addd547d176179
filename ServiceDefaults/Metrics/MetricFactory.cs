using System.Diagnostics.Metrics;
using OsMEN.ServiceDefaults.Tracing;

namespace OsMEN.ServiceDefaults.Metrics;

/// <summary>Makes the instruments of <see cref="MetricCatalog"/>, with <c>METRICS_PREFIX</c> before their names, on the solution's meter.</summary>
public sealed class MetricFactory(IMeterFactory meters, TelemetryOptions options)
{
    private readonly Meter _meter = meters.Create(ServiceIdentity.Solution);

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

    private static string? UnitOf(MetricDefinition metric) => metric.Unit.Length == 0 ? null : metric.Unit;

    private string Name(MetricDefinition metric)
    {
        ArgumentNullException.ThrowIfNull(metric);
        return options.MetricsPrefix + metric.InstrumentName;
    }
}
