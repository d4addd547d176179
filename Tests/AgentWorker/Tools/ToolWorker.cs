using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.Configuration;
using OsMEN.AgentWorker;
using OsMEN.Executions;
using OsMEN.ServiceDefaults.Metrics;
using OsMEN.Tests.Executions;
using OsMEN.Tests.Infrastructure;

namespace OsMEN.Tests.AgentWorker.Tools;

/// <summary>A whole worker in this process on a SQLite file, without Redis, whose agents are the test's and whose model is scripted.</summary>
internal sealed class ToolWorker : IAsyncDisposable
{
    private readonly WebApplication _app;
    private readonly TestStore _test;
    private readonly string _folder;

    private ToolWorker(WebApplication app, TestStore test, ScriptedModelServer model, string folder) => (_app, _test, Model, _folder) = (app, test, model, folder);

    public IExecutionStore Store => _test.Store;

    public IServiceProvider Services => _app.Services;

    public ScriptedModelServer Model { get; }

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    /// <param name="agents">Id and YAML without description and model.</param>
    public static async Task<ToolWorker> StartAsync((string Id, string Yaml)[] agents, params (string Key, string Value)[] settings)
    {
        var folder = Directory.CreateTempSubdirectory("osmen-tools-").FullName;
        Directory.CreateDirectory(Path.Combine(folder, "agents"));
        foreach (var (id, yaml) in agents)
            await File.WriteAllTextAsync(Path.Combine(folder, "agents", id + ".yaml"), $"description: The agent {id}.\nmodel: openai/gpt-5-mini\ninstructions: You are {id}.\n{yaml}\n", Token);
        var test = await TestStore.SqliteAsync();
        var model = await ScriptedModelServer.StartAsync();
        var builder = WebApplication.CreateSlimBuilder();
        builder.Configuration.AddInMemoryCollection(new Dictionary<string, string?>(StringComparer.Ordinal)
        {
            ["ConnectionStrings:osmen"] = test.ConnectionString,
            ["ConnectionStrings:redis"] = "127.0.0.1:1,connectTimeout=200",
            ["CATALOG_PATH"] = folder,
            ["METRICS_PREFIX"] = "tool_tests_",
            ["OPENAI_BASE_URL"] = new Uri(model.Address, "/v1").ToString(),
            ["OPENAI_API_KEY"] = "test",
            ["Executions:PollInterval"] = "00:00:00.020",
            // A third of it is the time between heartbeats, which tell of cancelling; all of it a stall that takes no execution away.
            ["Executions:Lease"] = "00:00:12",
            ["Executions:RetryDelay"] = "00:00:00.010",
            ["Worker:DrainTimeout"] = "00:00:00.500",
            ["urls"] = "http://127.0.0.1:0",
            ["LOG_LEVEL"] = "ERROR",
        });
        builder.Configuration.AddInMemoryCollection(settings.Select(s => KeyValuePair.Create(s.Key, (string?)s.Value)));
        builder.AddWorker();
        var app = builder.Build();
        Instruments.Make(app.Services);
        await app.StartAsync(Token);
        return new ToolWorker(app, test, model, folder);
    }

    public async Task<Guid> AcceptAsync(string agent, string input, Func<NewExecution, NewExecution>? change = null)
    {
        var item = new NewExecution
        {
            Id = Guid.CreateVersion7(),
            Kind = ExecutionKind.Agent,
            Target = agent,
            User = "ann",
            Input = JsonSerializer.Serialize(input),
            CreatedAt = TimeProvider.System.GetUtcNow(),
        };
        await Store.AcceptAsync([change?.Invoke(item) ?? item], Token);
        return item.Id;
    }

    public async Task<Execution> EndedAsync(Guid id)
    {
        Execution? found = null;
        await Programs.UntilAsync(async () => (found = await Store.GetAsync(id, Token))!.Status.IsFinal(), "the execution ends");
        return found!;
    }

    public async Task<Execution> RunAsync(string agent, string input) => await EndedAsync(await AcceptAsync(agent, input));

    /// <summary>The results of tools that the model was told in its last request.</summary>
    public string[] ToolResults() => Results(Model.Requests.Last().Body);

    public static string[] Results(JsonElement body) => [.. body.GetProperty("messages").EnumerateArray().Where(m => m.GetProperty("role").GetString() == "tool").Select(Text)];

    /// <summary>What is said in the message of that place, from the end: <c>^1</c>.</summary>
    public static string Said(JsonElement body, Index message) => Text(body.GetProperty("messages").EnumerateArray().ToArray()[message]);

    public async ValueTask DisposeAsync()
    {
        await _app.StopAsync(CancellationToken.None);
        await _app.DisposeAsync();
        await Model.DisposeAsync();
        await _test.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }

    private static string Text(JsonElement message)
    {
        var content = message.GetProperty("content");
        return content.ValueKind == JsonValueKind.String ? content.GetString()! : content[0].GetProperty("text").GetString()!;
    }
}
