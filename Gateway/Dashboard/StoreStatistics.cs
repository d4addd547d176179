using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using OsMEN.ServiceDefaults.Metrics;
using OsMEN.ServiceDefaults.Tracing;

namespace OsMEN.Gateway.Dashboard;

/// <summary>An operation on the execution store, over the last 15 minutes.</summary>
/// <param name="Slow">How many took over <see cref="StoreStatistics.SlowSeconds"/>.</param>
internal sealed record OperationSummary(string Operation, LatencySummary Calls, long Slow);

/// <summary>This gateway's operations on the execution store in the last 15 minutes, heard from its own metric.</summary>
internal sealed class StoreStatistics : IDisposable
{
    /// <summary>What takes longer is slow.</summary>
    public const double SlowSeconds = 0.1;

    private readonly ConcurrentDictionary<string, LatencyWindow> _operations = new(StringComparer.Ordinal);
    private readonly MeterListener _listener;
    private readonly TimeProvider _time;

    public StoreStatistics(MetricFactory metrics, IMeterFactory meters, TelemetryOptions options, TimeProvider time)
    {
        // The factory makes the metric; without it there is none to hear.
        ArgumentNullException.ThrowIfNull(metrics);
        _time = time;
        _listener = OwnMetric.Listen(MetricCatalog.StorageDuration, meters, options, Record);
    }

    /// <summary>All operations together.</summary>
    public LatencyWindow All { get; } = new();

    /// <summary>Those that were called, the slowest 95 % first.</summary>
    public IReadOnlyList<OperationSummary> ByOperation()
    {
        var last = LatencyWindow.SlotOf(_time.GetUtcNow()) - 1;
        return [.. _operations
            .Select(o => new OperationSummary(o.Key, o.Value.Summarise(last, LatencyWindow.Slots - 1), o.Value.CountOver(last, LatencyWindow.Slots - 1, SlowSeconds)))
            .Where(o => o.Calls.P95 is not null)
            .OrderByDescending(o => o.Calls.P95).ThenBy(o => o.Operation, StringComparer.Ordinal)];
    }

    public void Dispose() => _listener.Dispose();

    private void Record(double seconds, ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        string operation = "", status = "";
        foreach (var (name, value) in tags)
        {
            switch (name)
            {
                case "operation": operation = (string)value!; break;
                case "status": status = (string)value!; break;
            }
        }

        var slot = LatencyWindow.SlotOf(_time.GetUtcNow());
        All.Record(slot, seconds, status == "error");
        _operations.GetOrAdd(operation, _ => new()).Record(slot, seconds, status == "error");
    }
}
