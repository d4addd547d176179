using System.Diagnostics.Metrics;
using OsMEN.ServiceDefaults;
using OsMEN.ServiceDefaults.Metrics;
using OsMEN.ServiceDefaults.Tracing;

namespace OsMEN.Gateway.Dashboard;

/// <summary>A measurement with its labels.</summary>
internal delegate void OwnMeasurement(double value, ReadOnlySpan<KeyValuePair<string, object?>> labels);

/// <summary>Hears one of this gateway's own metrics as it is recorded.</summary>
internal static class OwnMetric
{
    /// <summary>Calls <paramref name="record"/> for each measurement, until it is disposed.</summary>
    /// <param name="meters">This gateway's: several may run in one process, as tests do.</param>
    public static MeterListener Listen(MetricDefinition metric, IMeterFactory meters, TelemetryOptions options, OwnMeasurement record)
    {
        var name = options.MetricsPrefix + metric.InstrumentName;
        var listener = new MeterListener
        {
            InstrumentPublished = (instrument, listener) =>
            {
                if (instrument.Name == name && instrument.Meter.Name == ServiceIdentity.Solution && ReferenceEquals(instrument.Meter.Scope, meters))
                    listener.EnableMeasurementEvents(instrument);
            },
        };
        listener.SetMeasurementEventCallback<double>((_, value, labels, _) => record(value, labels));
        listener.Start();
        return listener;
    }
}
