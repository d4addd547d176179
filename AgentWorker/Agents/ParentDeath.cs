using System.Collections.Concurrent;
using System.Diagnostics;

namespace OsMEN.AgentWorker.Agents;

/// <summary>
/// Starts programs that end when their worker is killed: on Linux <c>setpriv --pdeathsig</c> (util-linux) asks the kernel for it.
/// Elsewhere a program notices by its closed output when it next writes.
/// </summary>
internal static class ParentDeath
{
    // The kernel means the thread that started the child (prctl(2), PR_SET_PDEATHSIG), and the pool's threads come and go: one
    // thread that lives as long as the worker starts them all.
    private static readonly BlockingCollection<Action> Starts = StartThread();

    private static readonly string[] Wrapper = FindWrapper();

    /// <summary>Starts <paramref name="process"/>.</summary>
    /// <exception cref="FileNotFoundException">There is no such program; the message is for people.</exception>
    public static Task StartAsync(Process process)
    {
        var start = process.StartInfo;
        var program = FindProgram(start.FileName) ?? throw new FileNotFoundException(
            start.FileName.Contains(Path.DirectorySeparatorChar) ? $"There is no program '{start.FileName}'." : $"There is no program '{start.FileName}' on the worker's PATH.");
        if (Wrapper.Length > 0)
        {
            string[] arguments = [.. Wrapper[1..], program, .. start.ArgumentList];
            start.FileName = Wrapper[0];
            start.ArgumentList.Clear();
            foreach (var argument in arguments)
                start.ArgumentList.Add(argument);
        }

        var started = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        Starts.Add(() =>
        {
            try
            {
                process.Start();
                started.SetResult();
            }
            catch (Exception e)
            {
                started.SetException(e);
            }
        });
        return started.Task;
    }

    private static BlockingCollection<Action> StartThread()
    {
        var starts = new BlockingCollection<Action>();
        new Thread(() =>
        {
            foreach (var start in starts.GetConsumingEnumerable())
                start();
        })
        { IsBackground = true, Name = "process starts" }.Start();
        return starts;
    }

    private static string[] FindWrapper() =>
        OperatingSystem.IsLinux() && FindProgram("setpriv") is { } setpriv ? [setpriv, "--pdeathsig", "KILL", "--"] : [];

    private static string? FindProgram(string name)
    {
        if (name.Contains(Path.DirectorySeparatorChar) || OperatingSystem.IsWindows())
            return File.Exists(name) || OperatingSystem.IsWindows() ? name : null;
        var folders = (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries);
        return folders.Select(f => Path.Combine(f, name)).FirstOrDefault(File.Exists);
    }
}
