using OsMEN.Tests.Infrastructure;

namespace OsMEN.Tests.LocalHosting;

/// <summary>A real host process that cannot run as it was told to, and says why.</summary>
public sealed class RefusalTests
{
    [Fact]
    public async Task A_dependency_that_fails_for_good_is_shown_and_not_waited_for()
    {
        await using var host = new HostProcess();
        host.Touch("api.exit");
        host.Start();
        await host.UntilLineAsync("api            > exited: ended with exit code 7; starting again in 1 s");
        await host.UntilLineAsync("api            > failed: ended with exit code 7, 5 times, and was never healthy");
        await host.UntilLineAsync("worker-2       > failed: api, which it waits for, failed to start");
        Assert.Contains(host.Lines, l => l == "api            | told to end");
        Assert.Equal("FailedToStart", host.ReadRunFile().GetProperty("resources").GetProperty("worker").GetProperty("state").GetString());
        Assert.Equal(0, await host.EndAsync("INT"));
    }

    [Fact]
    public async Task A_second_host_in_the_folder_is_refused_in_one_line()
    {
        await using var first = new HostProcess().Start();
        await first.UntilReadyAsync();
        await using var second = new HostProcess(first.Folder).Start();
        Assert.Equal(1, await second.ExitAsync());
        Assert.Equal([$"OsMEN cannot start: another AppHost (process {first.Process.Id}) runs in {first.Folder}: stop it first."], second.Lines);
        Assert.True(File.Exists(first.RunFile));
    }

    [Theory]
    [InlineData("--backing holds \"clay\"; allowed: auto, container, native or embedded.", "--backing", "clay")]
    [InlineData("--backing needs a value: auto, container, native or embedded.", "--backing")]
    [InlineData("\"--what\" is not an argument of AppHost; there is --backing auto, container, native or embedded.", "--what")]
    public async Task A_wrong_command_line_is_refused_in_one_line(string reason, params string[] arguments)
    {
        await using var host = new HostProcess().Start(arguments);
        Assert.Equal(1, await host.ExitAsync());
        Assert.Equal([$"OsMEN cannot start: {reason}"], host.Lines);
    }

    [Fact]
    public async Task Container_backing_without_a_runtime_says_what_to_use()
    {
        await using var host = new HostProcess();
        host.Environment["PATH"] = Directory.CreateDirectory(Path.Combine(host.Folder, "bin")).FullName;
        host.Environment["OSMEN_BACKING"] = "container";
        host.Start();
        Assert.Equal(1, await host.ExitAsync());
        Assert.StartsWith(
            "OsMEN cannot start: there is no container runtime that answers (docker is not on PATH; podman is not on PATH): start Docker or Podman, or use",
            Assert.Single(host.Lines),
            StringComparison.Ordinal);
    }

    [Fact]
    public async Task Native_backing_without_redis_says_what_to_install()
    {
        Programs.Need("PostgreSQL", "initdb");
        await using var host = new HostProcess();
        var empty = Directory.CreateDirectory(Path.Combine(host.Folder, "bin")).FullName;
        host.Environment["PATH"] = $"{empty}:{Path.GetDirectoryName(Programs.Find("initdb"))}";
        host.Environment["PROBE_REDIS"] = "1";
        host.Start("--backing", "native");
        Assert.Equal(1, await host.ExitAsync());
        Assert.StartsWith("OsMEN cannot start: neither redis-server nor valkey-server is on PATH", Assert.Single(host.Lines), StringComparison.Ordinal);
    }
}
