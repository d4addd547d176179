using System.Threading.Channels;
using Microsoft.Extensions.Options;
using OsMEN.AgentWorker.Metrics;
using OsMEN.Executions;

namespace OsMEN.AgentWorker.Claiming;

/// <summary>
/// Claims due executions, never more than this worker has free slots, and starts them. Woken over Redis; without it, it
/// looks by itself every <see cref="ExecutionOptions.PollInterval"/>.
/// </summary>
/// <remarks>
/// Stops in two stages: it claims no more and waits for what runs as long as <see cref="WorkerOptions.DrainTimeout"/>
/// allows, then cancels the rest, which goes back to the queue without losing an attempt. A loop that fails stops the process.
/// </remarks>
internal sealed partial class ClaimLoop(
    IExecutionStore store,
    ExecutionSchema schema,
    ExecutionSignals signals,
    ExecutionRecorder recorder,
    LeaseKeeper keeper,
    LeaseRescuer rescuer,
    ExecutionRunner runner,
    ExecutionMetrics metrics,
    WorkerIdentity identity,
    WorkerSlots slots,
    IOptions<WorkerOptions> workerOptions,
    IOptions<ExecutionOptions> executionOptions,
    IHostApplicationLifetime lifetime,
    TimeProvider time,
    ILogger<ClaimLoop> logger) : BackgroundService
{
    // One claim's rows; a larger batch only makes the first of them wait for the last (bench/, "queue").
    private const int MaxBatch = 200;

    private static readonly TimeSpan MaxFailureDelay = TimeSpan.FromSeconds(2);

    private readonly Channel<bool> _wakes =
        Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite, SingleReader = true });

    private readonly TaskCompletionSource _idle = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private volatile bool _draining;
    private int _running;
    private bool _claimUncertain;

    public int Slots => slots.Total;

    public int Used => slots.Used;

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        metrics.ObserveSlots(Slots, () => Used);
        await schema.Ready.WaitAsync(stoppingToken);
        await signals.OnWakeAsync(() => _wakes.Writer.TryWrite(true));
        await signals.OnCancelAsync(id => keeper.Stop(id, StopReason.Cancelled));
        LogReady(logger, identity.Id, Slots);

        // Leases are kept until everything has ended, also while draining.
        using var ended = new CancellationTokenSource();
        var beats = keeper.RunAsync(identity.Id, ended.Token);
        var claims = ClaimAsync(stoppingToken);
        try
        {
            await await Task.WhenAny(claims, beats, recorder.Completion);
            throw new InvalidOperationException("A loop of the worker ended by itself.");
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            await claims.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            await DrainAsync();
        }
        finally
        {
            await ended.CancelAsync();
            await beats.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private async Task ClaimAsync(CancellationToken stoppingToken)
    {
        for (var failures = 0; ;)
        {
            var free = await TakeSlotsAsync(stoppingToken);
            var started = 0;
            try
            {
                _wakes.Reader.TryRead(out _);
                await GiveBackUncertainAsync(stoppingToken);

                // Not cancelled halfway: a claim that was made but not heard of would have to wait for its lease to run out.
                var claims = await store.ClaimAsync(identity.Id, free, executionOptions.Value.Lease, CancellationToken.None);
                failures = 0;
                foreach (var claim in claims)
                {
                    started++;
                    _ = RunAsync(claim);
                }
            }
            catch (Exception e) when (StoreFault.Is(e))
            {
                _claimUncertain = true;
                LogClaimFailed(logger, e);
                await Task.Delay(TimeSpan.FromMilliseconds(Math.Min(100 << Math.Min(failures++, 6), MaxFailureDelay.TotalMilliseconds)), time, stoppingToken);
            }
            finally
            {
                if (free > started)
                    slots.Release(free - started);
            }

            // Fewer than asked for: nothing more is due until somebody says so.
            if (started < free)
                await WaitForWorkAsync(stoppingToken);
        }
    }

    private async Task<int> TakeSlotsAsync(CancellationToken stoppingToken)
    {
        await slots.TakeAsync(stoppingToken);
        var taken = 1;
        while (taken < MaxBatch && slots.TryTake())
            taken++;
        return taken;
    }

    // A claim may have been made although its answer was lost with the connection.
    private async Task GiveBackUncertainAsync(CancellationToken cancellationToken)
    {
        if (!_claimUncertain)
            return;
        var returned = await rescuer.GiveBackUnknownAsync(identity.Id, [.. keeper.Ids], cancellationToken);
        _claimUncertain = false;
        if (returned.Count > 0)
            LogGivenBack(logger, returned.Count);
    }

    private async Task WaitForWorkAsync(CancellationToken stoppingToken)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(stoppingToken);

        // Spread, so that workers that started together don't ask together for ever.
        limit.CancelAfter(executionOptions.Value.PollInterval * (0.75 + (Random.Shared.NextDouble() / 2)));
        try
        {
            await _wakes.Reader.WaitToReadAsync(limit.Token);
        }
        catch (OperationCanceledException) when (!stoppingToken.IsCancellationRequested)
        {
            // Time to look.
        }
    }

    private async Task RunAsync(ClaimedExecution claim)
    {
        Interlocked.Increment(ref _running);

        // Off the claiming thread: an agent that computes before it first waits must not hold up the others.
        await Task.Yield();
        try
        {
            await runner.RunAsync(claim);
        }
        catch (Exception e)
        {
            // Every failure of an agent is handled inside: this one is ours, and the lease will bring the execution back.
            LogBroken(logger, e, claim.Execution.Id);
            lifetime.StopApplication();
        }
        finally
        {
            slots.Release();
            if (Interlocked.Decrement(ref _running) == 0 && _draining)
                _idle.TrySetResult();
        }
    }

    private async Task DrainAsync()
    {
        var options = workerOptions.Value;
        if (_running > 0)
            LogDraining(logger, _running, options.DrainTimeout);
        var idle = WaitUntilIdleAsync();
        try
        {
            await idle.WaitAsync(options.DrainTimeout, time);
        }
        catch (TimeoutException)
        {
            LogStopping(logger, _running);
            keeper.StopAll(StopReason.Draining);
            await idle;
        }

        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(5), time);
        await recorder.DrainAsync(limit.Token);
        await GiveBackUncertainAsync(limit.Token);
        signals.Wake();
    }

    // Not by the slots: an execution that waits for its child has lent its own.
    private Task WaitUntilIdleAsync()
    {
        _draining = true;
        Interlocked.MemoryBarrier();
        return Volatile.Read(ref _running) == 0 ? Task.CompletedTask : _idle.Task;
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "Worker {Worker} is ready with {Slots} slots")]
    private static partial void LogReady(ILogger logger, string worker, int slots);

    [LoggerMessage(Level = LogLevel.Warning, Message = "The queue did not answer; the worker tries again")]
    private static partial void LogClaimFailed(ILogger logger, Exception e);

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Count} executions whose claim was never answered are back in the queue")]
    private static partial void LogGivenBack(ILogger logger, int count);

    [LoggerMessage(Level = LogLevel.Critical, Message = "Execution {Execution} broke the worker, which stops")]
    private static partial void LogBroken(ILogger logger, Exception e, Guid execution);

    [LoggerMessage(Level = LogLevel.Information, Message = "Stopping: {Count} executions may end within {Limit}")]
    private static partial void LogDraining(ILogger logger, int count, TimeSpan limit);

    [LoggerMessage(Level = LogLevel.Information, Message = "Stopping: {Count} executions go back to the queue")]
    private static partial void LogStopping(ILogger logger, int count);
}
