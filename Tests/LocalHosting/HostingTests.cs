using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Text.Json;
using OsMEN.Tests.Infrastructure;

namespace OsMEN.Tests.LocalHosting;

/// <summary>A real host process with real services: what a person at a terminal meets.</summary>
public sealed class HostingTests
{
    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Services_get_connection_strings_addresses_and_telemetry_names()
    {
        await using var host = new HostProcess().Start();
        await host.UntilReadyAsync();
        var api = await host.VariablesAsync("api");
        var worker = await host.VariablesAsync("worker");
        var key = host.ReadRunFile().GetProperty("api_key").GetString()!;
        var address = $"http://127.0.0.1:{host.Port}";
        var database = Path.Combine(host.Folder, ".osmen", "data", "osmen.db");

        Assert.Equal($"Data Source={database}", api["ConnectionStrings__osmen"]);
        Assert.Equal(database, api["OSMEN_DATASOURCE"]);
        Assert.Equal(address, api["ASPNETCORE_URLS"]);
        Assert.Equal($"{key}:admin:dev", api["OSMEN_API_KEYS"]);
        Assert.Equal("Development", api["ASPNETCORE_ENVIRONMENT"]);
        Assert.Equal("api", api["OTEL_SERVICE_NAME"]);
        Assert.StartsWith("service.instance.id=api-", api["OTEL_RESOURCE_ATTRIBUTES"], StringComparison.Ordinal);
        Assert.Equal(address, worker["services__api__http__0"]);
        Assert.Equal(address, worker["API_HTTP"]);
        Assert.False(worker.ContainsKey("OSMEN_API_KEYS"));
    }

    [Fact]
    public async Task The_run_file_tells_what_runs_to_its_owner_only_and_goes_with_the_host()
    {
        await using var host = new HostProcess().Start();
        await host.UntilReadyAsync();
        var run = host.ReadRunFile();
        Assert.Equal(["pid", "api_key", "dashboard_url", "resources"], run.EnumerateObject().Select(p => p.Name));
        Assert.Equal(host.Process.Id, run.GetProperty("pid").GetInt32());
        Assert.Matches("^osm_[A-Za-z0-9]{32}$", run.GetProperty("api_key").GetString());
        var resources = run.GetProperty("resources");
        Assert.Equal(["postgres", "api", "worker"], resources.EnumerateObject().Select(p => p.Name));
        Assert.Equal(
            JsonSerializer.Serialize(new { state = "Running", health = "Healthy", urls = new[] { $"http://127.0.0.1:{host.Port}" } }),
            JsonSerializer.Serialize(resources.GetProperty("api")));
        Assert.Equal(2, host.UrlsOf("worker").Distinct(StringComparer.Ordinal).Count());
        Assert.Equal("600", HostProcess.ModeOf(host.RunFile));
        Assert.Equal(0, await host.EndAsync("TERM"));
        Assert.False(File.Exists(host.RunFile));
    }

    [Fact]
    public async Task The_development_key_is_the_same_at_the_next_start()
    {
        await using var first = new HostProcess().Start();
        await first.UntilReadyAsync();
        var key = first.ReadRunFile().GetProperty("api_key").GetString();
        await first.EndAsync("INT");
        await using var second = new HostProcess(first.Folder).Start();
        await second.UntilReadyAsync();
        Assert.Equal(key, second.ReadRunFile().GetProperty("api_key").GetString());
        Assert.Equal("600", HostProcess.ModeOf(Path.Combine(first.Folder, ".osmen", "secrets.json")));
        await second.EndAsync("INT");
    }

    [Fact]
    public async Task A_service_starts_only_once_what_it_waits_for_is_healthy()
    {
        await using var host = new HostProcess();
        host.Touch("api.unready");
        host.Start();
        await host.UntilAsync(() => host.Events.Contains("api started"), "api started");
        await host.UntilLineAsync("worker-1       > waiting: for api");
        Assert.Equal("Waiting", host.ReadRunFile().GetProperty("resources").GetProperty("worker").GetProperty("state").GetString());
        Assert.Equal(["api started"], host.Events);
        host.Remove("api.unready");
        await host.UntilReadyAsync();
        Assert.Equal(["api started", "worker started", "worker started"], host.Events);
    }

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
    public async Task A_taken_port_is_replaced_by_a_free_one_and_said()
    {
        using var taken = new TcpListener(IPAddress.Loopback, 0);
        taken.Start();
        var port = ((IPEndPoint)taken.LocalEndpoint).Port;
        await using var host = new HostProcess { Port = port }.Start();
        await host.UntilReadyAsync();
        var url = host.UrlsOf("api").Single();
        Assert.NotEqual($"http://127.0.0.1:{port}", url);
        Assert.Contains($"api            > port {port} is taken, using {new Uri(url).Port}", host.Lines);
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
        Assert.Equal(["worker stopped", "worker stopped", "api stopped"], host.Events.Where(e => e.EndsWith("stopped", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task A_second_signal_kills_what_does_not_stop()
    {
        await using var host = new HostProcess();
        host.Touch("worker.stubborn");
        host.Start();
        await host.UntilReadyAsync();
        var session = await host.PidAsync("worker");
        await Programs.RunAsync("/bin/kill", "-INT", host.Process.Id.ToString(System.Globalization.CultureInfo.InvariantCulture));
        await host.UntilAsync(() => host.Events.Count(e => e == "worker stopped") == 2, "both workers were asked");
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

    [Fact]
    public async Task Each_replica_has_its_lines_on_the_console_and_in_a_file()
    {
        await using var host = new HostProcess().Start();
        await host.UntilReadyAsync();
        await host.EndAsync("TERM");
        Assert.Contains("worker-2       | worker listens", host.Lines);
        Assert.Equal("worker listens\n", await File.ReadAllTextAsync(Path.Combine(host.Folder, ".osmen", "logs", "worker-2.log"), Cancelled));
    }

    [Fact]
    public async Task At_ready_there_is_a_request_to_paste()
    {
        await using var host = new HostProcess().Start();
        await host.UntilReadyAsync();
        var key = host.ReadRunFile().GetProperty("api_key").GetString();
        Assert.Contains($"  development key  {key}", host.Lines);
        Assert.Contains($"  curl 'http://127.0.0.1:{host.Port}/api/v1/agents/daily_brief/executions?wait=30s' \\", host.Lines);
    }

    [Theory]
    [InlineData("--backing holds \"clay\"; allowed: auto, embedded or native.", "--backing", "clay")]
    [InlineData("--backing needs a value: auto, embedded or native.", "--backing")]
    [InlineData("\"--what\" is not an argument of AppHost; there is --backing auto, embedded or native.", "--what")]
    public async Task A_wrong_command_line_is_refused_in_one_line(string reason, params string[] arguments)
    {
        await using var host = new HostProcess().Start(arguments);
        Assert.Equal(1, await host.ExitAsync());
        Assert.Equal([$"OsMEN cannot start: {reason}"], host.Lines);
    }

    [Fact]
    public async Task Container_backing_is_refused_with_what_to_use()
    {
        await using var host = new HostProcess();
        host.Environment["OSMEN_BACKING"] = "container";
        host.Start();
        Assert.Equal(1, await host.ExitAsync());
        Assert.StartsWith("OsMEN cannot start: OSMEN_BACKING container is not supported", Assert.Single(host.Lines), StringComparison.Ordinal);
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
