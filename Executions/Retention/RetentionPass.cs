using System.Data.Common;
using Microsoft.Extensions.Options;
using OsMEN.Executions.Audit;

namespace OsMEN.Executions.Retention;

/// <summary>
/// One pass over everything that retention removes, in batches of <see cref="RetentionOptions.Batch"/> rows with a pause after
/// each. Any number of processes may run it at once.
/// </summary>
internal sealed class RetentionPass(
    IExecutionStore store, DbDataSource database, AuditTable audit, RetentionMetrics metrics, IOptions<RetentionOptions> options, TimeProvider time)
{
    // So that it takes a tenth of one connection's time at most, however slow the database is: bench retention.
    private const int PausePerWork = 9;

    // Children go before their parents, level by level; nothing nests deeper than agents may.
    private const int MaxSweeps = 20;

    private static readonly TimeSpan ExecutionsStay = TimeSpan.FromDays(1);
    private static readonly TimeSpan EventsStay = TimeSpan.FromHours(1);

    private readonly RetentionOptions _options = options.Value;
    private Dictionary<string, long> _removed = [];

    /// <summary>Executions before this one have no events left to remove: a pass need not look at them again.</summary>
    public Guid EventsFrom { get; private set; }

    /// <summary>Runs it to its end, and answers how many rows of each kind it removed; kinds without any are left out.</summary>
    public async Task<IReadOnlyDictionary<string, long>> RunAsync(CancellationToken cancellationToken)
    {
        _removed = new(StringComparer.Ordinal);
        var now = time.GetUtcNow();
        await ExecutionsAsync(now - _options.ExecutionsAge, long.MaxValue, cancellationToken);
        await EventsAsync(now - _options.EventsAge, long.MaxValue, cancellationToken);
        var (executions, events) = await store.EstimateBytesAsync(_options.ExecutionsBytes, _options.EventsBytes, cancellationToken);
        if (executions > _options.ExecutionsBytes)
            await ExecutionsAsync(now - ExecutionsStay, executions - _options.ExecutionsBytes, cancellationToken);
        if (events > _options.EventsBytes)
            await EventsAsync(now - EventsStay, events - _options.EventsBytes, cancellationToken);
        await UntilNoneAsync("journal", async () => await store.TrimJournalAsync(now - _options.JournalAge, _options.Batch, cancellationToken), cancellationToken);
        foreach (var trim in RowTrim.All(_options))
            await UntilNoneAsync(trim.What, async () => await trim.RemoveAsync(database, now, _options.Batch, cancellationToken), cancellationToken);
        await UntilNoneAsync("audit", async () => await audit.TrimAsync(now - _options.AuditAge, _options.Batch, cancellationToken), cancellationToken);
        await UntilNoneAsync("usage", async () => await store.TrimUsageAsync(now - _options.CallsAge, _options.Batch, cancellationToken), cancellationToken);

        // Last: it gives up, and the pass with it, where it doesn't get its lock soon.
        await UntilNoneAsync("calls", () => store.KeepCallsAsync(now, _options.CallsAge, _options.CallsBytes, cancellationToken), cancellationToken);
        return _removed;
    }

    private async Task ExecutionsAsync(DateTimeOffset before, long bytes, CancellationToken cancellationToken)
    {
        var left = bytes;
        for (var sweep = 0; sweep < MaxSweeps && left > 0; sweep++)
        {
            var (after, any, isLeftOver, isEnd) = (Guid.Empty, false, false, false);
            while (!isEnd && left > 0)
            {
                var batch = await MeasureAsync("executions", () => store.TrimExecutionsAsync(after, before, _options.Batch, cancellationToken), b => b.Removed, cancellationToken);
                left -= batch.Bytes;
                any |= batch.Removed > 0;
                // Where many children went, their parents can go at once: the batch is tried again.
                if (batch.Removed < batch.Seen && batch.Removed * 2 >= batch.Seen)
                    continue;
                isLeftOver |= batch.Removed < batch.Seen;
                isEnd = batch.Seen < _options.Batch;
                after = batch.Last.Execution;
            }

            if (!any || !isLeftOver)
                return;
        }
    }

    private async Task EventsAsync(DateTimeOffset before, long bytes, CancellationToken cancellationToken)
    {
        var (after, left, isWhole, isEnd) = (new TrimPosition(EventsFrom, -1), bytes, true, false);
        while (!isEnd && left > 0)
        {
            var batch = await MeasureAsync("events", () => store.TrimEventsAsync(after, before, _options.Batch, cancellationToken), b => b.Removed, cancellationToken);
            left -= batch.Bytes;
            isWhole &= batch.Removed == batch.Seen;
            isEnd = batch.Seen < _options.Batch;
            if (batch.Seen > 0)
                after = batch.Last;
            if (isWhole && batch.Seen > 0)
                EventsFrom = after.Execution;
        }
    }

    private async Task UntilNoneAsync(string what, Func<Task<long>> remove, CancellationToken cancellationToken)
    {
        while (await MeasureAsync(what, remove, rows => rows, cancellationToken) > 0)
        {
        }
    }

    private async Task<T> MeasureAsync<T>(string what, Func<Task<T>> remove, Func<T, long> rows, CancellationToken cancellationToken)
    {
        var started = time.GetTimestamp();
        var result = await remove();
        metrics.Removed(what, rows(result));
        if (rows(result) > 0)
            _removed[what] = _removed.GetValueOrDefault(what) + rows(result);
        var pause = time.GetElapsedTime(started) * PausePerWork;
        if (pause > TimeSpan.Zero)
            await Task.Delay(pause, time, cancellationToken);
        return result;
    }
}
