using OsMEN.LocalHosting.Backing;

namespace OsMEN.LocalHosting.Running;

/// <summary>A resource while the application runs: its replicas, which can be stopped and started again.</summary>
/// <param name="program">What it is.</param>
/// <param name="board">Where its status stands.</param>
/// <param name="logs">Where each replica's lines go.</param>
/// <param name="onBreak">Called when a runner breaks, which is a bug.</param>
/// <param name="hurry">Kills what is being stopped.</param>
internal sealed class RunningResource(ResourceProgram program, StatusBoard board, IReadOnlyList<Action<string>> logs, Func<Task> onBreak, CancellationToken hurry) : IDisposable
{
    private readonly SemaphoreSlim _turn = new(1);
    private CancellationTokenSource _stop = new();
    private Task _running = Task.CompletedTask;
    private bool _closed;

    public ResourceProgram Program => program;

    /// <summary>Starts the replicas, unless they run or the application is stopping. False if there was nothing to start.</summary>
    public async Task<bool> StartAsync(CancellationToken cancellationToken)
    {
        await _turn.WaitAsync(cancellationToken);
        try
        {
            return Start();
        }
        finally
        {
            _turn.Release();
        }
    }

    /// <summary>Stops the replicas; they stay stopped. False if there was nothing to stop.</summary>
    public async Task<bool> StopAsync(CancellationToken cancellationToken)
    {
        await _turn.WaitAsync(cancellationToken);
        try
        {
            return await StopRunningAsync();
        }
        finally
        {
            _turn.Release();
        }
    }

    public async Task RestartAsync(CancellationToken cancellationToken)
    {
        await _turn.WaitAsync(cancellationToken);
        try
        {
            await StopRunningAsync();
            Start();
        }
        finally
        {
            _turn.Release();
        }
    }

    /// <summary>Stops it for good. A runner's exception comes out here.</summary>
    public async Task CloseAsync()
    {
        // What holds the turn may itself be stopping it: asking at once saves waiting.
        await _stop.CancelAsync();
        await _turn.WaitAsync(CancellationToken.None);
        _closed = true;
        await _stop.CancelAsync();
        _turn.Release();
        await _running;
    }

    public void Dispose()
    {
        _stop.Dispose();
        _turn.Dispose();
    }

    private bool Start()
    {
        if (_closed || !_running.IsCompleted)
            return false;
        _stop = new();
        var stop = _stop.Token;
        for (var i = 0; i < program.Replicas; i++)
            board.Set(program.Resource.Name, i, ResourceStatus.Initial);
        _running = Task.WhenAll(Enumerable.Range(0, program.Replicas).Select(i => Task.Run(() => RunAsync(i, stop), CancellationToken.None)));
        return true;
    }

    private async Task<bool> StopRunningAsync()
    {
        var wasRunning = !_running.IsCompleted;
        await _stop.CancelAsync();
        await _running;

        // Those that had failed already did not see the token.
        for (var i = 0; i < program.Replicas; i++)
            board.Set(program.Resource.Name, i, ResourceStatus.Initial with { State = ResourceState.Stopped });
        return wasRunning;
    }

    private async Task RunAsync(int replica, CancellationToken stop)
    {
        try
        {
            await new ReplicaRunner(program, replica, board, logs[replica], TimeProvider.System).RunAsync(stop, hurry);
        }
        catch
        {
            await onBreak();
            throw;
        }
    }
}
