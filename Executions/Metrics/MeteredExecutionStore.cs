using System.Diagnostics.Metrics;
using OsMEN.Executions.Analytics;
using OsMEN.Executions.Health;
using OsMEN.Executions.Retention;
using OsMEN.Executions.Usage;
using OsMEN.ServiceDefaults.Metrics;

namespace OsMEN.Executions.Metrics;

/// <summary>
/// The store, with each operation's count and duration as metrics. An operation that its caller gave up counts as cancelled. What ends by
/// being cancelled while nobody holds it is counted here, since no worker ends it.
/// </summary>
internal sealed class MeteredExecutionStore : IExecutionStore
{
    private static readonly string[] Operations =
        [
            "migrate", "ping", "accept", "find_accepted", "claim", "heartbeat", "record", "record_calls", "find_expired", "find_held", "cancel", "retry", "get", "list", "read_events", "read_calls", "depth",
            "read_view", "read_usage", "keep_calls", "read_journal", "journal", "trim_journal",
            "trim_executions", "trim_events", "trim_usage", "measure_storage",
        ];

    private readonly IExecutionStore _store;
    private readonly WriteOutage _outage;
    private readonly EndMetrics _ends;
    private readonly TimeProvider _time;
    private readonly Counter<long> _count;
    private readonly Histogram<double> _duration;

    public MeteredExecutionStore(IExecutionStore store, WriteOutage outage, MetricFactory metrics, EndMetrics ends, TimeProvider time)
    {
        (_store, _outage, _ends, _time) = (store, outage, ends, time);
        _count = metrics.Counter(MetricCatalog.StorageOperations);
        _duration = metrics.Histogram(MetricCatalog.StorageDuration);
        foreach (var operation in Operations)
        {
            foreach (var status in (ReadOnlySpan<string>)["ok", "error"])
                _count.Add(0, new("operation", operation), new("status", status));
        }
    }

    public string Kind => _store.Kind;

    public Task MigrateAsync(CancellationToken cancellationToken) =>
        MeasureAsync("migrate", async () => { await _store.MigrateAsync(cancellationToken); return true; });

    public Task<IReadOnlyList<AcceptResult>> AcceptAsync(IReadOnlyList<NewExecution> items, CancellationToken cancellationToken) =>
        MeasureAsync("accept", () => _store.AcceptAsync(items, cancellationToken));

    public Task<AcceptResult?> FindAcceptedAsync(NewExecution item, CancellationToken cancellationToken) =>
        MeasureAsync("find_accepted", () => _store.FindAcceptedAsync(item, cancellationToken));

    public Task<IReadOnlyList<ClaimedExecution>> ClaimAsync(string worker, int max, TimeSpan lease, CancellationToken cancellationToken) =>
        MeasureAsync("claim", () => _store.ClaimAsync(worker, max, lease, cancellationToken));

    public Task<HeartbeatResult> HeartbeatAsync(string worker, IReadOnlyCollection<LeaseId> held, TimeSpan lease, CancellationToken cancellationToken) =>
        MeasureAsync("heartbeat", () => _store.HeartbeatAsync(worker, held, lease, cancellationToken));

    public Task<IReadOnlyList<bool>> RecordAsync(IReadOnlyList<ExecutionRecord> items, CancellationToken cancellationToken) =>
        MeasureAsync("record", () => _store.RecordAsync(items, cancellationToken));

    public Task RecordCallsAsync(IReadOnlyList<DirectCall> calls, CancellationToken cancellationToken) =>
        MeasureAsync("record_calls", async () => { await _store.RecordCallsAsync(calls, cancellationToken); return true; });

    public Task<IReadOnlyList<HeldExecution>> FindExpiredAsync(int max, CancellationToken cancellationToken) =>
        MeasureAsync("find_expired", () => _store.FindExpiredAsync(max, cancellationToken));

    public Task<IReadOnlyList<HeldExecution>> FindHeldAsync(string worker, CancellationToken cancellationToken) =>
        MeasureAsync("find_held", () => _store.FindHeldAsync(worker, cancellationToken));

    public async Task<ChangeResult?> CancelAsync(Guid id, CancellationToken cancellationToken)
    {
        var result = await MeasureAsync("cancel", () => _store.CancelAsync(id, cancellationToken));
        if (result is { Ended: true, Execution: var execution })
            _ends.CancelledUnheld(execution);
        return result;
    }

    public Task<ChangeResult?> RetryAsync(Guid id, CancellationToken cancellationToken) => MeasureAsync("retry", () => _store.RetryAsync(id, cancellationToken));

