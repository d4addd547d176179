using System.Diagnostics;
using System.Globalization;

namespace OsMEN.Tests.Infrastructure;

/// <summary>Finds and starts the real servers that tests and benchmarks run against.</summary>
internal static partial class Programs
{
    private const int LowestPort = 20_000;
    private const int Ports = 12_000;

    private static readonly TimeSpan s_patience = TimeSpan.FromMinutes(1);

    // From anywhere, so that runs beside each other seldom try the same.
    private static int s_port = Environment.ProcessId * 97;

    public static bool IsRoot => !OperatingSystem.IsWindows() && Environment.UserName == "root";

    public static string? Find(params string[] names)
    {
        var folders = (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries).ToList();
        if (Directory.Exists("/usr/lib/postgresql"))
            folders.AddRange(Directory.GetDirectories("/usr/lib/postgresql").OrderDescending(StringComparer.Ordinal).Select(d => Path.Combine(d, "bin")));
        return names.SelectMany(_ => folders, (name, folder) => Path.Combine(folder, name)).FirstOrDefault(File.Exists);
    }

    /// <summary>The program's path; where it is missing, see <see cref="Missing"/>.</summary>
    public static string Need(string what, params string[] names)
    {
        if (Find(names) is { } found)
            return found;
        Missing(what, names);
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

    /// <summary>
    /// A port that is free now and that nobody else of this process gets. It is below those that the system gives to whoever asks for any
    /// (from 32768 on Linux, from 49152 elsewhere): it stays free until a program that starts slowly, or again, listens on it.
    /// </summary>
    public static int FreePort()
    {
        while (true)
        {
            var port = LowestPort + (int)((uint)Interlocked.Increment(ref s_port) % Ports);
            using var listener = new System.Net.Sockets.TcpListener(System.Net.IPAddress.Loopback, port);
            try
            {
                listener.Start();
                return port;
            }
            catch (System.Net.Sockets.SocketException)
            {
                // Somebody's: the next one.
            }
        }
    }

    /// <summary>Tries until it works: for servers that tell in no other way that they are up.</summary>
    public static async Task UntilAsync(Func<Task<bool>> condition, string what, TimeSpan? within = null)
    {
        using var limit = new CancellationTokenSource(within ?? s_patience);
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
                throw new TimeoutException($"Not within {within ?? s_patience}: {what}", late);
            }
        }
    }

    private static partial void Missing(string what, string[] names);
}
