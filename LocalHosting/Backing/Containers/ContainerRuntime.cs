using OsMEN.LocalHosting.Running;

namespace OsMEN.LocalHosting.Backing.Containers;

/// <summary>Docker or Podman, by its command line: the same words do for both.</summary>
internal sealed class ContainerRuntime
{
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(10);

    private ContainerRuntime(string name, string program)
    {
        Name = name;
        Program = program;
    }

    /// <summary><c>docker</c> or <c>podman</c>.</summary>
    public string Name { get; }

    public string Program { get; }

    /// <summary>
    /// The runtime that answers: the one that <c>ASPIRE_CONTAINER_RUNTIME</c> names, else Docker, else Podman. Without one, why not.
    /// </summary>
    public static async Task<(ContainerRuntime? Runtime, string WhyNot)> FindAsync(CancellationToken cancellationToken)
    {
        var reasons = new List<string>();
        string[] names = Environment.GetEnvironmentVariable("ASPIRE_CONTAINER_RUNTIME") is { Length: > 0 } chosen ? [chosen] : ["docker", "podman"];
        foreach (var name in names)
        {
            if (Executables.Find(name) is not { } program)
            {
                reasons.Add($"{name} is not on PATH");
                continue;
            }

            var runtime = new ContainerRuntime(name, program);
            using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
            limit.CancelAfter(s_patience);
            try
            {
                // Needs the daemon, which "version" does not.
                var (status, output) = await runtime.RunAsync(["ps", "-q", "--last", "1"], limit.Token);
                if (status == 0)
                    return (runtime, "");
                reasons.Add($"{name} says: {OneShot.LastLine(output)}");
            }
            catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
            {
                reasons.Add(string.Create(System.Globalization.CultureInfo.InvariantCulture, $"{name} does not answer within {s_patience.TotalSeconds:0} s"));
            }
        }

        return (null, string.Join("; ", reasons));
    }

    public Task<(int Status, string Output)> RunAsync(IEnumerable<string> arguments, CancellationToken cancellationToken) =>
        OneShot.RunAsync(Program, arguments, Path.GetTempPath(), cancellationToken);

    /// <summary>The same, for what must succeed.</summary>
    /// <exception cref="DistributedApplicationException">It did not; the message has what the runtime says.</exception>
    public async Task<string> RequireAsync(IEnumerable<string> arguments, string what, CancellationToken cancellationToken)
    {
        var (status, output) = await RunAsync(arguments, cancellationToken);
        return status == 0 ? output.Trim() : throw new DistributedApplicationException($"{what}: {Name} says: {OneShot.LastLine(output)}");
    }

    /// <summary>Pulls an image that is not here. What the runtime says of it is told as it comes.</summary>
    /// <exception cref="DistributedApplicationException">It cannot be had.</exception>
    public async Task PullIfMissingAsync(string image, Action<string> say, CancellationToken cancellationToken)
    {
        if ((await RunAsync(["image", "inspect", "--format", "{{.Id}}", image], cancellationToken)).Status == 0)
            return;
        say($"pulling {image}");
        string last = "";
        var plan = new ProgramPlan(Program, ["pull", "--quiet", image]) { WorkingDirectory = Path.GetTempPath() };
        await using var pull = ChildProcess.Start(plan, ContainerEnvironment.OfRuntime, line => say(last = line));
        if (await pull.WaitForExitAsync(cancellationToken) != 0)
            throw new DistributedApplicationException($"the image {image} is not here and cannot be pulled: {last}");
    }
}
