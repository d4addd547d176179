using System.Diagnostics;
using System.Globalization;
using OsMEN.Tests.Infrastructure;

namespace OsMEN.Bench.EndToEnd;

/// <summary>One gateway and, if wanted, one worker, each a process of its own as in production, on a real store and Redis.</summary>
internal sealed class SystemUnderTest : IAsyncDisposable
{
    public const string Key = "osm_bench_0123456789abcdef0123456789abcdef";

    private readonly List<Process> _processes = [];

    private SystemUnderTest(Uri gateway) => Gateway = gateway;

    public Uri Gateway { get; }

    public static async Task<SystemUnderTest> StartAsync(Store store, RedisServer redis, bool worker, IReadOnlyDictionary<string, string>? more = null)
    {
        await redis.StartAsync();
        var system = new SystemUnderTest(new Uri(string.Create(CultureInfo.InvariantCulture, $"http://127.0.0.1:{Programs.FreePort()}")));
        var here = AppContext.BaseDirectory;
        await system.RunAsync(Path.Combine(here, "OsMEN.Gateway.dll"), [], system.Gateway, store, redis, more);
        if (worker)
        {
            var url = new Uri(string.Create(CultureInfo.InvariantCulture, $"http://127.0.0.1:{Programs.FreePort()}"));
            await system.RunAsync(Path.Combine(here, "OsMEN.Bench.dll"), ["worker"], url, store, redis, more);
        }

        return system;
    }

    /// <summary>Resident memory in MB: the gateway's, then the worker's.</summary>
    public double[] ResidentMegabytes() => [.. _processes.Select(p =>
    {
        p.Refresh();
        return p.WorkingSet64 / 1048576.0;
    })];

    public async ValueTask DisposeAsync()
    {
        foreach (var process in _processes)
        {
            process.Kill();
            await process.WaitForExitAsync();
            process.Dispose();
        }
    }

    private async Task RunAsync(string program, string[] arguments, Uri url, Store store, RedisServer redis, IReadOnlyDictionary<string, string>? more)
    {
        var start = new ProcessStartInfo("dotnet", [program, .. arguments]) { UseShellExecute = false, RedirectStandardOutput = true };
        foreach (var (name, value) in new Dictionary<string, string>(StringComparer.Ordinal)
        {
            ["ASPNETCORE_URLS"] = url.ToString(),
            ["ConnectionStrings__osmen"] = store.ConnectionString,
            ["ConnectionStrings__redis"] = redis.ConnectionString,
            ["CATALOG_PATH"] = Path.Combine(AppContext.BaseDirectory, "catalog"),
            ["OSMEN_API_KEYS"] = $"{Key}:admin:bench",
            ["RATE_LIMIT_PER_ADDRESS"] = "1000000",
            ["RATE_LIMIT_PER_KEY"] = "1000000",
            ["Worker__Slots"] = "256",
        })
            start.Environment[name] = value;
        foreach (var (name, value) in more ?? new Dictionary<string, string>(StringComparer.Ordinal))
            start.Environment[name] = value;
        var process = Process.Start(start)!;
        _processes.Add(process);

        // Read as a log collector would, and thrown away.
        process.OutputDataReceived += (_, _) => { };
        process.BeginOutputReadLine();
        using var http = new HttpClient();
        await Programs.UntilAsync(
            async () => (await http.GetAsync(new Uri(url, "/health/ready"))).IsSuccessStatusCode || Ended(process), $"{Path.GetFileName(program)} is ready");
    }

    private static bool Ended(Process process) =>
        process.HasExited ? throw new InvalidOperationException($"It ended with {process.ExitCode}.") : false;
}
