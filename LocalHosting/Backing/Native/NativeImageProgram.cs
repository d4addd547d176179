using OsMEN.LocalHosting.Running;

namespace OsMEN.LocalHosting.Backing.Native;

/// <summary>
/// Runs a container's program as it is installed here. Its arguments and configuration are those of the container, with what they
/// name inside translated to what it is outside (<see cref="InsideOut"/>).
/// </summary>
internal sealed class NativeImageProgram(ContainerResource container, NativeImage image, string program, LocalFolder folder, IReadOnlyList<IResource> resources)
    : ResourceProgram(container)
{
    private const long MaxTextFile = 4 << 20;

    private string Home => Path.Combine(folder.Native, Resource.Name);

    public override async Task PrepareAsync(Action<string> say, CancellationToken cancellationToken)
    {
        Directory.CreateDirectory(Path.Combine(Home, "tmp"));
        var translation = Translation();
        foreach (var mount in Mounts())
        {
            if (mount.Type == ContainerMountType.Volume)
                Directory.CreateDirectory(OutsideOf(mount));
            else if (Path.Exists(mount.Source))
                Copy(mount.Source, OutsideOf(mount), translation);
            else
                throw new DistributedApplicationException($"{mount.Source}, which it reads, is not there.");
        }

        await Unprivileged.OwnAsync(Home, cancellationToken);
    }

    public override async ValueTask<ProgramPlan?> PlanAsync(int replica, CancellationToken cancellationToken)
    {
        var translation = Translation();
        var arguments = new List<string>();
        foreach (var argument in Resource.Annotations.OfType<CommandLineArgsAnnotation>().SelectMany(a => a.Args))
            arguments.Add(translation.Of(await Viewpoint.Host.ReadAsync(argument, cancellationToken)));

        // An entry point of the model's is a shell whose script names the program, which is translated with it.
        var (file, all) = container.Entrypoint is { } entrypoint
            ? Unprivileged.Command(entrypoint, arguments)
            : Unprivileged.Command(program, [Listen(), .. arguments]);
        return new(file, all) { WorkingDirectory = Home, StopTimeout = TimeSpan.FromSeconds(8) };
    }

    public override async ValueTask<IReadOnlyDictionary<string, string>> EnvironmentAsync(int replica, CancellationToken cancellationToken) =>
        ServerEnvironment.With(await GivenEnvironment.ResolveAsync(Resource, new(StringComparer.Ordinal), Viewpoint.Host, cancellationToken));

    public override Task<string?> ProbeAsync(int replica, CancellationToken cancellationToken) => HttpProbe.ProbeAsync(Resource, replica, cancellationToken);

    private string Listen() => image.Listen.Replace(
        "{address}", string.Create(System.Globalization.CultureInfo.InvariantCulture, $"127.0.0.1:{Port(0, "http")}"), StringComparison.Ordinal);

    private InsideOut Translation()
    {
        var paths = Mounts().Select(m => (m.Target, OutsideOf(m))).Append(("/tmp", Path.Combine(Home, "tmp")));
        return new InsideOut([.. paths, (image.Inside, $"{program} {Listen()}")], resources, container);
    }

    private IEnumerable<ContainerMountAnnotation> Mounts() => Resource.Annotations.OfType<ContainerMountAnnotation>();

    private string OutsideOf(ContainerMountAnnotation mount) => Path.Combine(Home, mount.Target.Trim('/').Replace('/', '-'));

    // A copy of what is there now: what was removed from the source is removed here.
    private static void Copy(string source, string target, InsideOut translation)
    {
        if (File.Exists(source))
        {
            if (new FileInfo(source).Length <= MaxTextFile)
                File.WriteAllText(target, translation.Of(File.ReadAllText(source)));
            else
                File.Copy(source, target, overwrite: true);
            return;
        }

        if (Directory.Exists(target))
            Directory.Delete(target, recursive: true);
        Directory.CreateDirectory(target);
        foreach (var entry in Directory.EnumerateFileSystemEntries(source))
            Copy(entry, Path.Combine(target, Path.GetFileName(entry)), translation);
    }
}
