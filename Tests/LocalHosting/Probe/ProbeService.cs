using System.Collections;
using System.Diagnostics;
using System.Globalization;

namespace OsMEN.Probe;

/// <summary>
/// A service that does as the files in its folder say: <c>name.unready</c> keeps it from being ready, <c>name.exit</c>
/// ends it at once, <c>name.stubborn</c> keeps it from stopping. It writes what happens to it into <c>events</c>.
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
        Write("started");
        Console.WriteLine($"{name} listens");
        await app.WaitForShutdownAsync();
        Write("stopped");
        if (File.Exists(Path.Combine(folder, name + ".stubborn")))
            await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System);

        void Write(string what)
        {
            using var file = new FileStream(Path.Combine(folder, "events"), FileMode.Append, FileAccess.Write, FileShare.ReadWrite);
            file.Write(System.Text.Encoding.UTF8.GetBytes($"{name} {what}\n"));
        }
    }
}
