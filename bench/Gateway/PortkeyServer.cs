using System.Diagnostics;
using System.Globalization;
using OsMEN.Tests.Infrastructure;

namespace OsMEN.Bench.Gateway;

/// <summary>The npm package <c>@portkey-ai/gateway</c>, installed into a temporary folder and run by Node.</summary>
internal sealed class PortkeyServer : IAsyncDisposable
{
    private const string Package = "@portkey-ai/gateway@1.15.2";

    private readonly string _folder;
    private readonly Process _process;

    private PortkeyServer(string folder, Process process, Uri address) => (_folder, _process, Address) = (folder, process, address);

    public Uri Address { get; }

    /// <summary>Null where there is no Node.js, or no registry that has the package.</summary>
    public static async Task<PortkeyServer?> StartAsync()
    {
        if (Programs.Find("node") is not { } node || Programs.Find("npm") is not { } npm)
            return null;
        var folder = Directory.CreateTempSubdirectory("osmen-portkey-").FullName;
        try
        {
            await Programs.RunAsync(npm, "install", "--prefix", folder, "--ignore-scripts", "--no-audit", "--no-fund", Package);
        }
        catch (InvalidOperationException e)
        {
            Console.Error.WriteLine($"{Package} could not be installed: {e.Message}");
            Directory.Delete(folder, recursive: true);
            return null;
        }

        var address = new Uri(string.Create(CultureInfo.InvariantCulture, $"http://127.0.0.1:{Programs.FreePort()}"));
        var process = Programs.Start(node,
        [
            "--import", Path.Combine(AppContext.BaseDirectory, "Gateway", "portkey-preload.mjs"),
            Path.Combine(folder, "node_modules", "@portkey-ai", "gateway", "build", "start-server.js"), $"--port={address.Port}", "--headless",
        ]);
        process.OutputDataReceived += (_, _) => { };
        process.BeginOutputReadLine();
        process.ErrorDataReceived += (_, _) => { };
        process.BeginErrorReadLine();
        using var http = new HttpClient();
        await Programs.UntilAsync(async () => (await http.GetAsync(address)).IsSuccessStatusCode, "Portkey answers");
        return new PortkeyServer(folder, process, address);
    }

    public async ValueTask DisposeAsync()
    {
        _process.Kill();
        await _process.WaitForExitAsync();
        _process.Dispose();
        Directory.Delete(_folder, recursive: true);
    }
}
