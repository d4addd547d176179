using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;
using OsMEN.AgentWorker.Agents;
using OsMEN.AgentWorker.Mcp;
using OsMEN.AgentWorker.Tools;
using OsMEN.Executions;
using OsMEN.Executions.Catalog;
using OsMEN.Gateway.Security;
using OsMEN.Tests.AgentWorker.Agents;
using OsMEN.Tests.AgentWorker.Tools;
using OsMEN.Tests.Gateway;
using OsMEN.Tests.Infrastructure;
using OsMEN.Tests.Llm;

namespace OsMEN.Tests.AgentWorker.Mcp;

/// <summary>Agents that use tools of MCP servers: a program's, and one over HTTP.</summary>
public sealed class McpToolTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task An_agent_sees_and_calls_what_it_is_allowed_and_nothing_else()
    {
        using var program = McpProgram.Create();
        await using var worker = await ToolWorker.StartAsync([("a", Mcp(program, "send, fail, env, missing"))]);
        worker.Model.Then(
            ModelScripts.Calls(
                ("1", "post__send", """{"text":"hi"}"""), ("2", "post__fail", "{}"), ("3", "post__hidden", "{}"), ("4", "post__missing", "{}"),
                ("5", "post__env", """{"text":"OPENAI_API_KEY"}"""), ("6", "post__env", """{"text":"PATH"}""")),
            ModelScripts.Says("ok"));
        Assert.Equal(ExecutionStatus.Completed, (await worker.RunAsync("a", "hello")).Status);
        var offered = worker.Model.Requests.First().Body.GetProperty("tools").EnumerateArray().Select(t => t.GetProperty("function").GetProperty("name").GetString());
        Assert.Equal(["post__send", "post__fail", "post__env", "post__missing"], offered);
        var results = worker.ToolResults();
        Assert.Equal(["send done", "Error: it went wrong", "Error: Requested function \"post__hidden\" not found."], results[..3]);
        Assert.StartsWith("Error: ", results[3], StringComparison.Ordinal);
        Assert.Equal("nothing", results[4]);
        Assert.NotEqual("nothing", results[5]);
        Assert.Equal(["hi"], program.Lines("send"));
    }

    [Fact]
    public async Task Executions_share_a_server_and_one_that_died_is_started_again()
    {
        using var program = McpProgram.Create();
        await using var worker = await ToolWorker.StartAsync([("a", Mcp(program, "send"))]);
        worker.Model.Otherwise = body => ToolWorker.Results(body).Length == 0 ? ModelScripts.Calls(("1", "post__send", """{"text":"hi"}""")) : ModelScripts.Says("ok");
        await worker.RunAsync("a", "one");
        await worker.RunAsync("a", "two");
        var first = Assert.Single(program.Lines("pids"));
        await Programs.RunAsync("/bin/kill", "-KILL", first);
        await Programs.UntilAsync(
            async () =>
            {
                await worker.RunAsync("a", "three");
                return worker.ToolResults() is ["send done"];
            },
            "the server is there again");
        Assert.Equal(2, program.Lines("pids").Length);
    }

    [Theory]
    [InlineData(true, 1)]
    [InlineData(false, 2)]
    public async Task A_cancelled_or_failed_start_does_not_fail_those_who_wait_for_it(bool cancelled, int starts)
    {
        using var program = McpProgram.Create();
        await using var worker = await ToolWorker.StartAsync([("a", Mcp(program, "send"))]);
        var servers = worker.Services.GetRequiredService<McpServers>();
        var agent = worker.Services.GetRequiredService<AgentCatalog>().Find("a")!;
        program.HoldStart = true;
        using var stop = new CancellationTokenSource();
        var first = servers.UseAsync(agent.Mcp[0], agent.Folder, stop.Token);
        var others = Enumerable.Range(0, 4).Select(_ => servers.UseAsync(agent.Mcp[0], agent.Folder, Token)).ToArray();
        await Programs.UntilAsync(() => Task.FromResult(program.Lines("pids").Length == 1), "the server starts");
        if (cancelled)
        {
            await stop.CancelAsync();
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => first);
            program.HoldStart = false;
        }
        else
        {
            program.FailNextStart();
            program.HoldStart = false;
            await Assert.ThrowsAsync<ToolFailedException>(() => first);
        }

        foreach (var lease in await Task.WhenAll(others))
        {
            Assert.Contains("send", (await lease.ListToolsAsync(TimeSpan.FromSeconds(30), Token)).Keys);
            await lease.DisposeAsync();
        }

        Assert.Equal((starts, 1), (program.Lines("pids").Length, servers.Count));
    }

    [Fact]
    public async Task The_start_of_a_server_is_in_the_events_and_the_trace_of_who_waited_for_it()
    {
        using var program = McpProgram.Create();
        await using var worker = await ToolWorker.StartAsync([("a", Mcp(program, "send"))]);
        worker.Model.Otherwise = _ => ModelScripts.Says("ok");
        var agent = worker.Services.GetRequiredService<AgentCatalog>().Find("a")!;
        var (first, second) = (new RecordedRun(agent), new RecordedRun(agent));
        using var spans = new SpanRecorder();
        var agents = worker.Services.GetRequiredService<AgentRunners>();
        await agents.RunAsync(first.Run, Token);
        await agents.RunAsync(second.Run, Token);
        Assert.Equal(["Starting MCP server post", "MCP server post started"], first.Logs.Where(l => l.Contains("MCP", StringComparison.Ordinal)).Select(l => l.Split(" in ")[0]));
        Assert.DoesNotContain(second.Logs, l => l.Contains("MCP", StringComparison.Ordinal));
        var (start, call) = (spans.Span("start_mcp_server post"), spans.Spans.First(s => s.DisplayName.StartsWith("chat ", StringComparison.Ordinal)));
        Assert.Equal(call.ParentSpanId, start.ParentSpanId);
        Assert.True(start.StartTimeUtc + start.Duration <= call.StartTimeUtc);
    }

    [Fact]
    public async Task A_server_that_hangs_or_cannot_start_fails_its_tools_and_not_the_execution()
    {
        using var program = McpProgram.Create();
        await using var worker = await ToolWorker.StartAsync(
        [
            ("first", Mcp(program, "send")),
            ("a", Mcp(program, "hang", "1s")),
            ("b", """mcp: [{name: gone, command: [./no-such-program], allow: [x]}]"""),
            ("c", """mcp: [{name: inside, url: "http://127.0.0.1:9/mcp", allow: [x]}]"""),
        ]);
        // The same server, which is there then: to start, too, it would have that second only.
        await AssertToldAsync("first", "post__send", "send done");
        await AssertToldAsync("a", "post__hang", "Error: The server post did not answer hang within 1 s.");
        await AssertToldAsync("b", "gone__x", "Error: The server gone could not start: There is no program");
        await AssertToldAsync("c", "inside__x", "Error: The server inside could not start: 127.0.0.1 is not at a public address");

        async Task AssertToldAsync(string agent, string tool, string told)
        {
            worker.Model.Then(ModelScripts.Calls(("1", tool, "{}")), ModelScripts.Says("ok"));
            Assert.Equal(ExecutionStatus.Completed, (await worker.RunAsync(agent, "hello")).Status);
            Assert.StartsWith(told, Assert.Single(worker.ToolResults()), StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task Servers_that_nobody_uses_end_and_there_are_never_more_than_allowed()
    {
        using var one = McpProgram.Create();
        using var two = McpProgram.Create();
        await using var worker = await ToolWorker.StartAsync([("a", Mcp(one, "send")), ("b", Mcp(two, "send"))], ("TOOLS_MCP_MAX_SERVERS", "1"), ("TOOLS_MCP_IDLE", "1s"));
        var servers = worker.Services.GetRequiredService<McpServers>();
        foreach (var agent in (string[])["a", "b", "a"])
        {
            worker.Model.Then(ModelScripts.Says("ok"));
            await worker.RunAsync(agent, "hello");
            Assert.InRange(servers.Count, 0, 1);
        }

        await Programs.UntilAsync(() => Task.FromResult(servers.Count == 0), "the idle one ends");
        await Programs.UntilAsync(() => Task.FromResult(one.Lines("pids").Concat(two.Lines("pids")).All(p => !Directory.Exists("/proc/" + p))), "their programs end");
    }

    [Fact]
    public async Task A_server_over_HTTP_is_used_where_its_network_is_allowed()
    {
        await using var gateway = new GatewayServer();
        await gateway.InitializeAsync();
        Environment.SetEnvironmentVariable("OSMEN_TEST_MCP_TOKEN", GatewayServer.KeyOf(Role.User));
        await using var worker = await ToolWorker.StartAsync(
            [("a", $"mcp: [{{name: remote, url: \"{new Uri(gateway.Address, "/mcp")}\", allow: [daily_brief], environment: [OSMEN_TEST_MCP_TOKEN]}}]")], ("TOOLS_HTTP_ALLOWED_NETWORKS", "127.0.0.1, ::1"));
        worker.Model.Then(ModelScripts.Calls(("1", "remote__daily_brief", """{"input":"Monday"}""")), ModelScripts.Says("ok"));
        var running = worker.RunAsync("a", "hello");
        await GatewayWork.CompleteNextAsync(gateway, """{"text":"quiet"}""");
        Assert.Equal(ExecutionStatus.Completed, (await running).Status);
        Assert.Equal(["quiet"], worker.ToolResults());
    }

    [Theory]
    [InlineData("""[{"name":"a","command":["x"],"allow":["t"]}]""", false, "mcp[0].command comes from files only")]
    [InlineData("""[{"name":"a","url":"https://example.org","allow":["t"],"environment":["PATH"]}]""", false, "mcp[0].environment comes from files only")]
    [InlineData("""[{"name":"a","url":"https://example.org"}]""", false, "mcp[0].allow must name the tools")]
    [InlineData("""[{"name":"a__b","url":"https://example.org","allow":["t"]}]""", false, "mcp[0].name must be")]
    [InlineData("""[{"name":"a_","url":"https://example.org","allow":["t"]}]""", false, "mcp[0].name must be")]
    [InlineData("""[{"name":"a","url":"https://example.org","allow":["t.u","t_u"]}]""", false, "mcp[0].allow names a tool twice")]
    [InlineData("""[{"name":"a","url":"https://example.org","allow":["ttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttt"]}]""", false, "mcp[0].allow must have names that with a__")]
    [InlineData("""[{"name":"a","url":"file:///etc","allow":["t"]}]""", true, "mcp[0].url must be an http")]
    [InlineData("""[{"name":"a","url":"https://example.org","command":["x"],"allow":["t"]}]""", true, "mcp[0].url either url or command")]
    [InlineData("""[{"name":"a","url":"https://example.org","allow":["t"],"port":1}]""", true, "mcp[0].port is no known key")]
    [InlineData("""[{"name":"a","url":"https://example.org","allow":["t"],"timeout":"0s"}]""", true, "mcp[0].timeout must be")]
    public void A_declaration_that_cannot_be_used_is_refused(string mcp, bool isFile, string problem)
    {
        var read = AgentJson.Read($$"""{"id":"x","description":"d","instructions":"i","mcp":{{mcp}}}""", folder: isFile ? "/tmp" : null);
        Assert.Null(read.Definition);
        Assert.Contains(read.Errors, e => $"{e.Field} {e.Message}".StartsWith(problem, StringComparison.Ordinal));
    }

    [Fact]
    public void A_declaration_is_written_as_it_was_read()
    {
        const string json = """[{"name":"a","command":["./x","1"],"allow":["t","u"],"timeout":"1m","environment":["KEY"]},{"name":"b","url":"https://example.org/mcp","allow":["t"],"timeout":"5s"}]""";
        var read = AgentJson.Read($$"""{"id":"x","description":"d","instructions":"i","mcp":{{json}}}""", folder: "/tmp");
        Assert.Empty(read.Errors);
        using var written = JsonDocument.Parse(AgentJson.Write(read.Definition!));
        Assert.Equal(json, written.RootElement.GetProperty("mcp").GetRawText());
    }

    private static string Mcp(McpProgram program, string allow, string timeout = "30s") =>
        $"""
        mcp:
          - name: post
            command: ["{program.Python}", "{Path.Combine(program.Folder, "server.py")}"]
            allow: [{allow}]
            timeout: {timeout}
        """;
}
