using System.Diagnostics;
using System.Globalization;

namespace OsMEN.Tests.Infrastructure;

/// <summary>Finds and starts the real servers that tests and benchmarks run against.</summary>
internal static partial class Programs
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(1);
    private static readonly System.Collections.Concurrent.ConcurrentDictionary<int, bool> s_given = new();

    public static bool IsRoot => !OperatingSystem.IsWindows() && Environment.UserName == "root";

    /// <summary>The main group of a user.</summary>
    public static async Task<string> GroupOfAsync(string user) => (await RunAsync("id", "-gn", user)).Trim();

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

    /// <summary>For what only root can do; elsewhere, see <see cref="Missing"/>.</summary>
    public static void NeedRoot()
    {
        if (!IsRoot)
            Missing("Root's right to mount a file system", ["mount"]);
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
    /// A port that is free now, and that nobody takes by asking for any: it lies below those that Linux (32768 on), Windows and macOS (49152
    /// on) hand out to port 0 and to connections. Each is given once; a server that ends may be started again where it was.
    /// </summary>
    public static int FreePort()
    {
        while (true)
        {
            var port = Random.Shared.Next(11_000, 32_768);
            if (!s_given.TryAdd(port, true))
                continue;
            try
            {
                using var listener = new System.Net.Sockets.TcpListener(System.Net.IPAddress.Loopback, port);
                listener.Start();
                return port;
            }
            catch (System.Net.Sockets.SocketException)
            {
                // Somebody else's.
            }
        }
    }

    /// <summary>Tries until it works: for servers that tell in no other way that they are up.</summary>
    public static async Task UntilAsync(Func<Task<bool>> condition, string what, TimeSpan? within = null)
    {
        using var limit = new CancellationTokenSource(within ?? Patience);
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
                throw new TimeoutException($"Not within {within ?? Patience}: {what}", late);
            }
        }
    }

    private static partial void Missing(string what, string[] names);
}
