using OsMEN.LocalHosting.Backing;
using OsMEN.LocalHosting.Output;

namespace OsMEN.LocalHosting.Running;

/// <summary>Runs a model on this machine until it is told to stop.</summary>
internal sealed class ApplicationRunner
{
    private readonly IReadOnlyList<ResourceProgram> _programs;
    private readonly StatusBoard _board;
    private readonly RunReport _report;
    private readonly Dictionary<string, (CancellationTokenSource Stop, Task Running)> _running = new(StringComparer.Ordinal);

    private ApplicationRunner(IReadOnlyList<ResourceProgram> programs, StatusBoard board, RunReport report)
    {
        _programs = programs;
        _board = board;
        _report = report;
    }

    /// <exception cref="DistributedApplicationException">It cannot run at all, for the reason given.</exception>
    public static async Task RunAsync(
        RunOptions options, IReadOnlyList<IResource> resources, ResourceNotificationService notifications, CancellationToken cancellationToken)
    {
        var folder = options.Folder;
        var backing = BackingChoice.Read(options.Args, Environment.GetEnvironmentVariable("OSMEN_BACKING"));
        using var signals = new StopSignals(options.StopsOnSignals, cancellationToken);
        using var hostLock = HostLock.Take(folder);
        if (Environment.IsPrivilegedProcess && !OperatingSystem.IsWindows())
        {
            // The user that native servers run as passes through; what is inside stays closed to it.
            File.SetUnixFileMode(folder.Root, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute | UnixFileMode.OtherExecute | UnixFileMode.GroupExecute);
        }

        await using var chosen = await BackingPrograms.ChooseAsync(backing, folder, resources, signals.Stop);
        var programs = chosen.All;
        await using var output = new ConsoleOutput(options.Console, folder.Logs);
        await AllocatePortsAsync(programs, options.PreferredPorts, output, signals.Stop);
        var board = new StatusBoard(programs.Select(p => (p.Resource.Name, p.Replicas)));
        using var runFile = new RunFile(folder.RunFile);
        var report = new RunReport(programs, board, output, runFile, await AccessKey.FindAsync(programs, signals.Stop));
        notifications.SetBoard(board);
        var runner = new ApplicationRunner(programs, board, report);
        options.OnStarted?.Invoke();
        await runner.RunAsync(output, signals);
    }

    private async Task RunAsync(ConsoleOutput output, StopSignals signals)
    {
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(signals.Stop);
        _report.Start();
        foreach (var program in _programs)
        {
            var stop = new CancellationTokenSource();
            var replicas = Enumerable.Range(0, program.Replicas).Select(i =>
            {
                var log = output.Open(RunReport.NameOf(program, i));
                var replica = new ReplicaRunner(program, i, _board, log, TimeProvider.System);
                return Task.Run(() => RunReplicaAsync(replica, stop.Token, signals.Hurry, ending));
            });
            _running[program.Resource.Name] = (stop, Task.WhenAll(replicas));
        }

        try
        {
            var ready = _board.WaitAsync(() => _programs.All(p => _board.All(p.Resource.Name, s => s.IsReady || s.IsGivenUp)), ending.Token);
            if (output.IsTerminal)
            {
                using (output.Hold())
                    await new StartTable(_programs, _board, TimeProvider.System).ShowAsync(ready);
            }

            await ready;
            _report.Ready();
            await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, ending.Token);
        }
        catch (OperationCanceledException) when (ending.IsCancellationRequested)
        {
            _report.Stopping();
        }

        await StopAsync();
    }

    /// <summary>A runner that breaks is a bug: everything stops, and the exception is what AppHost ends with.</summary>
    private static async Task RunReplicaAsync(ReplicaRunner replica, CancellationToken stop, CancellationToken hurry, CancellationTokenSource ending)
    {
        try
        {
            await replica.RunAsync(stop, hurry);
        }
        catch
        {
            await ending.CancelAsync();
            throw;
        }
    }

    /// <summary>Stops every resource once all that wait for it have stopped.</summary>
    private async Task StopAsync()
    {
        var stopped = new Dictionary<string, Task>(StringComparer.Ordinal);
        await Task.WhenAll(_programs.Select(p => Stop(p.Resource.Name)).ToArray());
        foreach (var (stop, _) in _running.Values)
            stop.Dispose();

        Task Stop(string name)
        {
            if (!stopped.TryGetValue(name, out var stopping))
            {
                var dependents = _programs.Where(p => p.Resource.Name != name && WaitsFor(p.Resource, name)).Select(p => Stop(p.Resource.Name)).ToArray();
                stopped[name] = stopping = StopAfterAsync(_running[name], dependents);
            }

            return stopping;
        }

        static async Task StopAfterAsync((CancellationTokenSource Stop, Task Running) resource, Task[] dependents)
        {
            await Task.WhenAll(dependents).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            await resource.Stop.CancelAsync();
            await resource.Running;
        }
    }

    private static bool WaitsFor(IResource resource, string name) => resource.Annotations.OfType<WaitAnnotation>()
        .Any(w => w.Resource.Name == name || (w.Resource as IResourceWithParent)?.Parent.Name == name);

    private static async Task AllocatePortsAsync(IReadOnlyList<ResourceProgram> programs, bool preferred, ConsoleOutput output, CancellationToken cancellationToken)
    {
        var ports = new Ports();
        foreach (var program in programs.Where(p => p is not UnavailableProgram))
        {
            var held = await program.HeldPortsAsync(cancellationToken);
            foreach (var endpoint in program.Resource.Annotations.OfType<EndpointAnnotation>())
            {
                if (held.TryGetValue(endpoint.Name, out var own))
                {
                    endpoint.AllocatedPorts = [own];
                    continue;
                }

                endpoint.AllocatedPorts = [.. Enumerable.Range(0, program.Replicas).Select(i => ports.Take(preferred && i == 0 ? endpoint.Port : null))];
                if (preferred && endpoint.Port is { } port && endpoint.AllocatedPorts[0] != port)
                    output.Say(program.Resource.Name, $"port {port} is taken, using {endpoint.AllocatedPorts[0]}");
            }
        }
    }
}
