using System.Diagnostics;
using System.Globalization;

namespace OsMEN.AppHost.Backing;

/// <summary>
/// Ends the processes that a killed PostgreSQL server left on its data directory. A killed postmaster leaves its backends behind, and as long
/// as one of them is busy or stopped, its shared memory keeps a new server from starting.
/// </summary>
/// <param name="data">The data directory. No other AppHost uses it: the run lock sees to that.</param>
internal sealed class PostgresOrphans(string data)
{
    // A server whose AppHost was killed is shutting down, which it should finish.
    private static readonly TimeSpan ShutdownLimit = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan Poll = TimeSpan.FromMilliseconds(50);
    private static readonly TimeSpan TimeLimit = TimeSpan.FromSeconds(10);

    private string LockFile => Path.Combine(data, "postmaster.pid");

    /// <summary>Ends the processes of an earlier server, and removes its lock file where that names a process that is none of them.</summary>
    /// <returns>How many processes were killed.</returns>
    public async Task<int> EndAsync(CancellationToken cancellationToken)
    {
        // Elsewhere, nothing tells which data directory a process uses.
        if (!OperatingSystem.IsLinux() || !Directory.Exists(data))
            return 0;
        var path = RealPath();
        var started = Stopwatch.GetTimestamp();
        while (Postmaster() is { } postmaster && IsServer(postmaster, path) && Stopwatch.GetElapsedTime(started) < ShutdownLimit)
            await Task.Delay(Poll, cancellationToken);

        var killed = new HashSet<int>();
        started = Stopwatch.GetTimestamp();
        while (Servers(path) is { Count: > 0 } left && Stopwatch.GetElapsedTime(started) < TimeLimit)
        {
            foreach (var pid in left)
            {
                if (Kill(pid))
                    killed.Add(pid);
            }

            await Task.Delay(Poll, cancellationToken);
        }

        // The number of a process that is gone may have gone to another program, which PostgreSQL would take for its predecessor. Otherwise the
        // file stays: PostgreSQL finds the old shared memory by it.
        if (Postmaster() is { } other && Directory.Exists(Proc(other)) && !IsServer(other, path))
            File.Delete(LockFile);
        return killed.Count;
    }

    private static string Proc(int pid) => string.Create(CultureInfo.InvariantCulture, $"/proc/{pid}");

    private static List<int> Servers(string path) =>
    [
        .. Directory.GetDirectories("/proc").Select(p => int.TryParse(Path.GetFileName(p), NumberStyles.None, CultureInfo.InvariantCulture, out var pid) ? pid : 0)
            .Where(pid => pid > 0 && IsServer(pid, path)),
    ];

    // Every process of a server works in its data directory.
    private static bool IsServer(int pid, string path)
    {
        try
        {
            return File.ReadAllText(Path.Combine(Proc(pid), "comm")).Trim() == "postgres" && new FileInfo(Path.Combine(Proc(pid), "cwd")).LinkTarget == path;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // It has exited, or is somebody else's.
            return false;
        }
    }

    private static bool Kill(int pid)
    {
        try
        {
            using var process = Process.GetProcessById(pid);
            process.Kill();
            return true;
        }
        catch (Exception e) when (e is ArgumentException or InvalidOperationException or System.ComponentModel.Win32Exception)
        {
            return false;
        }
    }

    private string RealPath() => Programs.Run("/bin/sh", ["-c", "cd \"$0\" && pwd -P", data], TimeLimit).Output.Trim();

    private int? Postmaster()
    {
        try
        {
            return int.TryParse(File.ReadLines(LockFile).FirstOrDefault(), NumberStyles.None, CultureInfo.InvariantCulture, out var pid) ? pid : null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }
}
