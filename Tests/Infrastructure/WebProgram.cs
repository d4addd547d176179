using System.Diagnostics;
using System.Globalization;

namespace OsMEN.Tests.Infrastructure;

/// <summary>A server of the test's own with an address on 127.0.0.1 and a folder, both gone when it is disposed.</summary>
internal abstract class WebProgram : IAsyncDisposable
{
    private readonly string _name;
    private readonly DirectoryInfo _folder;
    private Process? _process;

    protected WebProgram(string name)
    {
        _name = name;
        _folder = Directory.CreateTempSubdirectory($"osmen-{name.ToLowerInvariant()}-");
        Url = new Uri(string.Create(CultureInfo.InvariantCulture, $"http://127.0.0.1:{Programs.FreePort()}"));
        Http = new HttpClient { BaseAddress = Url };
    }

    public HttpClient Http { get; }

    protected Uri Url { get; }

    protected string Folder => _folder.FullName;

    public async ValueTask DisposeAsync()
    {
        Http.Dispose();
        if (_process is { HasExited: false })
        {
            _process.Kill();
            await _process.WaitForExitAsync();
        }

        _process?.Dispose();
        _folder.Delete(recursive: true);
    }

    /// <summary>Starts the program in its folder; returns when <c>/-/ready</c> answers.</summary>
    protected async Task RunAsync(string program, params string[] arguments)
    {
        _process = Programs.Start(program, arguments, Folder);
        _process.OutputDataReceived += (_, _) => { };
        _process.BeginOutputReadLine();
        _process.ErrorDataReceived += (_, _) => { };
        _process.BeginErrorReadLine();
        await Programs.UntilAsync(async () => _process.HasExited || (await Http.GetAsync("/-/ready")).IsSuccessStatusCode, $"{_name} is ready");
        if (!_process.HasExited)
            return;
        var code = _process.ExitCode;
        await DisposeAsync();
        throw new InvalidOperationException($"{_name} ended with {code}: its configuration is wrong");
    }
}
