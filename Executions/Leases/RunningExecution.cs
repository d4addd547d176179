using OsMEN.Llm;

namespace OsMEN.Executions;

/// <summary>Why a running execution is told to stop.</summary>
public enum StopReason
{
    None,

    /// <summary>Somebody asked for it.</summary>
    Cancelled,

    /// <summary>Its time is up.</summary>
    TimedOut,

    /// <summary>Another worker has it, or may have: nothing that it still says is recorded.</summary>
    LeaseLost,

    /// <summary>This worker is stopping: the execution goes back to the queue.</summary>
    Draining,
}

/// <summary>
/// An execution that this process holds: collects its events, calls and end, and hands them to the
/// <see cref="ExecutionRecorder"/> in the order in which they came. Safe for several threads.
/// </summary>
public sealed class RunningExecution : IExecutionEventSink, IDisposable
{
    // A reader of the execution's output (a process' pipe, a model's stream) waits when the store is this far behind.
    private const int MaxPendingFrames = 1000;

    // Larger outputs are left out of the status frame; the execution itself has them.
    private const int MaxOutputInFrame = 256 * 1024;

    private readonly Lock _lock = new();
    private readonly CancellationTokenSource _stop = new();
    private readonly TaskCompletionSource<bool> _recorded = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly ExecutionRecorder _recorder;
    private readonly TimeProvider _time;
    private readonly int _maxEvents;
    private List<string> _frames = [];
    private List<LlmCall> _calls = [];
    private AttemptEnd? _end;
    private TaskCompletionSource? _room;
    private long _lastSeq;
    private int _events;
    private bool _queued;

    internal RunningExecution(ClaimedExecution claim, ExecutionRecorder recorder, int maxEvents, TimeProvider time)
    {
        Claim = claim;
        _recorder = recorder;
        _maxEvents = maxEvents;
        _time = time;
        _lastSeq = claim.LastSeq;
    }

    public ClaimedExecution Claim { get; }

    /// <summary>Cancelled when the execution is to stop; <see cref="StopReason"/> says why.</summary>
    public CancellationToken Stopping => _stop.Token;

    public StopReason StopReason { get; private set; }

    /// <summary>The clock's timestamp of the first output; null where there is none yet.</summary>
    public long? FirstOutputAt { get; private set; }

    /// <summary>Tokens of this attempt so far.</summary>
    public TokenUsage Tokens { get; private set; }

    /// <summary>Dollars of this attempt so far, of calls with a price.</summary>
    public decimal CostUsd { get; private set; }

    /// <summary>Tells the execution to stop; the first reason stands, but for a lost lease, which outweighs all.</summary>
    public void Stop(StopReason reason)
    {
        lock (_lock)
        {
            if (StopReason == StopReason.None || reason == StopReason.LeaseLost)
                StopReason = reason;
        }

        try
        {
            _stop.Cancel();
        }
        catch (ObjectDisposedException)
        {
            // It ended meanwhile.
        }
    }

    public ValueTask WriteAsync(ExecutionEvent item, CancellationToken cancellationToken)
    {
        Task? room;
        lock (_lock)
        {
            if (_end is not null)
                return default;
            if (item is ExecutionEvent.Log or ExecutionEvent.OutputDelta && _events++ >= _maxEvents)
            {
                if (_events != _maxEvents + 1)
                    return default;
                item = new ExecutionEvent.Log($"More than {_maxEvents} events: later log lines and output pieces are not recorded.", EventLogLevel.Warning);
            }

            if (item is ExecutionEvent.OutputDelta)
                FirstOutputAt ??= _time.GetTimestamp();
            Append(item);
            room = _frames.Count >= MaxPendingFrames
                ? (_room ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)).Task
                : null;
        }

        return room is null ? default : new ValueTask(room.WaitAsync(cancellationToken));
    }

    /// <summary>Adds a model call; it is recorded even if the lease is lost, since its money was spent.</summary>
    public void Add(LlmCall call)
    {
        lock (_lock)
        {
            Tokens += call.Tokens;
            CostUsd += call.CostUsd ?? 0;
            _calls.Add(call);
            Enqueue();
        }
    }

    /// <summary>Ends the attempt, with the status event that belongs to it. True once durable, false when the lease was lost.</summary>
    public Task<bool> EndAsync(AttemptEnd end)
    {
        lock (_lock)
        {
            if (_end is null)
            {
                // A parked execution is running still: nothing changed for who watches it.
                _end = end;
                if (end.IsPark)
                    Enqueue();
                else
                    Append(new ExecutionEvent.StatusChanged(end.Status, end.Output is { Length: <= MaxOutputInFrame } o ? o : null, end.Error));
            }
        }

        return _recorded.Task;
    }

    public void Dispose() => _stop.Dispose();

    /// <summary>Everything since the last time; null when there is nothing.</summary>
    internal ExecutionRecord? Take()
    {
        lock (_lock)
        {
            _queued = false;
            if (_frames.Count == 0 && _calls.Count == 0 && _end is null)
                return null;
            var record = new ExecutionRecord
            {
                Lease = Claim.Lease,
                Events = _frames.Count == 0 ? null : new EventChunk(_lastSeq - _frames.Count + 1, _frames),
                Calls = _calls,
                End = _end,
                Workflow = Claim.Execution.Step is null ? null : Claim.Execution.ParentId,
            };
            _frames = [];
            _calls = [];
            return record;
        }
    }

    internal void OnRecorded(ExecutionRecord record, bool held)
    {
        lock (_lock)
        {
            _room?.TrySetResult();
            _room = null;
        }

        if (!held)
            Stop(StopReason.LeaseLost);
        if (record.End is not null)
            _recorded.TrySetResult(held);
    }

    internal void OnFailed(Exception error) => _recorded.TrySetException(error);

    private void Append(ExecutionEvent item)
    {
        _frames.Add(EventFrames.Write(Claim.Execution.Id, ++_lastSeq, item, _time.GetUtcNow()));
        Enqueue();
    }

    private void Enqueue()
    {
        if (_queued)
            return;
        _queued = true;
        _recorder.Enqueue(this);
    }
}
