using System.Diagnostics;
using System.Globalization;

namespace OsMEN.Tests.Infrastructure;

/// <summary>A gateway or worker as a process of its own, ready when it is started. It can be killed and started again at its address.</summary>
internal sealed class ServiceProcess : IAsyncDisposable
{
    private readonly string[] _command;
    private readonly IReadOnlyDictionary<string, string> _environment;
    private readonly string? _user;
    private readonly Queue<string> _output = new();
    private Process? _process;

    private ServiceProcess(string[] command, IReadOnlyDictionary<string, string> environment, string? user)
    {
        _command = command;
        _user = user;
        _environment = environment;
        Url = new Uri(string.Create(CultureInfo.InvariantCulture, $"http://127.0.0.1:{Programs.FreePort()}"));
    }

    public Uri Url { get; }

    public int Id => _process!.Id;

    public double ResidentMegabytes
    {
        get
        {
            _process!.Refresh();
            return _process.WorkingSet64 / 1048576.0;
        }
    }

    /// <param name="command">Program (a dll beside the tests) and its arguments.</param>
    /// <param name="environment">Variables that it gets beside the tests'.</param>
    /// <param name="user">Runs it as this user, which only root can; null for the tests' own.</param>
    public static async Task<ServiceProcess> StartAsync(string[] command, IReadOnlyDictionary<string, string> environment, string? user = null)
    {
        var service = new ServiceProcess(command, environment, user);
        await service.StartAsync();
        return service;
    }

    public async Task StartAsync()
    {
        string[] command = ["dotnet", Path.Combine(AppContext.BaseDirectory, _command[0]), .. _command[1..]];
        if (_user is { } user)
            command = ["setpriv", "--reuid", user, "--regid", await Programs.GroupOfAsync(user), "--clear-groups", .. command];
        var start = new ProcessStartInfo(command[0], command[1..])
        {
            UseShellExecute = false,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        foreach (var (name, value) in _environment)
            start.Environment[name] = value;
        start.Environment["ASPNETCORE_URLS"] = Url.ToString();
        _process = Process.Start(start)!;
        _process.OutputDataReceived += (_, line) => Keep(line.Data);
        _process.ErrorDataReceived += (_, line) => Keep(line.Data);
        _process.BeginOutputReadLine();
        _process.BeginErrorReadLine();
        using var http = new HttpClient();
        await Programs.UntilAsync(
            async () => _process.HasExited || (await http.GetAsync(new Uri(Url, "/health/ready"))).IsSuccessStatusCode, $"{_command[0]} is ready", TimeSpan.FromSeconds(90));
        if (_process.HasExited)
            throw new InvalidOperationException($"{_command[0]} ended with {_process.ExitCode}: {Tail()}");
    }

    /// <summary>The last lines of its output.</summary>
    public string Tail()
    {
        lock (_output)
            return string.Join('\n', _output);
    }

    /// <summary>Sends a signal such as STOP, CONT or TERM.</summary>
    public Task SignalAsync(string signal) => Programs.RunAsync("/bin/kill", "-" + signal, Id.ToString(CultureInfo.InvariantCulture));

    /// <summary>SIGKILL: nothing is flushed, nothing is closed.</summary>
    public async Task KillAsync()
    {
        _process!.Kill();
        await _process.WaitForExitAsync();
    }

    /// <summary>SIGTERM, until it has ended.</summary>
    public async Task<int> StopAsync()
    {
        await SignalAsync("TERM");
        await _process!.WaitForExitAsync();
        return _process.ExitCode;
    }

    public async ValueTask DisposeAsync()
    {
        if (_process is { HasExited: false })
            await KillAsync();
        _process?.Dispose();
    }

    private void Keep(string? line)
    {
        if (line is null)
            return;
        lock (_output)
        {
            _output.Enqueue(line);
            if (_output.Count > 200)
                _output.Dequeue();
        }
    }
}
