using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using OsMEN.Tests.Infrastructure;

namespace OsMEN.Tests.LocalHosting;

/// <summary>A small AppHost as a process of its own, in a folder of its own.</summary>
internal sealed class HostProcess : IAsyncDisposable
{
    private static readonly HttpClient s_http = new(new SocketsHttpHandler { UseProxy = false });

    private readonly ConcurrentQueue<string> _lines = new();
    private readonly bool _ownsFolder;
    private Process? _process;

    public HostProcess(string? folder = null)
    {
        _ownsFolder = folder is null;
        Folder = folder ?? Directory.CreateTempSubdirectory("osmen-host-").FullName;
    }

    public string Folder { get; }

    public int Port { get; init; } = Programs.FreePort();

    public Dictionary<string, string?> Environment { get; } = [];

    public Process Process => _process!;

    public IReadOnlyList<string> Lines => [.. _lines];

    public string RunFile => Path.Combine(Folder, ".osmen", "run.json");

    /// <summary>What the services said of their lives, in order: <c>worker-1 started</c>.</summary>
    public IReadOnlyList<string> Events =>
    [
        .. _lines.Select(l => l.Split('|', 2, StringSplitOptions.TrimEntries)).Where(l => l is [_, "started" or "stopped"]).Select(l => $"{l[0]} {l[1]}"),
    ];

    public HostProcess Start(params string[] arguments)
    {
        var start = new ProcessStartInfo(DotNet, [Path.Combine(AppContext.BaseDirectory, "OsMEN.Probe.dll"), .. arguments])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            UseShellExecute = false,
            WorkingDirectory = Folder,
        };
        start.Environment["PROBE_FOLDER"] = Folder;
        start.Environment["PROBE_PORT"] = Port.ToString(CultureInfo.InvariantCulture);

        // Containers, where a runtime answers, have tests of their own.
        start.Environment["OSMEN_BACKING"] = "embedded";
        foreach (var (name, value) in Environment)
            start.Environment[name] = value;
        _process = Process.Start(start)!;
        _process.OutputDataReceived += (_, e) => Add(e.Data);
        _process.ErrorDataReceived += (_, e) => Add(e.Data);
        _process.BeginOutputReadLine();
        _process.BeginErrorReadLine();
        return this;
    }

    public void Touch(string name) => File.WriteAllText(Path.Combine(Folder, name), "");

    public void Remove(string name) => File.Delete(Path.Combine(Folder, name));

    public Task UntilLineAsync(string part) => UntilAsync(() => _lines.Any(l => l.Contains(part, StringComparison.Ordinal)), $"a line with \"{part}\"");

    public async Task UntilReadyAsync() => await UntilLineAsync("Ctrl+C stops everything.");

    public async Task UntilAsync(Func<bool> condition, string what)
    {
        try
        {
            await Programs.UntilAsync(() => Task.FromResult(condition()), what);
        }
        catch (TimeoutException late)
        {
            throw new TimeoutException($"{late.Message}\n{string.Join('\n', _lines)}", late);
        }
    }

    public JsonElement ReadRunFile() => JsonDocument.Parse(File.ReadAllBytes(RunFile)).RootElement.Clone();

    public IReadOnlyList<string> UrlsOf(string resource) =>
        [.. ReadRunFile().GetProperty("resources").GetProperty(resource).GetProperty("urls").EnumerateArray().Select(u => u.GetString()!)];

    public Task<string> GetAsync(string resource, string path, int replica = 0) =>
        s_http.GetStringAsync(UrlsOf(resource)[replica] + path, TestContext.Current.CancellationToken);

    public async Task<int> PidAsync(string resource, int replica = 0) => int.Parse(await GetAsync(resource, "/pid", replica), CultureInfo.InvariantCulture);

    public async Task<Dictionary<string, string>> VariablesAsync(string resource) => (await GetAsync(resource, "/environment")).Split('\n')
        .Where(l => l.Contains('=', StringComparison.Ordinal))
        .Select(l => l.Split('=', 2))
        .ToDictionary(l => l[0], l => l[1], StringComparer.Ordinal);

    /// <summary>Sends a signal and waits for the end; its exit code.</summary>
    public async Task<int> EndAsync(string signal)
    {
        await Programs.RunAsync("/bin/kill", $"-{signal}", Process.Id.ToString(CultureInfo.InvariantCulture));
        return await ExitAsync();
    }

    public async Task<int> ExitAsync()
    {
        await Process.WaitForExitAsync(TestContext.Current.CancellationToken).WaitAsync(TimeSpan.FromMinutes(1), TestContext.Current.CancellationToken);
        return Process.ExitCode;
    }

    /// <summary>The processes of the given session, which a service and all that it starts share.</summary>
    public static IReadOnlyList<int> Session(int session) =>
    [
        .. Directory.GetDirectories("/proc").Select(Path.GetFileName)
            .Where(name => int.TryParse(name, NumberStyles.None, CultureInfo.InvariantCulture, out _))
            .Where(name => SessionOf(name!) == session)
            .Select(name => int.Parse(name!, CultureInfo.InvariantCulture)),
    ];

    /// <summary>A file's permissions as <c>ls</c> shows them in octal; 600 where the system has none.</summary>
    public static string ModeOf(string path) =>
        OperatingSystem.IsWindows() ? "600" : Convert.ToString((int)File.GetUnixFileMode(path), 8);

    public async ValueTask DisposeAsync()
    {
        if (_process is { HasExited: false })
        {
            _process.Kill();
            await _process.WaitForExitAsync();
        }

        _process?.Dispose();
        if (!_ownsFolder)
            return;

        // Its services end a moment after it, and may still write.
        await Programs.UntilAsync(
            () =>
            {
                Directory.Delete(Folder, recursive: true);
                return Task.FromResult(true);
            },
            $"{Folder} can be deleted");
    }

    private static string DotNet => Path.GetFullPath(Path.Combine(System.Runtime.InteropServices.RuntimeEnvironment.GetRuntimeDirectory(), "..", "..", "..", "dotnet"));

    // "pid (name) state ppid pgrp session …"; a zombie is gone but for its number.
    private static int SessionOf(string pid)
    {
        try
        {
            var stat = File.ReadAllText($"/proc/{pid}/stat");
            var fields = stat[(stat.LastIndexOf(')') + 2)..].Split(' ');
            return fields[0] == "Z" ? -1 : int.Parse(fields[3], CultureInfo.InvariantCulture);
        }
        catch (IOException)
        {
            return -1;
        }
    }

    private void Add(string? line)
    {
        if (line is not null)
            _lines.Enqueue(line);
    }
}
