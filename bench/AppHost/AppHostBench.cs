using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using OsMEN.Tests.Infrastructure;

namespace OsMEN.Bench.AppHost;

/// <summary>
/// The time from <c>dotnet run --no-build</c> to the first answer: of a minimal Aspire AppHost with one web project, and of OsMEN's
/// embedded backing, in turn. The difference is what OsMEN adds to Aspire.
/// </summary>
internal static class AppHostBench
{
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(3);

    public static async Task RunAsync(Report report)
    {
        var root = FindRoot();
        await Programs.RunAsync("dotnet", "build", Path.Combine(root, "bench", "AppHost", "Minimal"));
        await Programs.RunAsync("dotnet", "build", Path.Combine(root, "AppHost"));
        var minimal = await MinimalAsync(root);
        report.Add("apphost", "minimal", "dotnet run to the first answer of a web project", minimal.TotalSeconds, "s");
        var (first, running, ready) = await OsMENAsync(root);
        report.Add("apphost", "SQLite", "dotnet run to AppHost's first line", first.TotalSeconds, "s");
        report.Add("apphost", "SQLite", "dotnet run to the gateway's process", running.TotalSeconds, "s");
        report.Add("apphost", "SQLite", "dotnet run to the gateway's readiness", ready.TotalSeconds, "s");
        report.Add("apphost", "SQLite", "more than minimal", (ready - minimal).TotalSeconds, "s");
    }

    private static async Task<TimeSpan> MinimalAsync(string root)
    {
        var port = Programs.FreePort();
        using var host = Start(Path.Combine(root, "bench", "AppHost", "Minimal"), _ => { }, port.ToString(CultureInfo.InvariantCulture));
        var started = Stopwatch.GetTimestamp();
        await UntilAnswersAsync($"http://localhost:{port}/");
        var took = Stopwatch.GetElapsedTime(started);
        await StopAsync(host);
        return took;
    }

    private static async Task<(TimeSpan First, TimeSpan Running, TimeSpan Ready)> OsMENAsync(string root)
    {
        var folder = Directory.CreateTempSubdirectory("osmen-bench-").FullName;
        try
        {
            var first = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            using var host = Start(
                Path.Combine(root, "AppHost"),
                line =>
                {
                    if (line.StartsWith("Starting OsMEN", StringComparison.Ordinal))
                        first.TrySetResult();
                },
                "--backing", "embedded", "--data", folder);
            var started = Stopwatch.GetTimestamp();
            await first.Task.WaitAsync(Limit);
            var firstLine = Stopwatch.GetElapsedTime(started);
            await Programs.UntilAsync(() => Task.FromResult(Gateway(folder).State == "Running"), "the gateway runs", Limit);
            var running = Stopwatch.GetElapsedTime(started);
            await UntilAnswersAsync($"{Gateway(folder).Url}/health/ready");
            var ready = Stopwatch.GetElapsedTime(started);
            await StopAsync(host);
            return (firstLine, running, ready);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static (string? State, string? Url) Gateway(string folder)
    {
        using var run = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(folder, "run.json")));
        var gateway = run.RootElement.GetProperty("resources").GetProperty("gateway");
        return (gateway.GetProperty("state").GetString(), gateway.GetProperty("urls")[0].GetString());
    }

    private static async Task UntilAnswersAsync(string url)
    {
        using var http = new HttpClient();
        await Programs.UntilAsync(async () => (await http.GetAsync(new Uri(url))).IsSuccessStatusCode, $"{url} answers", Limit);
    }

    private static Process Start(string project, Action<string> onLine, params string[] arguments)
    {
        var start = new ProcessStartInfo("dotnet", ["run", "--project", project, "--no-build", "--no-launch-profile", "--", .. arguments])
        {
            UseShellExecute = false,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        foreach (var name in new[] { "ASPNETCORE_URLS", "ASPIRE_DASHBOARD_OTLP_ENDPOINT_URL", "ASPIRE_RESOURCE_SERVICE_ENDPOINT_URL" })
            start.Environment[name] = string.Create(CultureInfo.InvariantCulture, $"http://localhost:{Programs.FreePort()}");
        start.Environment["ASPIRE_ALLOW_UNSECURED_TRANSPORT"] = "true";
        start.Environment["DOTNET_ENVIRONMENT"] = "Development";
        var process = Process.Start(start)!;
        process.OutputDataReceived += (_, e) => onLine(e.Data ?? "");
        process.ErrorDataReceived += (_, e) => onLine(e.Data ?? "");
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        return process;
    }

    private static async Task StopAsync(Process process)
    {
        await Programs.RunAsync("kill", "-TERM", process.Id.ToString(CultureInfo.InvariantCulture));
        await process.WaitForExitAsync().WaitAsync(Limit);
    }

    private static string FindRoot()
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (!File.Exists(Path.Combine(folder.FullName, "OsMEN.sln")))
            folder = folder.Parent ?? throw new InvalidOperationException("The benchmark does not run from the repository.");
        return folder.FullName;
    }
}
