using System.Diagnostics;
using System.Xml.Linq;

namespace OsMEN.Tests.Publishing;

/// <summary>The repository's model as AppHost publishes it now, to be compared with what is committed.</summary>
public sealed class PublishedModel : IAsyncLifetime
{
    private readonly string _folder;

    public PublishedModel()
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (folder is not null && !File.Exists(Path.Combine(folder.FullName, "OsMEN.sln")))
            folder = folder.Parent;
        Root = folder?.FullName ?? throw new InvalidOperationException("The tests do not run from the repository.");
        _folder = Path.Combine(Root, ".osmen", "publish-" + Path.GetRandomFileName());
    }

    public string Root { get; }

    public string Compose => Path.Combine(_folder, "compose");

    public string Helm => Path.Combine(_folder, "helm/osmen");

    public string Manifest => Path.Combine(_folder, "aspire-manifest.json");

    /// <summary>The version that images and chart are to have.</summary>
    public string Version => XDocument.Load(Path.Combine(Root, "Directory.Build.props")).Descendants("Version").Single().Value;

    /// <summary>What AppHost printed.</summary>
    public string Output { get; private set; } = "";

    public async ValueTask InitializeAsync()
    {
        Directory.CreateDirectory(_folder);
        var (status, output) = await AppHostAsync("--operation", "publish", "--step", "publish", "--output-path", _folder);
        Assert.True(status == 0, output);
        Output = output;
        (status, output) = await AppHostAsync("--publisher", "manifest", "--output-path", Manifest);
        Assert.True(status == 0, output);
    }

    public ValueTask DisposeAsync()
    {
        Directory.Delete(_folder, recursive: true);
        return default;
    }

    /// <summary>Runs AppHost to its end.</summary>
    public Task<(int Status, string Output)> AppHostAsync(params string[] arguments)
    {
        var configuration = new DirectoryInfo(AppContext.BaseDirectory).Parent!.Name;
        return RunAsync("dotnet", [Path.Combine(Root, "AppHost", "bin", configuration, "net10.0", "OsMEN.AppHost.dll"), .. arguments]);
    }

    /// <summary>Runs a program to its end, in the repository.</summary>
    public async Task<(int Status, string Output)> RunAsync(
        string program, IReadOnlyList<string> arguments, IReadOnlyDictionary<string, string>? environment = null)
    {
        var start = new ProcessStartInfo(program, arguments)
        {
            UseShellExecute = false,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = Root,
        };
        foreach (var (name, value) in environment ?? new Dictionary<string, string>(StringComparer.Ordinal))
        {
            start.Environment[name] = value;
        }

        using var process = Process.Start(start)!;
        var output = process.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
        var errors = process.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);
        return (process.ExitCode, await output + await errors);
    }

    /// <summary>The program's path, or a skipped test that says what is missing.</summary>
    public static string Need(string program, string package)
    {
        var folders = (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator);
        var path = folders.Select(p => Path.Combine(p, program)).FirstOrDefault(File.Exists);
        Assert.SkipWhen(path is null, $"{program} is missing: install {package}.");
        return path!;
    }
}
