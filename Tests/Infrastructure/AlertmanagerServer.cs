using System.Diagnostics;
using System.Globalization;
using System.Net.Http.Json;
using System.Text.Json;

namespace OsMEN.Tests.Infrastructure;

/// <summary>A real Alertmanager of the test's own, with the configuration that it is given.</summary>
internal sealed class AlertmanagerServer : IAsyncDisposable
{
    private readonly Process _process;
    private readonly DirectoryInfo _data;

    private AlertmanagerServer(Process process, DirectoryInfo data, Uri url)
    {
        (_process, _data) = (process, data);
        Http = new HttpClient { BaseAddress = url };
    }

    public HttpClient Http { get; }

    public static async Task<AlertmanagerServer> StartAsync(string configurationFile)
    {
        var program = Programs.Need("Alertmanager", "prometheus-alertmanager", "alertmanager");
        var data = Directory.CreateTempSubdirectory("osmen-alertmanager-");
        var url = new Uri(string.Create(CultureInfo.InvariantCulture, $"http://127.0.0.1:{Programs.FreePort()}"));
        var process = Programs.Start(
            program, ["--config.file", configurationFile, "--storage.path", data.FullName, "--web.listen-address", url.Authority, "--cluster.listen-address=", "--log.level", "error"], data.FullName);
        process.OutputDataReceived += (_, _) => { };
        process.BeginOutputReadLine();
        process.ErrorDataReceived += (_, _) => { };
        process.BeginErrorReadLine();
        var server = new AlertmanagerServer(process, data, url);
        await Programs.UntilAsync(async () => process.HasExited || (await server.Http.GetAsync("/-/ready")).IsSuccessStatusCode, "Alertmanager is ready");
        return process.HasExited ? throw new InvalidOperationException($"Alertmanager ended with {process.ExitCode}: its configuration is wrong") : server;
    }

    /// <summary>The alerts that fire now, neither silenced nor inhibited, by name.</summary>
    public async Task<IReadOnlyList<IReadOnlyDictionary<string, string>>> FiringAsync(string name) =>
    [
        .. (await Http.GetFromJsonAsync<JsonElement>($"/api/v2/alerts?active=true&silenced=false&inhibited=false&filter=alertname%3D{name}")).EnumerateArray()
            .Select(a => a.GetProperty("labels").EnumerateObject().ToDictionary(l => l.Name, l => l.Value.GetString()!, StringComparer.Ordinal)),
    ];

    public async ValueTask DisposeAsync()
    {
        Http.Dispose();
        if (!_process.HasExited)
        {
            _process.Kill();
            await _process.WaitForExitAsync();
        }

        _process.Dispose();
        _data.Delete(recursive: true);
    }
}
