using System.Globalization;
using System.Text.Json;
using OsMEN.Executions;
using OsMEN.Tests.Executions;
using OsMEN.Tests.Infrastructure;
using OsMEN.Tests.Llm;

namespace OsMEN.Tests.Crashes;

/// <summary>Kills workers while an agent uses tools that have an effect outside: another attempt goes on, and the effect stays one.</summary>
public sealed class ToolCrashTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("postgresql")]
    [InlineData("sqlite")]
    public async Task A_tool_whose_worker_died_is_not_run_again_and_the_model_is_told(string kind)
    {
        await using var system = await SystemAsync(kind, "send");
        system.Program.Hold = true;
        var id = await system.StartAsync();
        await Programs.UntilAsync(() => Task.FromResult(system.Program.Lines("send").Length == 1), "the tool has had its effect");
        await system.Worker.KillAsync();
        await Programs.UntilAsync(() => Task.FromResult(!Directory.Exists("/proc/" + system.Program.Lines("pids")[0])), "the server's program ended with its worker");
        system.Program.Hold = false;
        await system.Worker.StartAsync();
        var ended = await system.EndedAsync(id);
        Assert.Equal((ExecutionStatus.Completed, 2, """{"text":"done"}"""), (ended.Status, ended.Attempt, ended.Output));
        Assert.Equal(["hello"], system.Program.Lines("send"));

        // The model was asked for its first answer once: the second attempt had it from the journal.
        var asked = system.Model.Requests.Select(r => r.Body).ToArray();
        Assert.Equal(2, asked.Length);
        Assert.StartsWith("Error: The outcome is unknown", ToolResult(asked[1]), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("postgresql")]
    [InlineData("sqlite")]
    public async Task A_worker_that_comes_back_late_cannot_record_what_its_tool_answered(string kind)
    {
        await using var system = await SystemAsync(kind, "send");
        system.Program.Hold = true;
        var id = await system.StartAsync();
        await Programs.UntilAsync(() => Task.FromResult(system.Program.Lines("send").Length == 1), "the tool has had its effect");
        await system.Worker.SignalAsync("STOP");
        await using var other = await ServiceProcess.StartAsync(["OsMEN.AgentWorker.dll"], system.Environment);
        var ended = await system.EndedAsync(id);
        await system.Worker.SignalAsync("CONT");
        await Programs.UntilAsync(() => Task.FromResult(system.Worker.Tail().Contains("was taken over by another worker", StringComparison.Ordinal)), "the late worker notices");
        Assert.Equal((ExecutionStatus.Completed, 2), (ended.Status, ended.Attempt));
        Assert.Equal(["hello"], system.Program.Lines("send"));
        var call = Assert.Single((await system.Database.Store.ReadJournalAsync(id, Token)).Calls);
        Assert.Equal((2, true), (call.Attempt, call.Failed));
    }

    [Theory]
    [InlineData("postgresql")]
    [InlineData("sqlite")]
    public async Task A_recorded_result_is_replayed_when_the_worker_dies_later(string kind)
    {
        await using var system = await SystemAsync(kind, "send");
        var hang = true;
        system.Model.Otherwise = body => !HasToolResult(body) ? system.Call() : hang ? ScriptedAnswer.OpenAI(ScriptedAnswer.Hang) : ModelScripts.Says("done");
        var id = await system.StartAsync();
        await Programs.UntilAsync(() => Task.FromResult(system.Model.Requests.Count == 2), "the model was told the result");
        await system.Worker.KillAsync();
        hang = false;
        await system.Worker.StartAsync();
        Assert.Equal((ExecutionStatus.Completed, 2), await system.EndedAsync(id) is var ended ? (ended.Status, ended.Attempt) : default);
        Assert.Equal(["hello"], system.Program.Lines("send"));
        var asked = system.Model.Requests.Select(r => r.Body).ToArray();
        Assert.Equal(["send done", "send done"], asked.Skip(1).Select(ToolResult));
    }

    [Fact]
    public async Task A_tool_that_only_reads_is_run_again()
    {
        await using var system = await SystemAsync("sqlite", "look");
        system.Program.Hold = true;
        var id = await system.StartAsync();
        await Programs.UntilAsync(() => Task.FromResult(system.Program.Lines("look").Length == 1), "the tool runs");
        await system.Worker.KillAsync();
        system.Program.Hold = false;
        await system.Worker.StartAsync();
        Assert.Equal(ExecutionStatus.Completed, (await system.EndedAsync(id)).Status);
        Assert.Equal(["hello", "hello"], system.Program.Lines("look"));
        Assert.Equal("look done", ToolResult(system.Model.Requests.Last().Body));
    }

    [Fact]
    public async Task Workers_that_keep_dying_run_each_tool_of_many_executions_once()
    {
        const int count = 40;
        await using var system = await SystemAsync("sqlite", "send");
        var ids = new List<Guid>();
        for (var i = 0; i < count; i++)
            ids.Add(await system.StartAsync(string.Create(CultureInfo.InvariantCulture, $"text {i}")));
        for (var kill = 1; kill <= 3; kill++)
        {
            await Programs.UntilAsync(() => Task.FromResult(system.Program.Lines("send").Length >= kill * count / 5), "tools run");
            await system.Worker.KillAsync();
            await system.Worker.StartAsync();
        }

        foreach (var id in ids)
            Assert.Equal(ExecutionStatus.Completed, (await system.EndedAsync(id)).Status);
        var sent = system.Program.Lines("send");
        Assert.Equal(sent.Distinct(), sent);
    }

    private static bool HasToolResult(JsonElement body) => body.GetProperty("messages").EnumerateArray().Any(m => m.GetProperty("role").GetString() == "tool");

    private static string ToolResult(JsonElement body)
    {
        var content = body.GetProperty("messages").EnumerateArray().Single(m => m.GetProperty("role").GetString() == "tool").GetProperty("content");
        return content.ValueKind == JsonValueKind.String ? content.GetString()! : content[0].GetProperty("text").GetString()!;
    }

    private static async Task<ToolSystem> SystemAsync(string kind, string tool)
    {
        var program = McpProgram.Create();
        program.WriteAgent("sender", "send, look", "limits: {max_attempts: 9}");
        var postgres = new PostgresServer();
        var database = kind == "sqlite" ? await TestStore.SqliteAsync() : await TestStore.PostgresAsync(postgres);
        var redis = new RedisServer();
        await redis.StartAsync();
        var model = await ScriptedModelServer.StartAsync();
        var environment = new Dictionary<string, string>(StringComparer.Ordinal)
        {
            ["ConnectionStrings__osmen"] = database.ConnectionString,
            ["ConnectionStrings__redis"] = redis.ConnectionString,
            ["CATALOG_PATH"] = program.Folder,
            ["OPENAI_BASE_URL"] = new Uri(model.Address, "/v1").ToString(),
            ["OPENAI_API_KEY"] = "test",
            ["Executions__Lease"] = "00:00:06",
            ["Executions__RescueInterval"] = "00:00:00.200",
        };
        var worker = await ServiceProcess.StartAsync(["OsMEN.AgentWorker.dll"], environment);
        var system = new ToolSystem(program, postgres, redis, database, model, worker, environment, tool);
        model.Otherwise = body => HasToolResult(body) ? ModelScripts.Says("done") : system.Call(body);
        return system;
    }

    private sealed record ToolSystem(
        McpProgram Program, PostgresServer Postgres, RedisServer Redis, TestStore Database, ScriptedModelServer Model, ServiceProcess Worker,
        Dictionary<string, string> Environment, string Tool) : IAsyncDisposable
    {
        public ScriptedAnswer Call(JsonElement? body = null)
        {
            var said = body is { } b ? b.GetProperty("messages").EnumerateArray().Last().GetProperty("content") : default;
            var text = said.ValueKind switch { JsonValueKind.String => said.GetString(), JsonValueKind.Array => said[0].GetProperty("text").GetString(), _ => "hello" };
            return ModelScripts.Calls(("call_1", "post__" + Tool, JsonSerializer.Serialize(new { text })));
        }

        public async Task<Guid> StartAsync(string text = "hello")
        {
            var item = new NewExecution
            {
                Id = Guid.CreateVersion7(),
                Kind = ExecutionKind.Agent,
                Target = "sender",
                User = "tests",
                Input = JsonSerializer.Serialize(text),
                MaxAttempts = 9,
                CreatedAt = TimeProvider.System.GetUtcNow(),
            };
            await Database.Store.AcceptAsync([item], Token);
            return item.Id;
        }

        public async Task<Execution> EndedAsync(Guid id)
        {
            Execution? found = null;
            await Programs.UntilAsync(async () => (found = await Database.Store.GetAsync(id, Token))!.Status.IsFinal(), "the execution ends", TimeSpan.FromMinutes(1));
            return found!;
        }

        public async ValueTask DisposeAsync()
        {
            await Worker.DisposeAsync();
            await Model.DisposeAsync();
            await Database.DisposeAsync();
            await Redis.DisposeAsync();
            await Postgres.DisposeAsync();
            Program.Dispose();
        }
    }
}
