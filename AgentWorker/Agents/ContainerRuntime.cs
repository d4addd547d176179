using System.Diagnostics;
using System.Globalization;

namespace OsMEN.AgentWorker.Agents;

/// <summary>Docker or Podman, by its command line.</summary>
internal sealed class ContainerRuntime
{
    public const string Missing = "This worker has no container runtime: install Docker or Podman.";

    /// <summary>The variables by which the program finds its runtime.</summary>
    public static readonly string[] Variables = ["DOCKER_HOST", "DOCKER_CONTEXT", "DOCKER_CONFIG", "DOCKER_CERT_PATH", "DOCKER_TLS_VERIFY", "CONTAINER_HOST", "XDG_RUNTIME_DIR"];

    private const string HostLabel = "osmen.worker-host";
    private const string ProcessLabel = "osmen.worker-process";

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    /// <summary>Path of the program; null where there is none.</summary>
    public string? Program { get; } = new[] { "docker", "podman" }
        .SelectMany(_ => (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries), (name, folder) => Path.Combine(folder, name))
        .FirstOrDefault(File.Exists);

    /// <summary>Marks a container as this worker's.</summary>
    public string[] Labels { get; } =
        ["--label", $"{HostLabel}={Environment.MachineName}", "--label", string.Create(CultureInfo.InvariantCulture, $"{ProcessLabel}={Environment.ProcessId}")];

    /// <summary>Version of the runtime behind the program.</summary>
    /// <exception cref="InvalidOperationException">It does not answer; the message is for people.</exception>
    public Task<string> VersionAsync(CancellationToken cancellationToken) => RunAsync(["version", "--format", "{{.Server.Version}}"], cancellationToken);

    /// <summary>The process of a container's first program on this machine, once it runs; null where it cannot be seen.</summary>
    public async Task<int?> ProcessOfAsync(string name, TimeProvider time, CancellationToken cancellationToken)
    {
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(200), time);
        while (await timer.WaitForNextTickAsync(cancellationToken))
        {
            try
            {
                var text = await RunAsync(["inspect", "--format", "{{.State.Pid}}", name], cancellationToken);
                if (int.TryParse(text, CultureInfo.InvariantCulture, out var id) && id > 0)
                    return Directory.Exists(string.Create(CultureInfo.InvariantCulture, $"/proc/{id}")) ? id : null;
            }
            catch (InvalidOperationException)
            {
                // Not made yet: its image may still be pulled.
            }
        }

        return null;
    }

    /// <summary>Ends and removes a container, if it is still there.</summary>
    public async Task RemoveAsync(string name)
    {
        using var limit = new CancellationTokenSource(Patience);
        try
        {
            await RunAsync(["rm", "--force", "--volumes", name], limit.Token);
        }
        catch (Exception e) when (e is InvalidOperationException or OperationCanceledException)
        {
            // It removed itself when its program ended; or the runtime is away, and the next start removes it.
        }
    }

    /// <summary>Removes what killed workers of this machine left running.</summary>
    public async Task RemoveLeftoversAsync(CancellationToken cancellationToken)
    {
        var format = $"{{{{.ID}}}} {{{{.Label \"{ProcessLabel}\"}}}}";
        var left = await RunAsync(["ps", "--all", "--filter", $"label={HostLabel}={Environment.MachineName}", "--format", format], cancellationToken);
        foreach (var line in left.Split('\n', StringSplitOptions.RemoveEmptyEntries))
        {
            if (line.Split(' ') is [var container, var owner] && int.TryParse(owner, CultureInfo.InvariantCulture, out var id) && !IsAlive(id))
                await RemoveAsync(container);
        }
    }

    private static bool IsAlive(int id)
    {
        try
        {
            using var process = Process.GetProcessById(id);
            return !process.HasExited;
        }
        catch (ArgumentException)
        {
            return false;
        }
    }

    private async Task<string> RunAsync(string[] arguments, CancellationToken cancellationToken)
    {
        if (Program is null)
            throw new InvalidOperationException(Missing);
        var start = new ProcessStartInfo(Program, arguments) { RedirectStandardOutput = true, RedirectStandardError = true, UseShellExecute = false };
        ProgramLauncher.PassVariables(start, Variables);
        using var process = Process.Start(start)!;
        try
        {
            var output = process.StandardOutput.ReadToEndAsync(cancellationToken);
            var errors = process.StandardError.ReadToEndAsync(cancellationToken);
            await process.WaitForExitAsync(cancellationToken);
            var (said, complained) = (await output, await errors);
            return process.ExitCode == 0 ? said.Trim() : throw new InvalidOperationException($"{Path.GetFileName(Program)} {arguments[0]}: {complained.Trim()}");
        }
        catch (OperationCanceledException)
        {
            process.Kill();
            throw;
        }
    }
}
