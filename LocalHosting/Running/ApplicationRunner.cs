using OsMEN.LocalHosting.Backing;
using OsMEN.LocalHosting.Dashboard;
using OsMEN.LocalHosting.Output;

namespace OsMEN.LocalHosting.Running;

/// <summary>Runs a model on this machine until it is told to stop.</summary>
internal sealed class ApplicationRunner
{
    private readonly IReadOnlyList<ResourceProgram> _programs;
    private readonly StatusBoard _board;
    private readonly RunReport _report;
    private readonly IReadOnlyDictionary<string, RunningResource> _running;

    private ApplicationRunner(IReadOnlyList<ResourceProgram> programs, StatusBoard board, RunReport report, IReadOnlyDictionary<string, RunningResource> running)
    {
        _programs = programs;
        _board = board;
        _report = report;
        _running = running;
    }

    /// <exception cref="DistributedApplicationException">It cannot run at all, for the reason given.</exception>
    public static async Task RunAsync(
        RunOptions options, IReadOnlyList<IResource> resources, ResourceNotificationService notifications, ResourceLoggerService logs, CancellationToken cancellationToken)
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
        var board = new StatusBoard(programs.Select(p => (p.Resource.Name, p.Replicas)));
        var lines = new ConsoleLines(programs.Sum(p => p.Replicas));
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(signals.Stop);
        var running = programs.ToDictionary(
            p => p.Resource.Name,
            p => new RunningResource(p, board, [.. Enumerable.Range(0, p.Replicas).Select(i => lines.Tee(p.Resource.Name, i, output.Open(RunReport.NameOf(p, i))))], ending.CancelAsync, signals.Hurry),
            StringComparer.Ordinal);

        // Before anything else listens: whoever comes later finds its port taken, and takes another.
        await using var dashboard = options.Dashboard ? await DashboardServer.StartAsync(new(programs, resources, board, running, lines), output, signals.Stop) : null;
        foreach (var project in programs.OfType<ProjectProgram>())
            project.Telemetry = dashboard?.Telemetry;
        await AllocatePortsAsync(programs, options.PreferredPorts, output, signals.Stop);
        using var runFile = new RunFile(folder.RunFile);
        var report = new RunReport(programs, board, output, runFile, await AccessKey.FindAsync(programs, signals.Stop), dashboard?.LoginUrl);
        notifications.SetBoard(board);
        logs.SetSource(lines, programs.ToDictionary(p => p.Resource.Name, p => p.Replicas, StringComparer.Ordinal));
        options.OnStarted?.Invoke();
        await new ApplicationRunner(programs, board, report, running).RunAsync(output, ending.Token);
    }

    private async Task RunAsync(ConsoleOutput output, CancellationToken ending)
    {
        _report.Start();
        try
        {
            foreach (var resource in _running.Values)
                await resource.StartAsync(ending);
            var ready = _board.WaitAsync(() => _programs.All(p => _board.All(p.Resource.Name, s => s.IsReady || s.IsGivenUp || s.State == ResourceState.Stopped)), ending);
            if (output.IsTerminal)
            {
                using (output.Hold())
                    await new StartTable(_programs, _board, TimeProvider.System).ShowAsync(ready);
            }

            await ready;
            _report.Ready();
            await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, ending);
        }
        catch (OperationCanceledException) when (ending.IsCancellationRequested)
        {
            _report.Stopping();
        }

        await StopAsync();
    }

    /// <summary>Stops every resource once all that wait for it have stopped.</summary>
    private async Task StopAsync()
    {
        var stopped = new Dictionary<string, Task>(StringComparer.Ordinal);
        await Task.WhenAll(_programs.Select(p => Stop(p.Resource.Name)).ToArray());
        foreach (var resource in _running.Values)
            resource.Dispose();

        Task Stop(string name)
        {
            if (!stopped.TryGetValue(name, out var stopping))
            {
                var dependents = _programs.Where(p => p.Resource.Name != name && WaitsFor(p.Resource, name)).Select(p => Stop(p.Resource.Name)).ToArray();
                stopped[name] = stopping = StopAfterAsync(_running[name], dependents);
            }

            return stopping;
        }

        static async Task StopAfterAsync(RunningResource resource, Task[] dependents)
        {
            await Task.WhenAll(dependents).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            await resource.CloseAsync();
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
