using System.Net;
using System.Net.WebSockets;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using OsMEN.Gateway.Security;
using OsMEN.Gateway.Streams;
using OsMEN.ServiceDefaults.Configuration;
using OsMEN.Tests.Infrastructure;

namespace OsMEN.Tests.Gateway;

public sealed class LimitTests
{
    [Fact]
    public async Task Over_the_rate_of_a_key_requests_are_refused_with_when_to_come_back()
    {
        await using var gateway = new GatewayServer(new Dictionary<string, string>(StringComparer.Ordinal) { ["RATE_LIMIT_PER_KEY"] = "1" });
        await gateway.InitializeAsync();

        // All at once: one after the other may take a slow machine longer than a second each, and then none is too many.
        var answers = (await Task.WhenAll(Enumerable.Range(0, 40).Select(_ => gateway.SendAsync(HttpMethod.Get, "/api/v1/agents")))).Select(a => a.Response).ToLookup(r => r.StatusCode);
        Assert.Equal([HttpStatusCode.OK, HttpStatusCode.TooManyRequests], answers.Select(a => a.Key).Order());
        Assert.InRange(answers[HttpStatusCode.OK].Count(), 2, 39);
        var refused = answers[HttpStatusCode.TooManyRequests].First();
        Assert.Equal("application/problem+json", refused.Content.Headers.ContentType!.MediaType);
        Assert.InRange(refused.Headers.RetryAfter!.Delta!.Value.TotalSeconds, 1, 10);
        Assert.Equal(HttpStatusCode.OK, (await gateway.SendAsync(HttpMethod.Get, "/api/v1/agents", key: GatewayServer.KeyOf(Role.Viewer))).Status);
    }

    [Fact]
    public async Task Guessing_keys_is_stopped_without_shutting_out_a_right_one_from_there()
    {
        await using var gateway = new GatewayServer(new Dictionary<string, string>(StringComparer.Ordinal) { ["WRONG_KEYS_PER_MINUTE"] = "60" });
        await gateway.InitializeAsync();
        HttpResponseMessage? last = null;
        for (var i = 0; i < 62; i++)
            last = (await gateway.SendAsync(HttpMethod.Get, "/api/v1/agents", key: $"osm_guess_{i}_0123456789")).Response;
        Assert.Equal(HttpStatusCode.TooManyRequests, last!.StatusCode);
        Assert.InRange(last.Headers.RetryAfter!.Delta!.Value.TotalSeconds, 1, 60);
        Assert.Equal(HttpStatusCode.OK, (await gateway.SendAsync(HttpMethod.Get, "/api/v1/agents")).Status);
        Assert.Equal(HttpStatusCode.Unauthorized, (await gateway.SendAsync(HttpMethod.Get, "/api/v1/agents", key: null)).Status);
        Assert.Equal(HttpStatusCode.OK, (await gateway.SendAsync(HttpMethod.Get, "/health/live", key: null)).Status);
    }

    [Fact]
    public async Task Guesses_at_once_do_not_pass_the_limit()
    {
        using var limit = new WrongKeyLimit(new ConfigurationManager { ["WRONG_KEYS_PER_MINUTE"] = "60" }, TimeProvider.System);
        var taken = 0;
        await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => Task.Run(() =>
        {
            for (var i = 0; i < 1000; i++)
            {
                if (limit.TryTake(IPAddress.Loopback))
                    Interlocked.Increment(ref taken);
            }
        })));
        Assert.Equal(60, taken);
        Assert.NotNull(limit.RetryAfter(IPAddress.Loopback));
        limit.GiveBack(IPAddress.Loopback);
        Assert.Null(limit.RetryAfter(IPAddress.Loopback));
    }

    [Theory]
    [InlineData("/ws")]
    [InlineData("/dashboard/ws")]
    public async Task A_key_has_so_many_WebSockets_and_no_more(string path)
    {
        await using var gateway = new GatewayServer(new Dictionary<string, string>(StringComparer.Ordinal) { ["WEBSOCKETS_PER_KEY"] = "2" });
        await gateway.InitializeAsync();
        using var first = await ConnectAsync(gateway, "/ws");
        using var second = await ConnectAsync(gateway, "/dashboard/ws");
        var (status, problem, response) = await gateway.SendAsync(HttpMethod.Get, path, headers: [("Connection", "Upgrade"), ("Upgrade", "websocket"), ("Sec-WebSocket-Version", "13"), ("Sec-WebSocket-Key", "AAAAAAAAAAAAAAAAAAAAAA==")]);
        Assert.Equal((HttpStatusCode.TooManyRequests, "This key has 2 WebSockets open on this gateway, as many as WEBSOCKETS_PER_KEY allows. Close some."), (status, problem.GetProperty("detail").GetString()));
        Assert.NotNull(response.Headers.RetryAfter);
        (await ConnectAsync(gateway, path, Role.User)).Dispose();
        await first.CloseAsync(WebSocketCloseStatus.NormalClosure, null, TestContext.Current.CancellationToken);
        var connections = gateway.Services.GetRequiredService<WebSocketConnections>();
        await Programs.UntilAsync(() => Task.FromResult(connections.Open == 1), "the closed ones have left");
        (await ConnectAsync(gateway, path)).Dispose();
    }

    private static async Task<ClientWebSocket> ConnectAsync(GatewayServer gateway, string path, Role role = Role.Admin)
    {
        var socket = new ClientWebSocket();
        socket.Options.SetRequestHeader("X-Api-Key", GatewayServer.KeyOf(role));
        await socket.ConnectAsync(new UriBuilder(gateway.Address) { Scheme = "ws", Path = path }.Uri, TestContext.Current.CancellationToken);
        return socket;
    }

    [Fact]
    public async Task A_full_queue_answers_503_with_when_to_come_back()
    {
        await using var gateway = new GatewayServer(new Dictionary<string, string>(StringComparer.Ordinal) { ["Executions:MaxQueued"] = "1" });
        await gateway.InitializeAsync();
        await gateway.StartAsync();
        var (status, _, response) = await gateway.SendAsync(HttpMethod.Post, "/api/v1/agents/daily_brief/executions", """{"input":"x"}""");
        Assert.Equal(HttpStatusCode.ServiceUnavailable, status);
        Assert.NotNull(response.Headers.RetryAfter);
    }

    [Theory]
    [InlineData("secret-without-prefix", "(entry 1, hidden)")]
    [InlineData("osm_0123456789abcdef:root", "(entry 1, hidden)")]
    [InlineData("osm_0123456789abcdef, osm_short", "(entry 2, hidden)")]
    public void A_broken_entry_of_keys_is_told_by_its_place_not_its_value(string value, string place)
    {
        var configuration = new ConfigurationManager { ["OSMEN_API_KEYS"] = value };
        var e = Assert.Throws<ConfigurationException>(() => ConfiguredKeys.Read(configuration, default));
        Assert.Contains(place, e.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("secret-without-prefix", e.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("osm_0123456789abcdef", e.Message, StringComparison.Ordinal);
    }
}
