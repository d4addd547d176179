using System.Diagnostics.Metrics;
using OsMEN.ServiceDefaults.Metrics;
using OsMEN.ServiceDefaults.Tracing;

namespace OsMEN.Gateway.Dashboard;

/// <summary>An operation on the execution store, over the last 15 minutes.</summary>
/// <param name="Slow">How many took over <see cref="StoreStatistics.SlowSeconds"/>.</param>
internal sealed record OperationSummary(string Operation, LatencySummary Calls, long Slow);

/// <summary>This gateway's operations on the execution store.</summary>
internal sealed class StoreStatistics(MetricFactory metrics, IMeterFactory meters, TelemetryOptions options, TimeProvider time)
    : LatencyStatistics<string>(MetricCatalog.StorageDuration, metrics, meters, options, time)
{
    /// <summary>What takes longer is slow.</summary>
    public const double SlowSeconds = 0.1;

    private const int SummarySlots = LatencyWindow.Slots - 1;

    /// <summary>Those that were called, the slowest 95 % first.</summary>
    public IReadOnlyList<OperationSummary> ByOperation() =>
    [
        .. Each((operation, window, last) => new OperationSummary(operation, window.Summarise(last, SummarySlots), window.CountOver(last, SummarySlots, SlowSeconds)))
            .Where(o => o.Calls.P95 is not null)
            .OrderByDescending(o => o.Calls.P95).ThenBy(o => o.Operation, StringComparer.Ordinal),
    ];

    protected override bool TryRead(ReadOnlySpan<KeyValuePair<string, object?>> labels, out string key, out bool isError)
    {
        key = Label(labels, "operation");
        isError = Label(labels, "status") == "error";
        return true;
    }
}
