using System.Collections.Concurrent;
using System.Net;
using ModelContextProtocol;
using ModelContextProtocol.Client;
using ModelContextProtocol.Protocol;
using OsMEN.Executions;
using Role = OsMEN.Gateway.Security.Role;

namespace OsMEN.Tests.Gateway.Mcp;

/// <summary>The gateway's agents over MCP, asked by the protocol's own client.</summary>
public sealed class McpApiTests(GatewayServer gateway) : IClassFixture<GatewayServer>
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Agents_are_tools_that_take_an_input()
    {
        await using var client = await ConnectAsync(GatewayServer.KeyOf(Role.User));
        var tools = await client.ListToolsAsync(cancellationToken: Token);
        var brief = Assert.Single(tools, t => t.Name == "daily_brief");
        Assert.NotEmpty(brief.Description);
        Assert.Equal("""["input"]""", brief.JsonSchema.GetProperty("required").GetRawText());
        Assert.Equal("string", brief.JsonSchema.GetProperty("properties").GetProperty("input").GetProperty("type").GetString());
    }

    [Fact]
    public async Task A_call_runs_the_agent_for_the_keys_user_and_answers_its_output()
    {
        await using var client = await ConnectAsync(GatewayServer.KeyOf(Role.User));
        var call = client.CallToolAsync("daily_brief", Input("Monday"), cancellationToken: Token).AsTask();
        var execution = await GatewayWork.CompleteNextAsync(gateway, """{"text":"a quiet day"}""");
        Assert.Equal(("daily_brief", "user-user", "\"Monday\""), (execution.Target, execution.User, execution.Input));
        var result = await call;
        Assert.NotEqual(true, result.IsError);
        Assert.Equal("a quiet day", Assert.IsType<TextContentBlock>(Assert.Single(result.Content)).Text);
        Assert.Equal(execution.Id.ToString(), (string?)result.Meta!["osmen/execution_id"]);
    }

    [Fact]
    public async Task A_failure_and_a_wrong_call_are_told()
    {
        await using var client = await ConnectAsync(GatewayServer.AdminKey);
        var call = client.CallToolAsync("daily_brief", Input("x"), cancellationToken: Token).AsTask();
        await GatewayWork.CompleteNextAsync(gateway, "", new ExecutionError("Unavailable", "no model"));
        var result = await call;
        Assert.True(result.IsError);
        Assert.Equal("daily_brief ended as FAILED: no model", Assert.IsType<TextContentBlock>(Assert.Single(result.Content)).Text);
        await Assert.ThrowsAsync<McpProtocolException>(async () => await client.CallToolAsync("nobody", Input("x"), cancellationToken: Token));
        await Assert.ThrowsAsync<McpProtocolException>(async () => await client.CallToolAsync("daily_brief", new Dictionary<string, object?>(StringComparer.Ordinal) { ["text"] = "x" }, cancellationToken: Token));
    }

    [Fact]
    public async Task A_client_that_asks_for_progress_hears_of_it()
    {
        await using var client = await ConnectAsync(GatewayServer.AdminKey);
        var heard = new ConcurrentQueue<string?>();
        var first = new TaskCompletionSource();
        var progress = new Told(p =>
        {
            heard.Enqueue(p.Message);
            first.TrySetResult();
        });
        var call = client.CallToolAsync("daily_brief", Input("x"), progress, cancellationToken: Token).AsTask();
        await first.Task.WaitAsync(TimeSpan.FromMinutes(1), Token);
        var execution = await GatewayWork.CompleteNextAsync(gateway, "\"done\"");
        await call;
        Assert.Equal($"PENDING (execution {execution.Id})", heard.First());
    }

    [Theory]
    [InlineData(null)]
    [InlineData("osm_wrong_key_of_the_tests")]
    [InlineData("osm_viewer_0123456789abcdef")]
    public async Task Without_a_key_that_may_run_agents_nobody_gets_in(string? key)
    {
        var refused = await Assert.ThrowsAnyAsync<Exception>(() => ConnectAsync(key));
        Assert.Contains(key == GatewayServer.KeyOf(Role.Viewer) ? "403" : "401", refused.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_is_no_message_of_the_protocol_is_refused()
    {
        Assert.Equal(HttpStatusCode.BadRequest, (await gateway.SendAsync(HttpMethod.Post, "/mcp", """{"hello":1}""")).Status);
        Assert.Equal(HttpStatusCode.BadRequest, (await gateway.SendAsync(HttpMethod.Post, "/mcp", "{")).Status);
        Assert.Equal(HttpStatusCode.MethodNotAllowed, (await gateway.SendAsync(HttpMethod.Get, "/mcp")).Status);
        Assert.Equal(HttpStatusCode.Accepted, (await gateway.SendAsync(HttpMethod.Post, "/mcp", """{"jsonrpc":"2.0","method":"notifications/initialized"}""")).Status);
    }

    private static Dictionary<string, object?> Input(string text) => new(StringComparer.Ordinal) { ["input"] = text };

    private async Task<McpClient> ConnectAsync(string? key)
    {
        var options = new HttpClientTransportOptions
        {
            Endpoint = new Uri(gateway.Address, "/mcp"),
            TransportMode = HttpTransportMode.StreamableHttp,
            AdditionalHeaders = key is null ? null : new Dictionary<string, string>(StringComparer.Ordinal) { ["Authorization"] = $"Bearer {key}" },
        };
        return await McpClient.CreateAsync(new HttpClientTransport(options), cancellationToken: Token);
    }

    private sealed class Told(Action<ProgressNotificationValue> tell) : IProgress<ProgressNotificationValue>
    {
        public void Report(ProgressNotificationValue value) => tell(value);
    }
}
