using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace OsMEN.LocalHosting.Backing.Containers;

/// <summary>A resource in a container of its own. The runtime's client is the program that is watched: its output, exit code and signals are the container's.</summary>
internal class ContainerProgram : ResourceProgram
{
    private readonly ContainerNetwork _network;

    public ContainerProgram(IResource resource, ContainerNetwork network)
        : base(resource)
    {
        _network = network;
        if (!resource.Annotations.OfType<RunsInContainerAnnotation>().Any())
            resource.Annotations.Add(new RunsInContainerAnnotation());
    }

    private ContainerRuntime Runtime => _network.Runtime;

    private string ContainerName => $"{_network.Name}-{Resource.Name}";

    private bool IsPersistent => Resource.Annotations.OfType<ContainerLifetimeAnnotation>().LastOrDefault()?.Lifetime == ContainerLifetime.Persistent;

    private string Image => Resource.Annotations.OfType<ContainerImageAnnotation>().LastOrDefault()?.Reference
        ?? throw new DistributedApplicationException($"the container {Resource.Name} has no image.");

    public override async Task<IReadOnlyDictionary<string, int>> HeldPortsAsync(CancellationToken cancellationToken) => !IsPersistent
        ? new Dictionary<string, int>()
        : (await LabelAsync("osmen.ports", cancellationToken)).Split(' ', StringSplitOptions.RemoveEmptyEntries)
            .Select(p => p.Split('='))
            .ToDictionary(p => p[0], p => int.Parse(p[1], CultureInfo.InvariantCulture), StringComparer.Ordinal);

    public override async Task PrepareAsync(Action<string> say, CancellationToken cancellationToken)
    {
        await _network.EnsureAsync(cancellationToken);
        await Runtime.PullIfMissingAsync(Image, say, cancellationToken);
        foreach (var mount in Mounts().Where(m => m.Type == ContainerMountType.BindMount && !Path.Exists(m.Source)))
            throw new DistributedApplicationException($"{mount.Source}, which it mounts, is not there.");
        foreach (var volume in Mounts().Where(m => m is { Type: ContainerMountType.Volume, Source: not null }))
            await Runtime.RequireAsync(["volume", "create", "--label", _network.Label, _network.VolumeOf(volume.Source!)], "its volume cannot be made", cancellationToken);
        if (!IsPersistent)
            await Runtime.RunAsync(["rm", "--force", "--volumes", ContainerName], cancellationToken);
    }

    public override async ValueTask<ProgramPlan?> PlanAsync(int replica, CancellationToken cancellationToken)
    {
        var (_, arguments) = ContainerEnvironment.Pass(await GivenAsync(cancellationToken));
        List<string> run =
        [
            "--name", ContainerName, "--network", _network.Name, "--network-alias", Resource.Name,
            "--label", _network.Label, "--label", $"osmen.lifetime={(IsPersistent ? "persistent" : "session")}",
            "--add-host", $"{Viewpoint.HostInContainers}:{_network.HostAddress}", "--security-opt", "no-new-privileges", .. arguments,
        ];
        foreach (var endpoint in Resource.Annotations.OfType<EndpointAnnotation>())
            run.AddRange(["--publish", string.Create(CultureInfo.InvariantCulture, $"127.0.0.1:{endpoint.AllocatedPorts[replica]}:{endpoint.TargetPort ?? endpoint.AllocatedPorts[replica]}")]);
        foreach (var mount in Mounts())
        {
            var source = mount is { Type: ContainerMountType.Volume, Source: { } volume } ? _network.VolumeOf(volume) : mount.Source;
            run.AddRange(["--volume", $"{(source is null ? "" : source + ":")}{mount.Target}{(mount.IsReadOnly ? ":ro" : "")}"]);
        }

        if (Resource is ContainerResource { Entrypoint: { } entrypoint })
            run.AddRange(["--entrypoint", entrypoint]);
        run.Add(Image);
        foreach (var argument in Resource.Annotations.OfType<CommandLineArgsAnnotation>().SelectMany(a => a.Args))
            run.Add(await Viewpoint.Container.ReadAsync(argument, cancellationToken));
        if (!IsPersistent)
            return Plan(["run", "--rm", .. run], ["rm", "--force", "--volumes", ContainerName]);

        await KeepRunningAsync(run, cancellationToken);
        return Plan(["attach", "--no-stdin", "--sig-proxy=false", ContainerName], []);
    }

    public override async ValueTask<IReadOnlyDictionary<string, string>> EnvironmentAsync(int replica, CancellationToken cancellationToken) =>
        ContainerEnvironment.Pass(await GivenAsync(cancellationToken)).Variables;

    public override Task<string?> ProbeAsync(int replica, CancellationToken cancellationToken) => HttpProbe.ProbeAsync(Resource, replica, cancellationToken);

    // Left running at the end, and followed again at the next start, unless the model has changed since.
    private async Task KeepRunningAsync(List<string> run, CancellationToken cancellationToken)
    {
        var specification = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(string.Join('\n', run))));
        if (await LabelAsync("osmen.specification", cancellationToken) == specification)
        {
            await Runtime.RequireAsync(["start", ContainerName], "the container cannot be started", cancellationToken);
            return;
        }

        await Runtime.RunAsync(["rm", "--force", ContainerName], cancellationToken);
        string[] arguments = ["run", "--detach", "--label", $"osmen.specification={specification}", "--label", $"osmen.ports={Ports()}", .. run];
        var (status, output) = await OneShot.RunAsync(Runtime.Program, arguments, Path.GetTempPath(), cancellationToken, await EnvironmentAsync(0, cancellationToken));
        if (status != 0)
            throw new DistributedApplicationException($"the container cannot be made: {OneShot.LastLine(output)}");
    }

    private string Ports() => string.Join(
        ' ', Resource.Annotations.OfType<EndpointAnnotation>().Select(e => string.Create(CultureInfo.InvariantCulture, $"{e.Name}={e.AllocatedPorts[0]}")));

    private async Task<string> LabelAsync(string name, CancellationToken cancellationToken)
    {
        var (status, output) = await Runtime.RunAsync(["inspect", "--type", "container", "--format", $"{{{{index .Config.Labels \"{name}\"}}}}", ContainerName], cancellationToken);
        return status == 0 ? output.Trim() : "";
    }

    private ProgramPlan Plan(IReadOnlyList<string> arguments, IReadOnlyList<string> remove) => new(Runtime.Program, arguments)
    {
        WorkingDirectory = Path.GetTempPath(),
        StopTimeout = TimeSpan.FromSeconds(12),
        CleanUp = remove.Count == 0 ? [] : [Runtime.Program, .. remove],
    };

    private IEnumerable<ContainerMountAnnotation> Mounts() => Resource.Annotations.OfType<ContainerMountAnnotation>();

    private Task<Dictionary<string, string>> GivenAsync(CancellationToken cancellationToken) =>
        GivenEnvironment.ResolveAsync(Resource, new(StringComparer.Ordinal), Viewpoint.Container, cancellationToken);
}
