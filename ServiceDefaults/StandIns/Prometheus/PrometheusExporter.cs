using OpenTelemetry;
using OpenTelemetry.Metrics;
using OpenTelemetry.Resources;

namespace OsMEN.ServiceDefaults.StandIns.Prometheus;

/// <summary>Hands out the metrics when somebody scrapes.</summary>
/// <param name="dropped">See <see cref="ExpositionWriter"/>.</param>
[ExportModes(ExportModes.Pull)]
internal sealed class PrometheusExporter(Action<string, long>? dropped = null) : BaseExporter<Metric>, IPullMetricExporter
{
    private const int CollectMilliseconds = 5000;

    private readonly Lock _lock = new();
    private readonly ExpositionWriter _writer = new(dropped);
    private readonly List<Metric> _batch = [];

    public Func<int, bool>? Collect { get; set; }

    /// <summary>The exposition; the caller returns the array to the pool.</summary>
    public (byte[] Pooled, int Length) Scrape(bool openMetrics)
    {
        lock (_lock)
        {
            _batch.Clear();
            if (Collect?.Invoke(CollectMilliseconds) != true) throw new InvalidOperationException("The metrics could not be collected.");
            _writer.Write(_batch, ParentProvider?.GetResource() ?? Resource.Empty, openMetrics);
            _batch.Clear();
            var bytes = System.Buffers.ArrayPool<byte>.Shared.Rent(_writer.Written.Length);
            _writer.Written.CopyTo(bytes);
            return (bytes, _writer.Written.Length);
        }
    }

    public override ExportResult Export(in Batch<Metric> batch)
    {
        foreach (var metric in batch) _batch.Add(metric);
        return ExportResult.Success;
    }
}
