using System.Globalization;
using OsMEN.LocalHosting.Running;

namespace OsMEN.LocalHosting.Backing.Native;

/// <summary>
/// Runs a container's program as it is installed here: its arguments with the mounts' paths in the place of those inside the container,
/// and the endpoint's port on 127.0.0.1.
/// </summary>
internal sealed class NativeImageProgram(ContainerResource container, NativeImage image, string program, LocalFolder folder) : ResourceProgram(container)
{
    private string Home => Path.Combine(folder.Native, Resource.Name);

    public override async Task PrepareAsync(Action<string> say, CancellationToken cancellationToken)
    {
        Directory.CreateDirectory(Home);
        foreach (var mount in Mounts())
        {
            if (mount.Type == ContainerMountType.Volume)
                Directory.CreateDirectory(SourceOf(mount));
            else if (!Path.Exists(mount.Source))
                throw new DistributedApplicationException($"{mount.Source}, which it reads, is not there.");
        }

        await Unprivileged.OwnAsync(Home, cancellationToken);
    }

    public override async ValueTask<ProgramPlan?> PlanAsync(int replica, CancellationToken cancellationToken)
    {
        var address = string.Create(CultureInfo.InvariantCulture, $"127.0.0.1:{Port(replica, "http")}");
        var arguments = image.Arguments.Select(a => a.Replace("{address}", address, StringComparison.Ordinal)).ToList();
        foreach (var argument in Resource.Annotations.OfType<CommandLineArgsAnnotation>().SelectMany(a => a.Args))
        {
            var text = await Viewpoint.Host.ReadAsync(argument, cancellationToken);
            if (!IsGiven(text))
                arguments.Add(Outside(text));
        }

        var (file, all) = Unprivileged.Command(program, arguments);
        return new(file, all) { WorkingDirectory = Home, StopTimeout = TimeSpan.FromSeconds(8) };
    }

    public override async ValueTask<IReadOnlyDictionary<string, string>> EnvironmentAsync(int replica, CancellationToken cancellationToken) =>
        ServerEnvironment.With(await GivenEnvironment.ResolveAsync(Resource, new(StringComparer.Ordinal), Viewpoint.Host, cancellationToken));

    public override Task<string?> ProbeAsync(int replica, CancellationToken cancellationToken) => HttpProbe.ProbeAsync(Resource, replica, cancellationToken);

    private IEnumerable<ContainerMountAnnotation> Mounts() => Resource.Annotations.OfType<ContainerMountAnnotation>();

    private string SourceOf(ContainerMountAnnotation mount) =>
        mount.Type == ContainerMountType.Volume ? Path.Combine(Home, mount.Source ?? "data") : mount.Source!;

    // --name=value, where this program gets that name from us.
    private bool IsGiven(string argument) => image.Arguments.Any(a => argument.StartsWith(a.Split('=')[0] + "=", StringComparison.Ordinal));

    // The longest mount first: /etc/prometheus/rules may be another than /etc/prometheus.
    private string Outside(string argument)
    {
        foreach (var mount in Mounts().OrderByDescending(m => m.Target.Length))
        {
            var at = argument.IndexOf(mount.Target, StringComparison.Ordinal);
            if (at >= 0 && (at == 0 || argument[at - 1] == '='))
                return argument[..at] + SourceOf(mount) + argument[(at + mount.Target.Length)..];
        }

        return argument;
    }
}
