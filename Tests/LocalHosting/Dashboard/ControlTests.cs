using System.Net;
using System.Text.Json;

namespace OsMEN.Tests.LocalHosting.Dashboard;

/// <summary>A real host process, seen and steered through its dashboard.</summary>
public sealed class ControlTests
{
    [Fact]
    public async Task A_stopped_resource_stays_stopped_until_it_is_started()
    {
        await using var host = new HostProcess().Start();
        using var dashboard = await ConnectAsync(host);
        Assert.Equal(HttpStatusCode.NoContent, await PostAsync(dashboard, "worker/stop"));
        Assert.Equal(("Stopped", null), await StateAsync(dashboard, "worker"));
        Assert.Equal(HttpStatusCode.Conflict, await PostAsync(dashboard, "worker/stop"));
        await host.UntilAsync(() => host.Events.Count == 5, "what the services said has come through the console");
        Assert.Equal(["api started", "worker-1 started", "worker-1 stopped", "worker-2 started", "worker-2 stopped"], host.Events.Order());
        Assert.Equal(HttpStatusCode.NoContent, await PostAsync(dashboard, "worker/start"));
        Assert.Equal(HttpStatusCode.Conflict, await PostAsync(dashboard, "worker/start"));
        await host.UntilAsync(() => host.ReadRunFile().GetProperty("resources").GetProperty("worker").GetProperty("health").GetString() == "Healthy", "worker healthy");
        Assert.Equal(("Running", "Healthy"), await StateAsync(dashboard, "worker"));
        Assert.Equal(0, await host.EndAsync("TERM"));
    }

    [Fact]
    public async Task A_restart_makes_a_new_process_and_brings_back_what_had_failed()
    {
        await using var host = new HostProcess().Start();
        using var dashboard = await ConnectAsync(host);
        var before = await host.PidAsync("api");
        Assert.Equal(HttpStatusCode.NoContent, await PostAsync(dashboard, "api/restart"));
        await host.UntilAsync(() => host.ReadRunFile().GetProperty("resources").GetProperty("api").GetProperty("health").GetString() == "Healthy", "api healthy");
        Assert.NotEqual(before, await host.PidAsync("api"));
        Assert.Equal(HttpStatusCode.NotFound, await PostAsync(dashboard, "other/restart"));
        Assert.Equal(HttpStatusCode.NotFound, await PostAsync(dashboard, "api/explode"));
        Assert.Equal(0, await host.EndAsync("TERM"));
    }

    [Fact]
    public async Task Services_are_told_where_to_send_and_their_secrets_are_masked()
    {
        await using var host = new HostProcess().Start();
        using var dashboard = await ConnectAsync(host);
        var address = dashboard.BaseAddress!.GetLeftPart(UriPartial.Authority);
        var variables = await host.VariablesAsync("api");
        Assert.Equal((address, "http/protobuf"), (variables["OTEL_EXPORTER_OTLP_ENDPOINT"], variables["OTEL_EXPORTER_OTLP_PROTOCOL"]));
        Assert.Equal(address + "/#/traces/", variables["TRACES_URL"]);
        var shown = JsonDocument.Parse(await dashboard.GetStringAsync("/api/resources/api/environment", TestContext.Current.CancellationToken)).RootElement
            .EnumerateArray().ToDictionary(v => v.GetProperty("name").GetString()!, v => v.GetProperty("value").GetString()!, StringComparer.Ordinal);
        Assert.Equal(("••••••••", "••••••••", "api"), (shown["OSMEN_API_KEYS"], shown["OTEL_EXPORTER_OTLP_HEADERS"], shown["PROBE_SERVICE"]));
        Assert.False(shown.ContainsKey("PATH"));
        await host.UntilAsync(() => host.Events.Count == 3, "all have said that they started");
        var lines = JsonDocument.Parse(await dashboard.GetStringAsync("/api/resources/worker/console?replica=1", TestContext.Current.CancellationToken)).RootElement;
        Assert.Equal("started", lines.GetProperty("lines")[0].GetProperty("text").GetString());
        await host.EndAsync("KILL");
    }

    private static async Task<HttpClient> ConnectAsync(HostProcess host)
    {
        await host.UntilReadyAsync();
        var url = host.ReadRunFile().GetProperty("dashboard_url").GetString()!;
        Assert.Contains($"Dashboard: {url}", host.Lines);
        var client = new HttpClient(new SocketsHttpHandler { UseProxy = false }) { BaseAddress = new Uri(url) };
        client.DefaultRequestHeaders.Authorization = new("Bearer", url.Split("t=")[1]);
        return client;
    }

    private static async Task<HttpStatusCode> PostAsync(HttpClient dashboard, string path)
    {
        using var response = await dashboard.PostAsync("/api/resources/" + path, null, TestContext.Current.CancellationToken);
        return response.StatusCode;
    }

    private static async Task<(string? State, string? Health)> StateAsync(HttpClient dashboard, string name)
    {
        var all = JsonDocument.Parse(await dashboard.GetStringAsync("/api/resources", TestContext.Current.CancellationToken)).RootElement;
        var resource = all.GetProperty("resources").EnumerateArray().Single(r => r.GetProperty("name").GetString() == name);
        return (resource.GetProperty("state").GetString(), resource.GetProperty("health").GetString());
    }
}