    public Task<Execution?> GetAsync(Guid id, CancellationToken cancellationToken) => MeasureAsync("get", () => _store.GetAsync(id, cancellationToken));

    public Task<IReadOnlyList<Execution>> ListAsync(ExecutionQuery query, CancellationToken cancellationToken) =>
        MeasureAsync("list", () => _store.ListAsync(query, cancellationToken));

    public Task<EventPage?> ReadEventsAsync(Guid id, long after, int limit, CancellationToken cancellationToken) =>
        MeasureAsync("read_events", () => _store.ReadEventsAsync(id, after, limit, cancellationToken));

    public Task<IReadOnlyList<ExecutionCall>> ReadCallsAsync(ExecutionCallQuery query, CancellationToken cancellationToken) =>
        MeasureAsync("read_calls", () => _store.ReadCallsAsync(query, cancellationToken));

    public Task<QueueDepth> GetDepthAsync(CancellationToken cancellationToken) => MeasureAsync("depth", () => _store.GetDepthAsync(cancellationToken));

    public Task<IReadOnlyList<object?[]>> ReadViewAsync(AnalyticsQuery query, CancellationToken cancellationToken) =>
        MeasureAsync("read_view", () => _store.ReadViewAsync(query, cancellationToken));

    public Task<ToolJournal> ReadJournalAsync(Guid id, CancellationToken cancellationToken) =>
        MeasureAsync("read_journal", () => _store.ReadJournalAsync(id, cancellationToken));

    public Task<bool> JournalTurnAsync(LeaseId lease, JournaledTurn turn, CancellationToken cancellationToken) =>
        MeasureAsync("journal", () => _store.JournalTurnAsync(lease, turn, cancellationToken));

    public Task<bool> JournalCallAsync(LeaseId lease, JournaledCall call, CancellationToken cancellationToken) =>
        MeasureAsync("journal", () => _store.JournalCallAsync(lease, call, cancellationToken));

    public Task<int> TrimJournalAsync(DateTimeOffset before, int max, CancellationToken cancellationToken) =>
        MeasureAsync("trim_journal", () => _store.TrimJournalAsync(before, max, cancellationToken));

    public Task<IReadOnlyList<UsageRow>> ReadUsageAsync(UsageQuery query, CancellationToken cancellationToken) =>
        MeasureAsync("read_usage", () => _store.ReadUsageAsync(query, cancellationToken));

    public Task<long> KeepCallsAsync(DateTimeOffset now, TimeSpan keep, long maxBytes, CancellationToken cancellationToken) =>
        MeasureAsync("keep_calls", () => _store.KeepCallsAsync(now, keep, maxBytes, cancellationToken));

    public Task<TrimBatch> TrimExecutionsAsync(Guid after, DateTimeOffset before, int max, CancellationToken cancellationToken) =>
        MeasureAsync("trim_executions", () => _store.TrimExecutionsAsync(after, before, max, cancellationToken));

    public Task<TrimBatch> TrimEventsAsync(TrimPosition after, DateTimeOffset before, int max, CancellationToken cancellationToken) =>
        MeasureAsync("trim_events", () => _store.TrimEventsAsync(after, before, max, cancellationToken));

    public Task<int> TrimUsageAsync(DateTimeOffset before, int max, CancellationToken cancellationToken) =>
        MeasureAsync("trim_usage", () => _store.TrimUsageAsync(before, max, cancellationToken));

    public Task<(long Executions, long Events)> EstimateBytesAsync(long executionsLimit, long eventsLimit, CancellationToken cancellationToken) =>
        MeasureAsync("measure_storage", () => _store.EstimateBytesAsync(executionsLimit, eventsLimit, cancellationToken));

    public Task<IReadOnlyList<StoredData>> MeasureStorageAsync(Guid eventsFrom, CancellationToken cancellationToken) =>
        MeasureAsync("measure_storage", () => _store.MeasureStorageAsync(eventsFrom, cancellationToken));

    private async Task<T> MeasureAsync<T>(string operation, Func<Task<T>> work)
    {
        var started = _time.GetTimestamp();
        var status = "error";
        try
        {
            var result = await work();
            status = "ok";
            return result;
        }
        catch (OperationCanceledException)
        {
            status = "cancelled";
            throw;
        }
        catch (Exception e)
        {
            _outage.Note(e);
            throw;
        }
        finally
        {
            _count.Add(1, new("operation", operation), new("status", status));
            _duration.Record(_time.GetElapsedTime(started).TotalSeconds, new("operation", operation), new("status", status));
        }
    }
}
