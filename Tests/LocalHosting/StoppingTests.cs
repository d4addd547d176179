using System.Diagnostics;
using System.Globalization;
using OsMEN.Tests.Infrastructure;

namespace OsMEN.Tests.LocalHosting;

/// <summary>A real host process that is stopped or killed, or whose services are.</summary>
public sealed class StoppingTests
{
    [Fact]
    public async Task A_killed_service_is_shown_as_ended_and_started_again()
    {
        await using var host = new HostProcess().Start();
        await host.UntilReadyAsync();
        var pid = await host.PidAsync("worker", 1);
        Process.GetProcessById(pid).Kill();
        await host.UntilLineAsync("worker-2       > exited: ended by signal 9; starting again in 1 s");
        await host.UntilLineAsync("worker-2       > running, healthy (restarts: 1)");
        Assert.NotEqual(pid, await host.PidAsync("worker", 1));
        Assert.Equal("Running", host.ReadRunFile().GetProperty("resources").GetProperty("worker").GetProperty("state").GetString());
    }

    [Fact]
    public async Task A_killed_host_leaves_no_lock()
    {
        await using var first = new HostProcess().Start();
        await first.UntilReadyAsync();
        first.Process.Kill();
        await first.ExitAsync();
        await using var second = new HostProcess(first.Folder).Start();
        await second.UntilReadyAsync();
        Assert.Equal(0, await second.EndAsync("TERM"));
    }

    [Theory]
    [InlineData("INT")]
    [InlineData("TERM")]
    [InlineData("HUP")]
    public async Task A_signal_stops_dependents_first_and_ends_with_0(string signal)
    {
        await using var host = new HostProcess().Start();
        await host.UntilReadyAsync();
        Assert.Equal(0, await host.EndAsync(signal));
        var stopped = host.Events.Where(e => e.EndsWith("stopped", StringComparison.Ordinal)).ToArray();
        Assert.Equal(["api stopped", "worker-1 stopped", "worker-2 stopped"], stopped.Order(StringComparer.Ordinal));
        Assert.Equal("api stopped", stopped[^1]);
    }

    [Fact]
    public async Task A_second_signal_kills_what_does_not_stop()
    {
        await using var host = new HostProcess();
        host.Touch("worker.stubborn");
        host.Start();
        await host.UntilReadyAsync();
        var session = await host.PidAsync("worker");
        await Programs.RunAsync("/bin/kill", "-INT", host.Process.Id.ToString(CultureInfo.InvariantCulture));
        await host.UntilAsync(() => host.Events.Count(e => e is "worker-1 stopped" or "worker-2 stopped") == 2, "both workers were asked");
        Assert.Equal(0, await host.EndAsync("INT"));
        Assert.Contains("worker-1       | did not stop in time and was killed", host.Lines);
        Assert.Empty(HostProcess.Session(session));
    }

    [Fact]
    public async Task A_killed_host_takes_its_services_and_their_children_with_it()
    {
        await using var host = new HostProcess();
        host.Touch("worker.stubborn");
        host.Start();
        await host.UntilReadyAsync();
        int[] sessions = [await host.PidAsync("api"), await host.PidAsync("worker"), await host.PidAsync("worker", 1)];
        await host.GetAsync("worker", "/child");
        Assert.All(sessions, s => Assert.NotEmpty(HostProcess.Session(s)));
        host.Process.Kill();
        await Programs.UntilAsync(() => Task.FromResult(sessions.All(s => HostProcess.Session(s).Count == 0)), "no process is left", TimeSpan.FromSeconds(10));
    }

    [Fact]
    public async Task A_stopped_host_leaves_no_process()
    {
        await using var host = new HostProcess().Start();
        await host.UntilReadyAsync();
        int[] sessions = [await host.PidAsync("api"), await host.PidAsync("worker")];
        await host.GetAsync("api", "/child");
        await host.EndAsync("TERM");
        await Programs.UntilAsync(() => Task.FromResult(sessions.All(s => HostProcess.Session(s).Count == 0)), "no process is left", TimeSpan.FromSeconds(2));
    }
}
