using System.Globalization;
using System.Text.Json;
using OsMEN.LocalHosting.Running;

namespace OsMEN.LocalHosting.Backing;

/// <summary>Garnet, the .NET tool of the tool manifest, in a Redis server's place.</summary>
internal sealed class GarnetProgram(RedisResource redis, LocalFolder folder) : ResourceProgram(redis)
{
    private const string Tool = "garnet-server";

    private string? _assembly;

    public override async Task PrepareAsync(Action<string> say, CancellationToken cancellationToken)
    {
        _assembly = Find();
        if (_assembly is not null)
            return;

        // The build restores it; its package may have been cleaned away since.
        say($"restoring the .NET tool {Tool}");
        var (status, output) = await OneShot.RunAsync(Executables.DotNet(), ["tool", "restore", "--tool-manifest", folder.ToolManifest], folder.SolutionDirectory, cancellationToken);
        _assembly = Find() ?? throw new DistributedApplicationException(
            $"the .NET tool {Tool} is not installed: run dotnet tool restore in {folder.SolutionDirectory}{(status == 0 ? "" : $" (it says: {OneShot.LastLine(output)})")}.");
    }

    public override ValueTask<ProgramPlan?> PlanAsync(int replica, CancellationToken cancellationToken)
    {
        var port = Port(replica, RedisResource.PrimaryEndpointName).ToString(CultureInfo.InvariantCulture);

        // Its defaults are those of a server of its own: 16 GB of log. These are the smallest that carry the queue's traffic.
        return new(new ProgramPlan(Executables.DotNet(), [_assembly!, "--bind", "127.0.0.1", "--port", port, "-m", "64m", "-p", "1m", "-i", "1m", "--metrics-sampling-freq", "5", "-q"])
        {
            WorkingDirectory = folder.Root,
        });
    }

    // Its end leaves the runtime's diagnostic sockets in the folder for temporary files, so it has none.
    public override ValueTask<IReadOnlyDictionary<string, string>> EnvironmentAsync(int replica, CancellationToken cancellationToken) =>
        new(ServerEnvironment.With([new("DOTNET_gcServer", "0"), new("DOTNET_EnableDiagnostics", "0")]));

    public override Task<string?> ProbeAsync(int replica, CancellationToken cancellationToken) =>
        RedisPing.ProbeAsync(Port(replica, RedisResource.PrimaryEndpointName), cancellationToken);

    private string? Find()
    {
        var packages = Environment.GetEnvironmentVariable("NUGET_PACKAGES") is { Length: > 0 } given
            ? given
            : Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".nuget", "packages");
        var tools = Path.Combine(packages, Tool, Version(), "tools");
        return Directory.Exists(tools)
            ? Directory.EnumerateFiles(tools, "GarnetServer.dll", SearchOption.AllDirectories).Max(StringComparer.Ordinal)
            : null;
    }

    private string Version()
    {
        try
        {
            using var manifest = JsonDocument.Parse(File.ReadAllBytes(folder.ToolManifest));
            return manifest.RootElement.GetProperty("tools").GetProperty(Tool).GetProperty("version").GetString()!;
        }
        catch (Exception error) when (error is IOException or JsonException or KeyNotFoundException or InvalidOperationException)
        {
            throw new DistributedApplicationException($"{folder.ToolManifest} does not name the .NET tool {Tool} and its version.", error);
        }
    }
}
