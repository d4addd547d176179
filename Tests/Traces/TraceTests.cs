using System.Net.Http.Json;
using System.Text.Json;
using OsMEN.Tests.Executions;
using OsMEN.Tests.Infrastructure;
using OsMEN.Tests.Llm;

namespace OsMEN.Tests.Traces;

/// <summary>A gateway and a worker as processes, a scripted model server, and a receiver of what they export.</summary>
public sealed class TraceTests : IAsyncLifetime
{
    private const string Key = "osm_tracetests0123456789";
    private const string ModelKey = "sk-tracetests0123456789";
    private const string Prompt = "canary-of-the-prompt";
    private const string Accept = "POST /api/v1/agents/{id}/executions";

    private readonly string _logs = Directory.CreateTempSubdirectory("osmen-traces-").FullName;
    private readonly RedisServer _redis = new();
    private TestStore? _database;
    private TraceReceiver? _receiver;
    private ScriptedModelServer? _models;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        await _redis.StartAsync();
        _database = await TestStore.SqliteAsync();
        _receiver = await TraceReceiver.StartAsync();
        _models = await ScriptedModelServer.StartAsync();
    }

    public async ValueTask DisposeAsync()
    {
        // Null when Redis could not be started.
        foreach (var made in new IAsyncDisposable?[] { _models, _receiver, _database })
        {
            if (made is not null)
                await made.DisposeAsync();
        }

        await _redis.DisposeAsync();
        Directory.Delete(_logs, recursive: true);
    }

    [Fact]
    public async Task One_trace_runs_from_the_request_to_the_tools_and_logs_carry_its_id()
    {
        await using var gateway = await StartAsync("Gateway");
        await using var worker = await StartAsync("AgentWorker");
        _models!.Then(ModelScripts.CallTheClock(), ModelScripts.Hello("openai"));
        var execution = await RunAsync(gateway);
        Assert.Equal("COMPLETED", execution.GetProperty("status").GetString());
        var traceId = execution.GetProperty("trace_id").GetString()!;
        var spans = await _receiver!.UntilAsync(traceId, Accept, "execute_agent daily_brief");

        ReceivedSpan One(string name) => Assert.Single(spans, s => s.Name == name);
        var accepted = One(Accept);
        var executed = One("execute_agent daily_brief");
        var invoked = One("invoke_agent daily_brief");
        var chats = spans.Where(s => s.Name == "chat gpt-5-mini").ToArray();
        var tool = One("execute_tool current_time");
        Assert.Equal(
            [("gateway", 2, null), ("agentworker", 5, accepted.SpanId), ("agentworker", 1, executed.SpanId), ("agentworker", 3, invoked.SpanId), ("agentworker", 3, invoked.SpanId), ("agentworker", 1, invoked.SpanId)],
            new[] { accepted, executed, invoked, chats[0], chats[1], tool }.Select(s => (s.Service, s.Kind, s.ParentId)));
        Assert.Equal([(traceId, accepted.SpanId)], executed.Links);
        Assert.Equal(chats.Select(c => c.SpanId), spans.Where(s => s.Scope == "System.Net.Http").Select(s => s.ParentId!));
        Assert.All(spans, s => Assert.False(s.Failed, s.Name));

        var id = execution.GetProperty("id").GetString()!;
        AssertTags(executed, ("messaging.system", "osmen"), ("messaging.operation.name", "execute_agent"), ("messaging.operation.type", "process"), ("messaging.destination.name", "executions"), ("messaging.message.id", id), ("osmen.execution.status", "COMPLETED"));
        AssertTags(invoked, ("gen_ai.operation.name", "invoke_agent"), ("gen_ai.agent.id", "daily_brief"), ("gen_ai.agent.name", "daily_brief"), ("gen_ai.provider.name", "openai"), ("gen_ai.request.model", "gpt-5-mini"), ("gen_ai.usage.input_tokens", "200"), ("gen_ai.usage.output_tokens", "40"));
        AssertTags(chats[1], ("gen_ai.operation.name", "chat"), ("gen_ai.provider.name", "openai"), ("gen_ai.request.model", "gpt-5-mini"), ("gen_ai.usage.input_tokens", "100"), ("gen_ai.usage.output_tokens", "20"), ("gen_ai.usage.cache_read.input_tokens", "40"), ("gen_ai.usage.reasoning.output_tokens", "8"));
        AssertTags(tool, ("gen_ai.operation.name", "execute_tool"), ("gen_ai.tool.name", "current_time"), ("gen_ai.tool.type", "function"), ("gen_ai.tool.call.id", "call_1"));
        Assert.DoesNotContain(spans.SelectMany(s => s.Attributes), a => a.Value.Contains(Prompt, StringComparison.Ordinal) || a.Value.Contains(ModelKey, StringComparison.Ordinal));

        await worker.StopAsync();
        await gateway.StopAsync();
        var completed = Assert.Single(await LinesAsync("AgentWorker"), l => Text(l, "message")!.StartsWith("Agent execution completed", StringComparison.Ordinal));
        Assert.Equal(
            [id, traceId, executed.SpanId, accepted.Tag("request_id")!, "daily_brief", "COMPLETED", "tests", "OsMEN.AgentWorker.Claiming.ExecutionRunner", "LogCompleted"],
            new[] { "execution_id", "trace_id", "span_id", "request_id", "agent", "status", "user_id", "module", "function" }.Select(n => Text(completed, n)));
        Assert.Equal(240, completed.GetProperty("tokens_used").GetInt64());
        Assert.True(completed.GetProperty("cost").GetDecimal() > 0 && completed.GetProperty("duration_ms").GetDouble() > 0);
        Assert.Contains(await LinesAsync("Gateway"), l => Text(l, "trace_id") == traceId && Text(l, "request_id") == Text(completed, "request_id"));
        foreach (var file in Directory.GetFiles(_logs))
            Assert.DoesNotContain(Prompt, await File.ReadAllTextAsync(file, Token), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Only_the_failed_trace_is_exported_when_the_sampling_ratio_is_zero()
    {
        (string, string)[] none = [("OTEL_TRACES_SAMPLER", "parentbased_traceidratio"), ("OTEL_TRACES_SAMPLER_ARG", "0")];
        await using var gateway = await StartAsync("Gateway", none);
        await using var worker = await StartAsync("AgentWorker", none);
        _models!.Then(ModelScripts.Hello("openai"), ModelScripts.CallTheClock(), ScriptedAnswer.Error(400, "no"));
        Assert.Equal("COMPLETED", (await RunAsync(gateway)).GetProperty("status").GetString());
        var failed = await RunAsync(gateway);
        Assert.Equal("FAILED", failed.GetProperty("status").GetString());
        var traceId = failed.GetProperty("trace_id").GetString()!;
        await _receiver!.UntilAsync(traceId, "execute_agent daily_brief");
        await worker.StopAsync();
        await gateway.StopAsync();

        Assert.Equal([traceId], _receiver.TraceIds);
        var spans = _receiver.Find(traceId);
        Assert.Equal(
            ["chat gpt-5-mini", "chat gpt-5-mini", "execute_agent daily_brief", "execute_tool current_time", "invoke_agent daily_brief"],
            spans.Where(s => s.Scope.StartsWith("OsMEN", StringComparison.Ordinal) || s.Scope == "Experimental.Microsoft.Extensions.AI").Select(s => s.Name).Order(StringComparer.Ordinal));
        Assert.All(spans, s => AssertTags(s, ("osmen.kept", "error")));
        Assert.All(spans.Where(s => s.Name.EndsWith("_agent daily_brief", StringComparison.Ordinal)), s => Assert.True(s.Failed));
    }

    [Fact]
    public async Task Spans_contain_messages_only_when_enabled()
    {
        await using var gateway = await StartAsync("Gateway");
        await using var worker = await StartAsync("AgentWorker", ("OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT", "true"));
        _models!.Then(ModelScripts.CallTheClock(), ModelScripts.Hello("openai"));
        var spans = await _receiver!.UntilAsync((await RunAsync(gateway)).GetProperty("trace_id").GetString()!, "execute_agent daily_brief");
        var chats = spans.Where(s => s.Name == "chat gpt-5-mini").ToArray();
        Assert.StartsWith($$"""[{"role":"user","parts":[{"type":"text","content":"{{Prompt}}"}]""", chats[0].Tag("gen_ai.input.messages"), StringComparison.Ordinal);
        Assert.StartsWith("""[{"role":"assistant","parts":[{"type":"tool_call","id":"call_1","name":"current_time","arguments":{""", chats[0].Tag("gen_ai.output.messages"), StringComparison.Ordinal);
        Assert.Contains("""{"type":"text","content":"Hello"}""", chats[1].Tag("gen_ai.output.messages"), StringComparison.Ordinal);
        Assert.Contains("+00:00", Assert.Single(spans, s => s.Name == "execute_tool current_time").Tag("gen_ai.tool.call.result"), StringComparison.Ordinal);
    }

    private Task<ServiceProcess> StartAsync(string project, params (string Name, string Value)[] more) => ServiceProcess.StartAsync(
        [$"OsMEN.{project}.dll"],
        new (string Name, string Value)[]
        {
            ("ConnectionStrings__osmen", _database!.ConnectionString), ("ConnectionStrings__redis", _redis.ConnectionString),
            ("CATALOG_PATH", Path.Combine(AppContext.BaseDirectory, "catalog")), ("OSMEN_API_KEYS", $"{Key}:admin:tests"), ("OPENAI_API_KEY", ModelKey), ("OPENAI_BASE_URL", new Uri(_models!.Address, "/v1").ToString()),
            ("OSMEN_DEFAULT_MODEL", "openai/gpt-5-mini"), ("OTEL_BSP_SCHEDULE_DELAY", "50"), ("LOG_LEVEL", "DEBUG"), ("LOG_FILE", Path.Combine(_logs, project + ".log")),
        }.Concat(_receiver!.Variables).Concat(more).ToDictionary(v => v.Name, v => v.Value, StringComparer.Ordinal));

    private static async Task<JsonElement> RunAsync(ServiceProcess gateway)
    {
        // Other tests of this process trace: their listeners must not give this request a parent.
        using var handler = new SocketsHttpHandler { ActivityHeadersPropagator = null };
        using var http = new HttpClient(handler) { BaseAddress = gateway.Url };
        http.DefaultRequestHeaders.Authorization = new("Bearer", Key);
        using var accepted = await http.PostAsJsonAsync("/api/v1/agents/daily_brief/executions", new { input = new { text = Prompt } }, Token);
        accepted.EnsureSuccessStatusCode();
        var execution = await accepted.Content.ReadFromJsonAsync<JsonElement>(Token);
        await Programs.UntilAsync(
            async () => (execution = await http.GetFromJsonAsync<JsonElement>($"/api/v1/executions/{execution.GetProperty("id").GetString()}", Token)).GetProperty("status").GetString() is not ("PENDING" or "RUNNING"),
            "the execution finishes");
        return execution;
    }

    private async Task<IReadOnlyList<JsonElement>> LinesAsync(string project) =>
        [.. (await File.ReadAllLinesAsync(Path.Combine(_logs, project + ".log"), Token)).Select(l => JsonDocument.Parse(l).RootElement)];

    private static void AssertTags(ReceivedSpan span, params (string Key, string Value)[] expected) =>
        Assert.Equal(expected, expected.Select(e => (e.Key, span.Tag(e.Key) ?? "(none)")));

    private static string? Text(JsonElement line, string name) => line.TryGetProperty(name, out var value) ? value.ToString() : null;
}
