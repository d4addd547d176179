using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using OsMEN.ServiceDefaults;
using OsMEN.ServiceDefaults.Metrics;
using OsMEN.ServiceDefaults.Tracing;

namespace OsMEN.Gateway.Dashboard;

/// <summary>
/// Durations of the last 15 minutes, by <typeparamref name="TKey"/>, heard from one of this gateway's own metrics as it is recorded:
/// no Prometheus is needed.
/// </summary>
internal abstract class LatencyStatistics<TKey> : IDisposable where TKey : notnull
{
    // Routes and operations are few; this is for what a user's own code may make of them.
    private const int MaxKeys = 500;

    private readonly ConcurrentDictionary<TKey, LatencyWindow> _windows = new();
    private readonly MeterListener _listener;
    private readonly TimeProvider _time;

    /// <param name="metrics">Makes the metric; without it there is none to hear.</param>
    /// <param name="meters">This gateway's: several may run in one process, as tests do.</param>
    protected LatencyStatistics(MetricDefinition metric, MetricFactory metrics, IMeterFactory meters, TelemetryOptions options, TimeProvider time)
    {
        ArgumentNullException.ThrowIfNull(metrics);
        _time = time;
        var name = options.MetricsPrefix + metric.InstrumentName;
        _listener = new MeterListener
        {
            InstrumentPublished = (instrument, listener) =>
            {
                if (instrument.Name == name && instrument.Meter.Name == ServiceIdentity.Solution && ReferenceEquals(instrument.Meter.Scope, meters))
                    listener.EnableMeasurementEvents(instrument);
            },
        };
        _listener.SetMeasurementEventCallback<double>((_, seconds, labels, _) => Record(seconds, labels));
        _listener.Start();
    }

    /// <summary>All together.</summary>
    public LatencyWindow All { get; } = new();

    public void Dispose() => _listener.Dispose();

    /// <summary>What a measurement counts for; false where it doesn't.</summary>
    protected abstract bool TryRead(ReadOnlySpan<KeyValuePair<string, object?>> labels, out TKey key, out bool isError);

    /// <summary>A summary of each, made of its window and the last slot that is over.</summary>
    protected IEnumerable<TSummary> Each<TSummary>(Func<TKey, LatencyWindow, long, TSummary> summarise)
    {
        var last = LatencyWindow.SlotOf(_time.GetUtcNow()) - 1;
        return _windows.Select(w => summarise(w.Key, w.Value, last));
    }

    protected static string Label(ReadOnlySpan<KeyValuePair<string, object?>> labels, string name)
    {
        foreach (var (key, value) in labels)
        {
            if (key == name)
                return value as string ?? "";
        }

        return "";
    }

    private void Record(double seconds, ReadOnlySpan<KeyValuePair<string, object?>> labels)
    {
        if (!TryRead(labels, out var key, out var isError))
            return;
        var slot = LatencyWindow.SlotOf(_time.GetUtcNow());
        All.Record(slot, seconds, isError);
        if (_windows.TryGetValue(key, out var window) || (_windows.Count < MaxKeys && (window = _windows.GetOrAdd(key, _ => new())) is not null))
            window.Record(slot, seconds, isError);
    }
}
