using System.Collections;
using System.Diagnostics;
using System.Globalization;

namespace OsMEN.Probe;

/// <summary>
/// A service that does as the files in its folder say: <c>name.unready</c> keeps it from being ready, <c>name.exit</c>
/// ends it at once, <c>name.stubborn</c> keeps it from stopping. It says when it has started and stopped.
/// </summary>
internal static class ProbeService
{
    public static async Task RunAsync(string name)
    {
        var folder = Environment.GetEnvironmentVariable("PROBE_FOLDER")!;
        if (File.Exists(Path.Combine(folder, name + ".exit")))
        {
            await Console.Error.WriteLineAsync("told to end");
            Environment.Exit(7);
        }

        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        var app = builder.Build();
        app.MapGet("/health/ready", () => File.Exists(Path.Combine(folder, name + ".unready")) ? Results.StatusCode(503) : Results.Ok());
        app.MapGet("/environment", () => Results.Text(string.Join('\n', Environment.GetEnvironmentVariables().Cast<DictionaryEntry>().Select(e => $"{e.Key}={e.Value}"))));
        app.MapGet("/pid", () => Results.Text(Environment.ProcessId.ToString(CultureInfo.InvariantCulture)));

        // A grandchild, to see that it goes too.
        app.MapGet("/child", () => Results.Text(Process.Start("sleep", "600").Id.ToString(CultureInfo.InvariantCulture)));
        await app.StartAsync();
        Console.WriteLine("started");
        await app.WaitForShutdownAsync();
        Console.WriteLine("stopped");
        if (File.Exists(Path.Combine(folder, name + ".stubborn")))
            await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System);
    }
}
