using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using OsMEN.AgentWorker;
using Microsoft.Extensions.Logging.Abstractions;
using OsMEN.AgentWorker.Agents;
using OsMEN.AgentWorker.Tools;
using OsMEN.Executions.Catalog;
using OsMEN.Llm;
using OsMEN.Tests.Executions;
using OsMEN.Llm.Cache;
using OsMEN.Llm.Fallback;
using OsMEN.ServiceDefaults.Metrics;
using OsMEN.Tests.Infrastructure;
using StackExchange.Redis;

namespace OsMEN.Tests.AgentWorker.Agents;

/// <summary>The agents that ship, run with their own examples and no model.</summary>
public sealed class CatalogueTests
{
    private static readonly string Folder = Path.Combine(AppContext.BaseDirectory, "catalog", "agents");

    public static TheoryData<string> Agents => [.. Directory.EnumerateFiles(Folder, "*.yaml").Select(f => Path.GetFileNameWithoutExtension(f)!).Order(StringComparer.Ordinal)];

    [Theory]
    [MemberData(nameof(Agents))]
    public async Task Every_agent_is_valid_and_answers_its_own_example(string id)
    {
        var files = CatalogFiles<AgentDefinition>.Read(Folder, AgentJson.ReadFile);
        Assert.Empty(files.Problems);
        var agent = files.Definitions[id];
        Assert.NotNull(agent.Example);
        if (agent.Type == AgentType.Process)
            Programs.Need(agent.Command[0], agent.Command[0]);
        var run = new RecordedRun(agent);
        using var clients = new ChatClients(LlmOptions.Read(new ConfigurationBuilder().Build()), PriceTable.Shipped(), TimeProvider.System);
        var calls = new ModelCalls(new LlmOptions(), ModelRoutes.Read(new ConfigurationBuilder().Build(), new LlmOptions()), TimeProvider.System, NullLogger<ModelCalls>.Instance);
        using var redis = await ConnectionMultiplexer.ConnectAsync(RedisServer.Options("127.0.0.1:1,connectTimeout=1"));
        var answers = new AnswerCache(redis, new CacheMetrics(Metering.Factory()), TimeProvider.System);
        await using var store = await TestStore.SqliteAsync();
        var runners = new AgentRunners(
        [
            new LlmAgentRunner(clients, calls, answers, Tools(), store.Store, WorkerMeters.Executions(), TimeProvider.System),
            new ProcessAgentRunner(new ProgramLauncher(new ToolOptions()), WorkerMeters.Processes(), TimeProvider.System),
        ], new LlmOptions());
        var outcome = await runners.RunAsync(run.Run, TestContext.Current.CancellationToken);
        Assert.Null(outcome.Error);
        using var output = JsonDocument.Parse(outcome.Output!);
        Assert.NotEmpty(run.Output);
        Assert.NotEmpty(run.Logs);
        if (agent.Type == AgentType.Llm)
            Assert.Equal(run.Output, output.RootElement.GetProperty("text").GetString());
        else
            Assert.Equal(3, output.RootElement.GetProperty("levels").GetProperty("ERROR").GetInt32());
    }

    [Fact]
    public void Workers_have_exactly_the_tools_that_definitions_may_name() =>
        Assert.Equal(BuiltInTools.Names, Tools().Names.Order(StringComparer.Ordinal));

    private static ToolSet Tools()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Configuration.AddInMemoryCollection(
            new Dictionary<string, string?>(StringComparer.Ordinal) { ["ConnectionStrings:osmen"] = "Data Source=unused.db", ["ConnectionStrings:redis"] = "127.0.0.1:1,abortConnect=false" });
        builder.AddWorker();
        return builder.Build().Services.GetRequiredService<ToolSet>();
    }
}
