using System.Collections.Concurrent;
using System.Net;
using System.Net.Http.Headers;
using System.Text.Json;
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
    public async Task A_failed_agent_answers_an_error_with_its_reason()
    {
        await using var client = await ConnectAsync(GatewayServer.AdminKey);
        var call = client.CallToolAsync("daily_brief", Input("x"), cancellationToken: Token).AsTask();
        var execution = await GatewayWork.CompleteNextAsync(gateway, "", new ExecutionError("Unavailable", "no model"));
        var result = await call;
        Assert.Equal("daily_brief ended as FAILED: no model", ErrorOf(result));
        Assert.Equal(execution.Id.ToString(), (string?)result.Meta!["osmen/execution_id"]);
    }

    [Theory]
    [InlineData("""{"text":"x"}""")]
    [InlineData("""{"input":"x","more":1}""")]
    [InlineData("""{"input":7}""")]
    [InlineData("{}")]
    public async Task Wrong_arguments_answer_an_error_that_the_model_can_correct(string arguments)
    {
        await using var client = await ConnectAsync(GatewayServer.AdminKey);
        var wrong = JsonSerializer.Deserialize<Dictionary<string, object?>>(arguments)!;
        Assert.Equal(
            "The arguments are not valid; nothing was started. Pass exactly one, 'input': a string or an object.",
            ErrorOf(await client.CallToolAsync("daily_brief", wrong, cancellationToken: Token)));
    }

    [Fact]
    public async Task An_unknown_agent_is_a_protocol_error()
    {
        await using var client = await ConnectAsync(GatewayServer.AdminKey);
        var error = await Assert.ThrowsAsync<McpProtocolException>(async () => await client.CallToolAsync("nobody", Input("x"), cancellationToken: Token));
        Assert.Equal(McpErrorCode.InvalidParams, error.ErrorCode);
        Assert.Contains("There is no agent 'nobody'.", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_client_that_disconnects_does_not_cancel_its_execution()
    {
        await using var client = await ConnectAsync(GatewayServer.AdminKey);
        using var gone = CancellationTokenSource.CreateLinkedTokenSource(Token);
        var accepted = new TaskCompletionSource();
        var call = client.CallToolAsync("daily_brief", Input("x"), new Heard(_ => accepted.TrySetResult()), cancellationToken: gone.Token).AsTask();
        await accepted.Task.WaitAsync(TimeSpan.FromMinutes(1), Token);
        await gone.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => call);
        var execution = await GatewayWork.CompleteNextAsync(gateway, "\"done\"");
        var (_, read, _) = await gateway.SendAsync(HttpMethod.Get, $"/api/v1/executions/{execution.Id}");
        Assert.Equal("COMPLETED", read.GetProperty("status").GetString());
    }

    [Fact]
    public async Task A_client_that_asks_for_progress_hears_of_it()
    {
        await using var client = await ConnectAsync(GatewayServer.AdminKey);
        var heard = new ConcurrentQueue<string?>();
        var first = new TaskCompletionSource();
        var progress = new Heard(p =>
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

    [Theory]
    [InlineData("2025-03-26", "2025-03-26")]
    [InlineData("2025-06-18", "2025-06-18")]
    [InlineData("2025-11-25", "2025-11-25")]
    [InlineData("1999-01-01", "2025-11-25")]
    public async Task The_version_is_negotiated(string asked, string agreed)
    {
        var (status, answer, headers) = await PostAsync(
            $$$$"""{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"{{{{asked}}}}","capabilities":{},"clientInfo":{"name":"t","version":"1"}}}""");
        Assert.Equal((HttpStatusCode.OK, agreed), (status, answer.GetProperty("result").GetProperty("protocolVersion").GetString()));
        Assert.False(headers.Contains("Mcp-Session-Id"));
    }

    [Fact]
    public async Task A_version_that_the_server_does_not_speak_is_refused_with_those_that_it_does()
    {
        var (status, answer, _) = await PostAsync("""{"jsonrpc":"2.0","id":7,"method":"tools/list"}""", ("MCP-Protocol-Version", "1999-01-01"));
        Assert.Equal((HttpStatusCode.BadRequest, 7), (status, answer.GetProperty("id").GetInt32()));
        Assert.Contains("2026-07-28", answer.GetProperty("error").GetProperty("data").GetProperty("supported").EnumerateArray().Select(v => v.GetString()));
    }

    [Fact]
    public async Task Any_request_is_answered_without_a_session()
    {
        var (status, answer, headers) = await PostAsync("""{"jsonrpc":"2.0","id":1,"method":"tools/list"}""", ("MCP-Protocol-Version", "2025-06-18"));
        Assert.Equal(HttpStatusCode.OK, status);
        Assert.Contains(answer.GetProperty("result").GetProperty("tools").EnumerateArray(), t => t.GetProperty("name").GetString() == "daily_brief");
        Assert.False(headers.Contains("Mcp-Session-Id"));
    }

    [Theory]
    [InlineData("""{"hello":1}""", HttpStatusCode.BadRequest)]
    [InlineData("{", HttpStatusCode.BadRequest)]
    [InlineData("""{"jsonrpc":"2.0","id":1,"method":"tools/list","method":"tools/call"}""", HttpStatusCode.BadRequest)]
    [InlineData("""{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"daily_brief","arguments":{"input":"a","input":"b"}}}""", HttpStatusCode.BadRequest)]
    [InlineData("""{"jsonrpc":"2.0","id":1,"method":"\ud800"}""", HttpStatusCode.BadRequest)]
    [InlineData("""{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"daily_brief","arguments":{"input":"\ud800"}}}""", HttpStatusCode.BadRequest)]
    [InlineData("""{"jsonrpc":"2.0","id":1,"method":"tools/call","params":[]}""", HttpStatusCode.OK)]
    [InlineData("""{"jsonrpc":"2.0","method":"notifications/initialized"}""", HttpStatusCode.Accepted)]
    public async Task Messages_that_are_not_valid_are_refused(string body, HttpStatusCode expected)
    {
        var (status, answer, _) = await PostAsync(body);
        Assert.Equal(expected, status);
        Assert.True(status != HttpStatusCode.OK || answer.TryGetProperty("error", out _), answer.ToString());
    }

    [Fact]
    public async Task Bodies_have_a_limit_and_a_type()
    {
        var (tooLarge, problem, _) = await PostAsync($$$$"""{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"daily_brief","arguments":{"input":"{{{{new string('x', 1 << 20)}}}}"}}}""");
        Assert.Equal((HttpStatusCode.RequestEntityTooLarge, "The body is larger than 1048576 bytes."), (tooLarge, problem.GetProperty("detail").GetString()));
        Assert.Equal(HttpStatusCode.UnsupportedMediaType, (await PostAsync(new StringContent("{}", null, "text/plain"))).Status);
        using var untyped = new ByteArrayContent("{}"u8.ToArray());
        Assert.Equal(HttpStatusCode.UnsupportedMediaType, (await PostAsync(untyped)).Status);
        Assert.Equal(HttpStatusCode.MethodNotAllowed, (await gateway.SendAsync(HttpMethod.Get, "/mcp")).Status);
    }

    private static Dictionary<string, object?> Input(string text) => new(StringComparer.Ordinal) { ["input"] = text };

    private static string ErrorOf(CallToolResult result)
    {
        Assert.True(result.IsError);
        return Assert.IsType<TextContentBlock>(Assert.Single(result.Content)).Text;
    }

    private Task<(HttpStatusCode Status, JsonElement Answer, HttpResponseHeaders Headers)> PostAsync(string body, params (string Name, string Value)[] headers) =>
        PostAsync(new StringContent(body, null, "application/json"), headers);

    /// <summary>Sends one message, and reads the one that answers it from the body or from its event stream.</summary>
    private async Task<(HttpStatusCode Status, JsonElement Answer, HttpResponseHeaders Headers)> PostAsync(HttpContent body, params (string Name, string Value)[] headers)
    {
        using var client = gateway.Client();
        using var request = new HttpRequestMessage(HttpMethod.Post, "/mcp") { Content = body };
        request.Headers.Accept.ParseAdd("application/json, text/event-stream");
        foreach (var (name, value) in headers)
            request.Headers.Add(name, value);
        using var response = await client.SendAsync(request, Token);
        var text = await response.Content.ReadAsStringAsync(Token);
        var json = response.Content.Headers.ContentType?.MediaType == "text/event-stream" ? text.Split('\n').Single(l => l.StartsWith("data:", StringComparison.Ordinal))[5..] : text;
        return (response.StatusCode, json.Length == 0 ? default : JsonSerializer.Deserialize<JsonElement>(json), response.Headers);
    }

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

    private sealed class Heard(Action<ProgressNotificationValue> act) : IProgress<ProgressNotificationValue>
    {
        public void Report(ProgressNotificationValue value) => act(value);
    }
}
