using System.Globalization;
using OsMEN.LocalHosting.Backing;

namespace OsMEN.LocalHosting.Running;

/// <summary>Runs one replica of a resource: waits for what it needs, starts it, watches its health, starts it again when it ends.</summary>
internal sealed class ReplicaRunner(ResourceProgram program, int replica, StatusBoard board, Action<string> onLine, TimeProvider time)
{
    // What never became healthy is not tried for ever: its reason is on the screen, and would scroll away.
    private const int MaxFailedStarts = 5;

    private static readonly TimeSpan s_probeLimit = TimeSpan.FromSeconds(3);
    private static readonly TimeSpan s_probeAtStart = TimeSpan.FromMilliseconds(50);
    private static readonly TimeSpan s_probeWhenHealthy = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan s_probeWhenUnhealthy = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(10);

    private string Name => program.Resource.Name;

    /// <summary>Runs until <paramref name="stop"/>, and then has stopped what it ran; at once when <paramref name="hurry"/> is cancelled too.</summary>
    public async Task RunAsync(CancellationToken stop, CancellationToken hurry)
    {
        if (program is UnavailableProgram unavailable)
        {
            board.Set(Name, replica, new(ResourceState.Unavailable, null, unavailable.Reason, 0));
            return;
        }

        try
        {
            await WaitForDependenciesAsync(stop);
            var backoff = new RestartBackoff();
            var failedStarts = 0;
            for (var restarts = 0; ; restarts++)
            {
                var started = time.GetTimestamp();
                var (end, wasHealthy) = await RunOnceAsync(restarts, stop, hurry);
                failedStarts = wasHealthy ? 0 : failedStarts + 1;
                if (restarts + 1 == failedStarts && failedStarts == MaxFailedStarts)
                    throw new DistributedApplicationException(string.Create(CultureInfo.InvariantCulture, $"{end}, {MaxFailedStarts} times, and was never healthy"));
                var pause = backoff.Next(time.GetElapsedTime(started));
                board.Set(Name, replica, new(ResourceState.Exited, false, string.Create(CultureInfo.InvariantCulture, $"{end}; starting again in {pause.TotalSeconds:0} s"), restarts));
                await Task.Delay(pause, time, stop);
            }
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            board.Set(Name, replica, board[Name, replica] with { State = ResourceState.Stopped, Healthy = null, Reason = null });
        }
        catch (DistributedApplicationException failure)
        {
            board.Set(Name, replica, board[Name, replica] with { State = ResourceState.FailedToStart, Healthy = false, Reason = failure.Message });
        }
    }

    private async Task WaitForDependenciesAsync(CancellationToken stop)
    {
        foreach (var wait in program.Resource.Annotations.OfType<WaitAnnotation>())
        {
            // A database is up when its server is.
            var awaited = (wait.Resource as IResourceWithParent)?.Parent.Name ?? wait.Resource.Name;
            bool IsThere(ResourceStatus s) => wait.WaitType == WaitType.WaitUntilHealthy ? s.IsReady : s.State == ResourceState.Running;
            if (!board.All(awaited, IsThere))
                board.Set(Name, replica, board[Name, replica] with { Reason = $"for {awaited}" });
            await board.WaitAsync(() => board.All(awaited, IsThere) || board.Worst(awaited).IsGivenUp, stop);
            if (board.Worst(awaited).IsGivenUp)
                throw new DistributedApplicationException($"{awaited}, which it waits for, failed to start");
        }
    }

    /// <summary>Starts it and sees it end. How it ended, and whether it ever was healthy.</summary>
    private async Task<(string End, bool WasHealthy)> RunOnceAsync(int restarts, CancellationToken stop, CancellationToken hurry)
    {
        board.Set(Name, replica, new(ResourceState.Starting, null, null, restarts));
        await program.PrepareAsync(onLine, stop);
        if (await program.PlanAsync(replica, stop) is not { } plan)
        {
            board.Set(Name, replica, new(ResourceState.Running, true, null, restarts));
            await Task.Delay(Timeout.InfiniteTimeSpan, time, stop);
        }
        else
        {
            var environment = await program.EnvironmentAsync(replica, stop);
            var child = ChildProcess.Start(plan, environment, onLine);
            await using (child)
            {
                board.Set(Name, replica, new(ResourceState.Running, null, null, restarts));
                using var ended = CancellationTokenSource.CreateLinkedTokenSource(stop);
                var watching = WatchAsync(restarts, ended.Token);
                try
                {
                    var code = await child.WaitForExitAsync(stop);
                    await ended.CancelAsync();
                    return (Describe(code), await watching);
                }
                catch (OperationCanceledException)
                {
                    await watching;
                    board.Set(Name, replica, board[Name, replica] with { State = ResourceState.Stopping, Reason = null });
                    if (!await child.StopAsync(hurry))
                        onLine("did not stop in time and was killed");
                    throw;
                }
            }
        }

        throw new OperationCanceledException(stop);
    }

    /// <summary>Keeps the status current until it ends. True if it ever was healthy.</summary>
    private async Task<bool> WatchAsync(int restarts, CancellationToken ended)
    {
        var everHealthy = false;
        var started = time.GetTimestamp();
        try
        {
            while (true)
            {
                var reason = await ProbeAsync(ended);
                everHealthy |= reason is null;

                // While it comes up, an unhealthy answer is no news, until it takes too long.
                if (reason is null || everHealthy || time.GetElapsedTime(started) > s_patience)
                    board.Set(Name, replica, new(ResourceState.Running, reason is null, reason, restarts));
                await Task.Delay(reason is null ? s_probeWhenHealthy : everHealthy ? s_probeWhenUnhealthy : s_probeAtStart, time, ended);
            }
        }
        catch (OperationCanceledException) when (ended.IsCancellationRequested)
        {
            return everHealthy;
        }
    }

    private async Task<string?> ProbeAsync(CancellationToken ended)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(ended);
        limit.CancelAfter(s_probeLimit);
        try
        {
            return await program.ProbeAsync(replica, limit.Token);
        }
        catch (OperationCanceledException) when (!ended.IsCancellationRequested)
        {
            return string.Create(CultureInfo.InvariantCulture, $"it does not answer within {s_probeLimit.TotalSeconds:0} s");
        }
    }

    private static string Describe(int code) => code > 128
        ? string.Create(CultureInfo.InvariantCulture, $"ended by signal {code - 128}")
        : string.Create(CultureInfo.InvariantCulture, $"ended with exit code {code}");
}
