using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Net.Http.Json;
using System.Text.Json;
using OsMEN.Tests.Infrastructure;

namespace OsMEN.Tests.AppHost;

/// <summary>The compiled AppHost as a process, with a data folder of its own unless it is given one.</summary>
internal sealed class AppHostProcess : IAsyncDisposable
{
    private const string Marker = "OSMEN_TEST_RUN";

    private readonly ConcurrentQueue<string> _lines = new();
    private readonly string _run = Guid.CreateVersion7().ToString();
    private readonly bool _ownsFolder;
    private Process? _process;
    private int _pid;

    public AppHostProcess(string? folder = null)
    {
        _ownsFolder = folder is null;
        Folder = folder ?? Directory.CreateTempSubdirectory("osmen-apphost-").FullName;

        // Native servers may run as another user, who has to get in.
        if (!OperatingSystem.IsWindows())
            File.SetUnixFileMode(Folder, File.GetUnixFileMode(Folder) | UnixFileMode.OtherExecute);
    }

    public string Folder { get; }

    public Dictionary<string, string?> Environment { get; } = new(StringComparer.Ordinal);

    public Process Process => _process!;

    public IReadOnlyList<string> Lines => [.. _lines];

    public string RunFile => Path.Combine(Folder, "run.json");

    public AppHostProcess Start(params string[] arguments)
    {
        var configuration = new DirectoryInfo(AppContext.BaseDirectory).Parent!.Name;
        var program = Path.Combine(Root, "AppHost", "bin", configuration, "net10.0", "OsMEN.AppHost.dll");
        var start = new ProcessStartInfo("dotnet", [program, "--data", Folder, .. arguments])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            UseShellExecute = false,
            WorkingDirectory = Root,
        };

        // Children inherit it, so that one finds what is left of a run.
        start.Environment[Marker] = _run;
        start.Environment["DOTNET_ENVIRONMENT"] = "Development";
        foreach (var (name, value) in Environment)
            start.Environment[name] = value;
        _process = Process.Start(start)!;
        _pid = _process.Id;
        _process.OutputDataReceived += (_, e) => Add(e.Data);
        _process.ErrorDataReceived += (_, e) => Add(e.Data);
        _process.BeginOutputReadLine();
        _process.BeginErrorReadLine();
        return this;
    }

    public Task UntilReadyAsync() => UntilLineAsync("Press Ctrl+C to stop.");

    public Task UntilLineAsync(string part) => UntilAsync(() => Task.FromResult(_lines.Any(l => l.Contains(part, StringComparison.Ordinal))), $"a line with \"{part}\"");

    public async Task UntilAsync(Func<Task<bool>> condition, string what, TimeSpan? within = null)
    {
        try
        {
            await Programs.UntilAsync(condition, what, within ?? TimeSpan.FromMinutes(2));
        }
        catch (TimeoutException late)
        {
            throw new TimeoutException($"{late.Message}\n{string.Join('\n', _lines)}", late);
        }
    }

    public JsonElement ReadRunFile() => JsonDocument.Parse(File.ReadAllBytes(RunFile)).RootElement.Clone();

    public IReadOnlyList<string> UrlsOf(string resource) =>
        [.. ReadRunFile().GetProperty("resources").GetProperty(resource).GetProperty("urls").EnumerateArray().Select(u => u.GetString()!)];

    /// <summary>A client of the gateway with the key of run.json.</summary>
    public HttpClient CreateClient()
    {
        var http = new HttpClient { BaseAddress = new Uri(UrlsOf("gateway")[0]) };
        http.DefaultRequestHeaders.Authorization = new("Bearer", ReadRunFile().GetProperty("api_key").GetString());
        return http;
    }

    /// <summary>Runs the example agent to its end and returns the execution.</summary>
    public static async Task<JsonElement> RunAgentAsync(HttpClient http, CancellationToken cancellationToken)
    {
        using var response = await http.PostAsJsonAsync(
            "/api/v1/agents/daily_brief/executions?wait=60s", new { input = new { text = "09:00 design review. The fix must merge before noon." } }, cancellationToken);
        response.EnsureSuccessStatusCode();
        return await response.Content.ReadFromJsonAsync<JsonElement>(cancellationToken);
    }

    /// <summary>The processes of this run whose command line contains the text, in no order; AppHost itself is not among them.</summary>
    public IReadOnlyList<int> Find(string text) =>
    [
        .. Directory.GetDirectories("/proc").Select(Path.GetFileName)
            .Where(name => int.TryParse(name, NumberStyles.None, CultureInfo.InvariantCulture, out var pid) && pid != _pid)
            .Where(name => Read(name!, "environ").Contains($"{Marker}={_run}", StringComparison.Ordinal) && Read(name!, "cmdline").Contains(text, StringComparison.Ordinal))
            .Select(name => int.Parse(name!, CultureInfo.InvariantCulture)),
    ];

    /// <summary>The process of a native server: the oldest with its port on the command line. Redis overwrites its environment, so that <see cref="Find"/> misses it.</summary>
    public int? FindServer(string resource)
    {
        var port = new Uri(UrlsOf(resource)[0]).Port.ToString(CultureInfo.InvariantCulture);
        return Directory.GetDirectories("/proc").Select(Path.GetFileName)
            .Where(name => int.TryParse(name, NumberStyles.None, CultureInfo.InvariantCulture, out _) && Read(name!, "comm").Trim() is "redis-server" or "valkey-server" or "postgres")
            .Where(name => Read(name!, "cmdline").Contains(port, StringComparison.Ordinal))
            .Select(name => (int?)int.Parse(name!, CultureInfo.InvariantCulture))
            .Min();
    }

    /// <summary>Sends a signal to AppHost and waits until it has exited.</summary>
    public async Task<int> EndAsync(string signal)
    {
        await Programs.RunAsync("/bin/kill", $"-{signal}", Process.Id.ToString(CultureInfo.InvariantCulture));
        return await ExitAsync();
    }

    public async Task<int> ExitAsync()
    {
        await Process.WaitForExitAsync(TestContext.Current.CancellationToken).WaitAsync(TimeSpan.FromMinutes(2), TestContext.Current.CancellationToken);
        return Process.ExitCode;
    }

    public async ValueTask DisposeAsync()
    {
        if (_process is { HasExited: false })
            await EndAsync("TERM");
        _process?.Dispose();
        if (!_ownsFolder)
            return;
        await Programs.UntilAsync(() => Task.FromResult(Find("").Count == 0), "no process is left", TimeSpan.FromSeconds(60));
        Directory.Delete(Folder, recursive: true);
    }

    private static string Root
    {
        get
        {
            var folder = new DirectoryInfo(AppContext.BaseDirectory);
            while (!File.Exists(Path.Combine(folder.FullName, "OsMEN.sln")))
                folder = folder.Parent ?? throw new InvalidOperationException("The tests do not run from the repository.");
            return folder.FullName;
        }
    }

    private static string Read(string pid, string file)
    {
        try
        {
            return File.ReadAllText($"/proc/{pid}/{file}");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return "";
        }
    }

    private void Add(string? line)
    {
        if (line is not null)
            _lines.Enqueue(line);
    }
}
