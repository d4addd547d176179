using System.Diagnostics;
using System.Runtime.InteropServices;
using System.Text;
using OsMEN.LocalHosting.Backing;
using OsMEN.LocalHosting.Output;

namespace OsMEN.LocalHosting.Running;

/// <summary>
/// A program in a session of its own (so that Ctrl+C reaches AppHost alone) with a guard beside it: a small shell that
/// waits on a pipe from AppHost. When the pipe closes, whatever AppHost died of, it stops the program and all that the
/// program started. The guard is of the program's process group, so the group's number stays its own.
/// </summary>
internal sealed class ChildProcess : IAsyncDisposable
{
    // $1 the stop signal, $2 a command that cleans up, then the program. The shell becomes the program: its pid, exit code and
    // signals are the program's.
    private const string Launch =
        """
        signal=$1; clean=$2; shift 2
        exec 3<&0 </dev/null
        sh -c '
          trap "" TERM INT HUP
          read -r _
          kill -s "$2" "$1"
          n=0; while [ $n -lt 50 ] && kill -0 "$1"; do sleep 0.1; n=$((n+1)); done
          eval "$3"
          kill -s KILL -- "-$1"
        ' osmen-guard $$ "$signal" "$clean" <&3 >/dev/null 2>&1 &
        exec 3<&-
        exec "$@"
        """;

    private static readonly string[] s_session = FindSession();

    private readonly Process _process;
    private readonly Task _output;
    private readonly StopSignal _stopSignal;
    private readonly TimeSpan _stopTimeout;

    private ChildProcess(Process process, ProgramPlan plan, Action<string> onLine)
    {
        _process = process;
        _stopSignal = plan.StopSignal;
        _stopTimeout = plan.StopTimeout;
        _output = Task.WhenAll(LineReader.ReadAsync(process.StandardOutput, onLine), LineReader.ReadAsync(process.StandardError, onLine));
    }

    public int Id => _process.Id;

    /// <summary>Starts the program. Its output arrives by lines, from two threads.</summary>
    /// <exception cref="DistributedApplicationException">It cannot be started.</exception>
    public static ChildProcess Start(ProgramPlan plan, IReadOnlyDictionary<string, string> environment, Action<string> onLine)
    {
        var guarded = s_session.Length > 0;
        var start = new ProcessStartInfo(guarded ? s_session[0] : plan.Program)
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            StandardOutputEncoding = Encoding.UTF8,
            StandardErrorEncoding = Encoding.UTF8,
            UseShellExecute = false,
            WorkingDirectory = plan.WorkingDirectory,
        };
        string[] arguments = guarded
            ? [.. s_session[1..], "sh", "-c", Launch, "osmen", plan.StopSignal == StopSignal.Interrupt ? "INT" : "TERM", string.Join(' ', plan.CleanUp.Select(Quoted)), plan.Program, .. plan.Arguments]
            : [.. plan.Arguments];
        foreach (var argument in arguments)
            start.ArgumentList.Add(argument);
        start.Environment.Clear();
        foreach (var (name, value) in environment)
            start.Environment[name] = value;
        try
        {
            return new(Process.Start(start)!, plan, onLine);
        }
        catch (System.ComponentModel.Win32Exception error)
        {
            throw new DistributedApplicationException($"{plan.Program} cannot be started: {error.Message}", error);
        }
    }

    /// <summary>Waits for its end, and gives the exit code: 128 and the signal's number where a signal ended it.</summary>
    public async Task<int> WaitForExitAsync(CancellationToken cancellationToken)
    {
        // Not Process.WaitForExitAsync: it also waits for the output's end, which a grandchild may hold open.
        var exited = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        _process.EnableRaisingEvents = true;
        _process.Exited += (_, _) => exited.TrySetResult();
        if (!_process.HasExited)
            await exited.Task.WaitAsync(cancellationToken);
        return _process.ExitCode;
    }

    /// <summary>Asks it to stop, and kills it when it has not within its time. True if it stopped by itself.</summary>
    public async Task<bool> StopAsync(CancellationToken hurry)
    {
        if (_process.HasExited)
            return true;
        if (OperatingSystem.IsWindows())
        {
            _process.Kill(entireProcessTree: true);
            return true;
        }

        _ = Signal(_process.Id, _stopSignal == StopSignal.Interrupt ? SigInt : SigTerm);
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(hurry);
        limit.CancelAfter(_stopTimeout);
        try
        {
            await WaitForExitAsync(limit.Token);
            return true;
        }
        catch (OperationCanceledException)
        {
            _process.Kill();
            return false;
        }
    }

    /// <summary>Ends what is left of it and its children. Its last lines have been delivered then.</summary>
    public async ValueTask DisposeAsync()
    {
        if (s_session.Length > 0)
            _ = Signal(-_process.Id, SigKill);
        else if (!_process.HasExited)
            _process.Kill(entireProcessTree: true);
        await WaitForExitAsync(CancellationToken.None);
        await Task.WhenAny(_output, Task.Delay(TimeSpan.FromSeconds(1), TimeProvider.System, CancellationToken.None));
        await _process.StandardInput.DisposeAsync();
        _process.Dispose();
    }

    private static string Quoted(string word) => $"'{word.Replace("'", "'\\''", StringComparison.Ordinal)}'";

    // macOS has no setsid program, but a perl that can do it. On Windows a child is ended with AppHost's orderly stop only.
    private static string[] FindSession()
    {
        if (OperatingSystem.IsWindows())
            return [];
        if (Executables.Find("setsid") is { } setsid)
            return [setsid];
        return Executables.Find("perl") is { } perl ? [perl, "-MPOSIX", "-e", "POSIX::setsid(); exec { $ARGV[0] } @ARGV"] : [];
    }

    private const int SigInt = 2;
    private const int SigKill = 9;
    private const int SigTerm = 15;

    [DllImport("libc", EntryPoint = "kill")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int Signal(int process, int signal);
}
