using System.Diagnostics;
using System.Globalization;

namespace OsMEN.Tests.Infrastructure;

/// <summary>Finds and starts the real servers that tests run against.</summary>
internal static class Programs
{
    /// <summary>True on CI, where a missing server fails the run instead of skipping tests.</summary>
    public static bool Required => Environment.GetEnvironmentVariable("CI") == "true";

    public static bool IsRoot => !OperatingSystem.IsWindows() && Environment.UserName == "root";

    public static string? Find(params string[] names)
    {
        var folders = (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries).ToList();
        if (Directory.Exists("/usr/lib/postgresql"))
            folders.AddRange(Directory.GetDirectories("/usr/lib/postgresql").OrderDescending(StringComparer.Ordinal).Select(d => Path.Combine(d, "bin")));
        return names.SelectMany(_ => folders, (name, folder) => Path.Combine(folder, name)).FirstOrDefault(File.Exists);
    }

    /// <summary>Skips the test where the program is missing, or fails it on CI.</summary>
    public static string Need(string what, params string[] names)
    {
        if (Find(names) is { } found)
            return found;
        if (Required)
            Assert.Fail($"{what} is not installed, and CI must not skip.");
        Assert.Skip($"{what} is not installed ({string.Join(", ", names)} not on PATH).");
        return "";
    }

    public static Process Start(string program, IEnumerable<string> arguments, string? workingDirectory = null)
    {
        var start = new ProcessStartInfo(program, arguments)
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            UseShellExecute = false,
            WorkingDirectory = workingDirectory ?? "",
        };
        return Process.Start(start) ?? throw new InvalidOperationException(program);
    }

    public static async Task<string> RunAsync(string program, params string[] arguments)
    {
        using var process = Start(program, arguments);
        var output = process.StandardOutput.ReadToEndAsync();
        var errors = process.StandardError.ReadToEndAsync();
        await process.WaitForExitAsync();
        var (said, complained) = (await output, await errors);
        return process.ExitCode == 0
            ? said
            : throw new InvalidOperationException(string.Create(CultureInfo.InvariantCulture, $"{program} ended with {process.ExitCode}: {complained}{said}"));
    }

    /// <summary>A port that is free now.</summary>
    public static int FreePort()
    {
        using var listener = new System.Net.Sockets.TcpListener(System.Net.IPAddress.Loopback, 0);
        listener.Start();
        return ((System.Net.IPEndPoint)listener.LocalEndpoint).Port;
    }

    /// <summary>Tries until it works: for servers that tell in no other way that they are up.</summary>
    public static async Task UntilAsync(Func<Task<bool>> condition, string what, TimeSpan? within = null)
    {
        using var limit = new CancellationTokenSource(within ?? TimeSpan.FromSeconds(30));
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(20));
        while (true)
        {
            try
            {
                if (await condition())
                    return;
            }
            catch (Exception) when (!limit.IsCancellationRequested)
            {
                // Not yet.
            }

            try
            {
                await timer.WaitForNextTickAsync(limit.Token);
            }
            catch (OperationCanceledException late)
            {
                throw new TimeoutException($"Not within {within ?? TimeSpan.FromSeconds(30)}: {what}", late);
            }
        }
    }
}
