using System.Net;
using System.Net.Sockets;
using System.Text.Json;

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
        await host.UntilAsync(() => host.Events.Count == 3, "all have said that they started");
        Assert.Equal(["api started", "worker-1 started", "worker-2 started"], host.Events.Order(StringComparer.Ordinal));
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
    public async Task Each_replica_has_its_lines_on_the_console_and_in_a_file()
    {
        await using var host = new HostProcess().Start();
        await host.UntilReadyAsync();
        await host.UntilAsync(() => host.Events.Count == 3, "all have said that they started");
        await host.EndAsync("TERM");
        Assert.Contains("worker-2       | stopped", host.Lines);
        Assert.Equal("started\nstopped\n", await File.ReadAllTextAsync(Path.Combine(host.Folder, ".osmen", "logs", "worker-2.log"), Cancelled));
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
}
