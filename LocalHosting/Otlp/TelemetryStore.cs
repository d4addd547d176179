namespace OsMEN.LocalHosting.Otlp;

/// <summary>Everything that services send, as much as there is room for.</summary>
internal sealed class TelemetryStore
{
    public LogStore Logs { get; } = new();

    public TraceStore Traces { get; } = new();

    public MetricStore Metrics { get; } = new();

    /// <summary>Takes an export request.</summary>
    /// <exception cref="InvalidDataException">It is not one. Nothing of it is kept then.</exception>
    public void Receive(OtlpSignal signal, ReadOnlySpan<byte> request)
    {
        switch (signal)
        {
            case OtlpSignal.Logs:
                Logs.Add(OtlpMessages.ReadLogs(request));
                break;
            case OtlpSignal.Traces:
                Traces.Add(OtlpMessages.ReadSpans(request));
                break;
            default:
                Metrics.Add(OtlpMessages.ReadMetrics(request));
                break;
        }
    }
}

internal enum OtlpSignal
{
    Logs,
    Metrics,
    Traces,
}
