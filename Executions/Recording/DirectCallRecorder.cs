using System.Data.Common;
using System.Threading.Channels;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace OsMEN.Executions;

/// <summary>
/// Writes calls without an execution, off the way of the request that made them: one statement for all that have gathered while
/// the one before was under way. When it stops, it writes what is left.
/// </summary>
public sealed partial class DirectCallRecorder(IExecutionStore store, ExecutionSchema schema, TimeProvider time, ILogger<DirectCallRecorder> logger) : BackgroundService
{
    // With the database away these are some 40 MB; beyond, calls are counted as metrics only, and the log says how many.
    private const int MaxWaiting = 100_000;
    private const int MaxBatch = 1000;

    private static readonly TimeSpan MaxDelay = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan Gathering = TimeSpan.FromMilliseconds(50);

    private readonly Channel<DirectCall> _calls = Channel.CreateBounded<DirectCall>(new BoundedChannelOptions(MaxWaiting) { SingleReader = true });
    private long _lost;

    /// <summary>Takes a call and returns at once.</summary>
    public void Add(DirectCall call)
    {
        if (!_calls.Writer.TryWrite(call))
            Interlocked.Increment(ref _lost);
    }

    public override async Task StopAsync(CancellationToken cancellationToken)
    {
        _calls.Writer.TryComplete();
        if (ExecuteTask is { } loop)
            await loop.WaitAsync(cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await base.StopAsync(cancellationToken);
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        await schema.Ready.WaitAsync(stoppingToken);
        var batch = new List<DirectCall>();
        while (await _calls.Reader.WaitToReadAsync(stoppingToken))
        {
            // A little patience makes one write of many; the end does not wait.
            if (!_calls.Reader.Completion.IsCompleted && _calls.Reader.Count < MaxBatch)
                await Task.Delay(Gathering, time, stoppingToken);
            batch.Clear();
            while (batch.Count < MaxBatch && _calls.Reader.TryRead(out var call))
                batch.Add(call);
            await WriteAsync(batch, stoppingToken);
        }
    }

    private async Task WriteAsync(List<DirectCall> batch, CancellationToken cancellationToken)
    {
        for (var failures = 0; ; failures++)
        {
            try
            {
                await store.RecordCallsAsync(batch, cancellationToken);
                if (Interlocked.Exchange(ref _lost, 0) is > 0 and var lost)
                    LogLost(logger, lost);
                return;
            }
            catch (DbException e) when (!StoreFault.Is(e))
            {
                // The same statement would fail again: each alone, and what the database refuses is named and left.
                if (batch.Count == 1)
                {
                    LogRefused(logger, e, batch[0].Call.Id);
                    return;
                }

                foreach (var call in batch)
                    await WriteAsync([call], cancellationToken);
                return;
            }
            catch (Exception e) when (StoreFault.Is(e))
            {
                LogRetry(logger, e, batch.Count);
                await Task.Delay(TimeSpan.FromMilliseconds(Math.Min(50 << Math.Min(failures, 6), MaxDelay.TotalMilliseconds)), time, cancellationToken);
            }
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Count} model calls wait to be written: the database did not take them")]
    private static partial void LogRetry(ILogger logger, Exception e, int count);

    [LoggerMessage(Level = LogLevel.Error, Message = "{Count} model calls were not written: the database was away too long; the metrics have them")]
    private static partial void LogLost(ILogger logger, long count);

    [LoggerMessage(Level = LogLevel.Error, Message = "The database refused model call {Call}")]
    private static partial void LogRefused(ILogger logger, Exception e, Guid call);
}
