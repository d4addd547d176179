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
    public static async Task RunAsync(IReadOnlyList<string> args, LocalFolder folder, IReadOnlyList<IResource> resources, CancellationToken cancellationToken)
    {
        var backing = BackingChoice.Read(args, Environment.GetEnvironmentVariable("OSMEN_BACKING"));
        using var signals = new StopSignals(cancellationToken);
        using var hostLock = HostLock.Take(folder);
        if (backing == BackingKind.Native && Environment.IsPrivilegedProcess && !OperatingSystem.IsWindows())
        {
            // The user that native servers run as passes through; what is inside stays closed to it.
            File.SetUnixFileMode(folder.Root, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute | UnixFileMode.OtherExecute | UnixFileMode.GroupExecute);
        }

        var programs = BackingPrograms.Choose(backing, folder, resources);
        await using var output = new ConsoleOutput(Console.Out, folder.Logs);
        AllocatePorts(programs, output);
        var board = new StatusBoard(programs.Select(p => (p.Resource.Name, p.Replicas)));
        using var runFile = new RunFile(folder.RunFile);
        var report = new RunReport(programs, board, output, runFile, await AccessKey.FindAsync(programs, signals.Stop));
        var runner = new ApplicationRunner(programs, board, report);
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
            await _board.WaitAsync(
                () => _programs.All(p => _board.All(p.Resource.Name, s => s.IsReady || s.IsGivenUp)), ending.Token);
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

    private static void AllocatePorts(IReadOnlyList<ResourceProgram> programs, ConsoleOutput output)
    {
        var ports = new Ports();
        foreach (var program in programs.Where(p => p is not UnavailableProgram))
        {
            foreach (var endpoint in program.Resource.Annotations.OfType<EndpointAnnotation>())
            {
                endpoint.AllocatedPorts = [.. Enumerable.Range(0, program.Replicas).Select(i => ports.Take(i == 0 ? endpoint.Port : null))];
                if (endpoint.Port is { } preferred && endpoint.AllocatedPorts[0] != preferred)
                    output.Say(program.Resource.Name, $"port {preferred} is taken, using {endpoint.AllocatedPorts[0]}");
            }
        }
    }
}
