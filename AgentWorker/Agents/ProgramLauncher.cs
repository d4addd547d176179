using System.Collections.Concurrent;
using System.Diagnostics;
using OsMEN.AgentWorker.Tools;

namespace OsMEN.AgentWorker.Agents;

/// <summary>
/// Starts programs that end when their worker is killed, and that cannot read its environment and memory. On Linux <c>setpriv</c> (util-linux)
/// asks the kernel for the first and takes root's capabilities for the second; where the kernel lets users create namespaces, each program gets
/// a user namespace, so that it cannot read those of the user's other processes either. See docs/security.md.
/// </summary>
internal sealed class ProgramLauncher
{
    /// <summary>The worker's variables that every program gets.</summary>
    public static readonly string[] AlwaysPassed = ["PATH", "HOME", "LANG", "TZ", "TMPDIR", "SystemRoot", "TEMP"];

    private static readonly TimeSpan ProbeTimeout = TimeSpan.FromSeconds(10);

    // The kernel means the thread that started the child (prctl(2), PR_SET_PDEATHSIG), and the pool's threads come and go: one
    // thread that lives as long as the worker starts them all.
    private static readonly BlockingCollection<Action> Starts = StartThread();

    private readonly string[] _trusted;
    private readonly Lazy<string[]> _confined;

    public ProgramLauncher(ToolOptions options)
    {
        var setpriv = OperatingSystem.IsLinux() ? Find("setpriv") : null;
        _trusted = setpriv is null ? [] : [setpriv, "--pdeathsig", "KILL", "--"];
        _confined = new Lazy<string[]>(() => Confine(setpriv, options.ProgramUser), LazyThreadSafetyMode.ExecutionAndPublication);
    }

    /// <summary>Gives a program no variables of the worker's but <see cref="AlwaysPassed"/> and those of these names.</summary>
    public static void PassVariables(ProcessStartInfo start, IEnumerable<string> names)
    {
        start.Environment.Clear();
        foreach (var name in AlwaysPassed.Concat(names))
        {
            if (Environment.GetEnvironmentVariable(name) is { } value)
                start.Environment[name] = value;
        }
    }

    /// <summary>Starts a process with its input, output and errors redirected.</summary>
    /// <param name="process">What to start; its <c>StartInfo</c> is changed.</param>
    /// <param name="trusted">Whether it keeps the worker's user and capabilities, as the command line of a container runtime does.</param>
    /// <exception cref="FileNotFoundException">There is no such program; the message is for people.</exception>
    /// <exception cref="InvalidOperationException">The worker is root and cannot take root's capabilities from the program; the message is for people.</exception>
    public Task StartAsync(Process process, bool trusted = false)
    {
        var start = process.StartInfo;
        var program = Find(start.FileName) ?? throw new FileNotFoundException(
            start.FileName.Contains(Path.DirectorySeparatorChar) ? $"There is no program '{start.FileName}'." : $"There is no program '{start.FileName}' on the worker's PATH.");
        (start.UseShellExecute, start.CreateNoWindow) = (false, true);
        start.RedirectStandardInput = start.RedirectStandardOutput = start.RedirectStandardError = true;
        var started = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        Starts.Add(() =>
        {
            try
            {
                Wrap(start, trusted ? _trusted : _confined.Value, program);
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

    private static void Wrap(ProcessStartInfo start, string[] wrapper, string program)
    {
        string[] arguments = [.. wrapper, program, .. start.ArgumentList];
        start.FileName = arguments[0];
        start.ArgumentList.Clear();
        foreach (var argument in arguments.Skip(1))
            start.ArgumentList.Add(argument);
    }

    private static string[] Confine(string? setpriv, string? user)
    {
        var root = OperatingSystem.IsLinux() && Environment.IsPrivilegedProcess;
        if (setpriv is null)
        {
            return root
                ? throw new InvalidOperationException("A worker that runs as root starts programs through setpriv (util-linux), and there is none on its PATH. Install it, or run the worker as another user.")
                : [];
        }

        string[] powerless = root ? ["--inh-caps=-all", "--bounding-set=-all"] : [];
        string[] other = user?.Split(':') is [var name, .. var group]
            ? [setpriv, "--reuid", name, "--regid", group.Length == 0 ? name : group[0], "--init-groups", .. powerless, "--"]
            : [];

        // A change of user or namespace can clear the signal: it is asked for last.
        string[] last = [setpriv, "--pdeathsig", "KILL", "--no-new-privs", .. other.Length == 0 ? powerless : [], "--"];
        string[] alone = Find("unshare") is { } unshare ? [.. other, unshare, "--user", "--map-current-user", "--", .. last] : [];
        if (alone.Length > 0 && Probe(alone) is null)
            return alone;
        string[] plain = [.. other, .. last];
        return Probe(plain) is not { } error ? plain : throw new InvalidOperationException(
            $"Programs cannot be started without the worker's privileges: {error} Run the worker as a user other than root{(user is null ? "" : ", or correct PROGRAMS_USER")}.");
    }

    // The error message of setpriv or unshare; null if they can start programs this way.
    private static string? Probe(string[] wrapper)
    {
        var start = new ProcessStartInfo(wrapper[0], [.. wrapper[1..], Find("true") ?? "true"]) { UseShellExecute = false, RedirectStandardOutput = true, RedirectStandardError = true };
        PassVariables(start, []);
        using var process = Process.Start(start)!;
        if (!process.WaitForExit(ProbeTimeout))
        {
            process.Kill();
            return $"{wrapper[0]} did not answer.";
        }

        return process.ExitCode == 0 ? null : process.StandardError.ReadToEnd().Trim();
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

    private static string? Find(string name)
    {
        if (name.Contains(Path.DirectorySeparatorChar) || OperatingSystem.IsWindows())
            return File.Exists(name) || OperatingSystem.IsWindows() ? name : null;
        var folders = (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries);
        return folders.Select(f => Path.Combine(f, name)).FirstOrDefault(File.Exists);
    }
}
