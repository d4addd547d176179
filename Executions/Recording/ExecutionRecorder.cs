using System.Data.Common;
using System.Threading.Channels;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace OsMEN.Executions;

/// <summary>
/// Writes what running executions have to say: one statement for all that has gathered while the one before was under way,
/// never waiting for more. Events are published after they are durable: a number that a reader has seen is never given
/// to another event, whatever crashes (docs/decisions/0002).
/// </summary>
public sealed partial class ExecutionRecorder : IAsyncDisposable
{
    private const int MaxBatch = 500;

    private static readonly TimeSpan MaxDelay = TimeSpan.FromSeconds(2);

    private readonly IExecutionStore _store;
    private readonly ExecutionSignals _signals;
    private readonly ExecutionOptions _options;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly CancellationTokenSource _abandon = new();
    private readonly Task _loop;

    // Each execution stands in it once at most, so it is bounded by the worker's slots.
    private readonly Channel<RunningExecution> _changed = Channel.CreateUnbounded<RunningExecution>(new UnboundedChannelOptions { SingleReader = true });

    public ExecutionRecorder(
        IExecutionStore store, ExecutionSignals signals, IOptions<ExecutionOptions> options, TimeProvider time, ILogger<ExecutionRecorder> logger)
    {
        _store = store;
        _signals = signals;
        _options = options.Value;
        _time = time;
        _logger = logger;
        _loop = Task.Run(RunAsync);
    }

    /// <summary>Completes when the recorder ends; faulted when it ends by an error, which is a reason to stop the process.</summary>
    public Task Completion => _loop;

    /// <summary>Opens the record of a claimed execution.</summary>
    public RunningExecution Open(ClaimedExecution claim) => new(claim, this, _options.MaxEvents, _time);

    /// <summary>Writes what is left, as long as <paramref name="cancellationToken"/> allows.</summary>
    public async Task DrainAsync(CancellationToken cancellationToken)
    {
        _changed.Writer.TryComplete();
        await using var stop = cancellationToken.Register(_abandon.Cancel);
        await _loop.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    public async ValueTask DisposeAsync()
    {
        _changed.Writer.TryComplete();
        await _abandon.CancelAsync();
        await _loop.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _abandon.Dispose();
    }

    internal void Enqueue(RunningExecution execution) => _changed.Writer.TryWrite(execution);

    private async Task RunAsync()
    {
        var reader = _changed.Reader;
        var batch = new List<(RunningExecution Execution, ExecutionRecord Record)>(MaxBatch);
        while (await reader.WaitToReadAsync(_abandon.Token))
        {
            batch.Clear();
            while (batch.Count < MaxBatch && reader.TryRead(out var execution))
            {
                if (execution.Take() is { } record)
                    batch.Add((execution, record));
            }

            if (batch.Count > 0)
                await WriteAsync(batch);
        }
    }

    private async Task WriteAsync(List<(RunningExecution Execution, ExecutionRecord Record)> batch)
    {
        var records = batch.ConvertAll(b => b.Record);
        for (var failures = 0; ; failures++)
        {
            try
            {
                var held = await _store.RecordAsync(records, _abandon.Token);
                for (var i = 0; i < batch.Count; i++)
                    Publish(batch[i].Execution, records[i], held[i]);
                return;
            }
            catch (DbException e) when (!StoreFault.Is(e))
            {
                await IsolateAsync(batch, e);
                return;
            }
            catch (Exception e) when (StoreFault.Is(e))
            {
                // The database is away: leases may run out meanwhile, the fence then refuses what is no longer ours.
                LogRetry(_logger, e, batch.Count);
                await Task.Delay(TimeSpan.FromMilliseconds(Math.Min(50 << Math.Min(failures, 6), MaxDelay.TotalMilliseconds)), _time, _abandon.Token);
            }
        }
    }

    // One record that the database refuses must not hold up the others: each alone, and the bad one fails its execution.
    private async Task IsolateAsync(List<(RunningExecution Execution, ExecutionRecord Record)> batch, DbException error)
    {
        if (batch.Count > 1)
        {
            foreach (var item in batch)
                await WriteAsync([item]);
            return;
        }

        var (execution, record) = batch[0];
        LogRefused(_logger, error, record.Lease.Execution);
        execution.OnFailed(error);
        execution.Stop(StopReason.LeaseLost);
    }

    private void Publish(RunningExecution execution, ExecutionRecord record, bool held)
    {
        if (held && record.Events is { } events)
            _signals.Recorded(record.Lease.Execution, events, record.End is { } end && end.Status.IsFinal());
        if (held && record is { Workflow: not null, End: { } ended } && ended.Status.IsFinal())
            _signals.Wake();
        execution.OnRecorded(record, held);
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Count} records wait: the database did not take them")]
    private static partial void LogRetry(ILogger logger, Exception e, int count);

    [LoggerMessage(Level = LogLevel.Error, Message = "The database refused the record of execution {Execution}")]
    private static partial void LogRefused(ILogger logger, Exception e, Guid execution);
}
