using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.Configuration;
using OsMEN.AgentWorker;
using OsMEN.Executions;
using OsMEN.Executions.Budgets;
using OsMEN.Tests.Executions;
using OsMEN.Tests.Infrastructure;
using OsMEN.Tests.Llm;

namespace OsMEN.Tests.Budgets;

/// <summary>A whole worker in this process with an agent that calls tools: its limits hold in the middle of its loop.</summary>
public sealed class BudgetLoopTests : IAsyncLifetime
{
    private readonly DirectoryInfo _catalog = Directory.CreateTempSubdirectory("osmen-budgets-");
    private ScriptedModelServer? _server;
    private TestStore? _test;
    private WebApplication? _worker;

    private IBudgetStore Budgets => (IBudgetStore)_test!.Store;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        _server = await ScriptedModelServer.StartAsync();
        _server.Otherwise = _ => ModelScripts.CallTheClock();
        _test = await TestStore.SqliteAsync();
        await File.WriteAllTextAsync(
            Path.Combine(_catalog.CreateSubdirectory("agents").FullName, "looper.yaml"),
            """
            description: Asks the clock, again and again
            instructions: Answer.
            model: openai/gpt-5-mini
            tools: [current_time]
            limits:
              max_output_tokens: 1000
              max_rounds: 50
            """);
        var builder = WebApplication.CreateSlimBuilder();
        builder.Configuration.AddInMemoryCollection(new Dictionary<string, string?>(StringComparer.Ordinal)
        {
            ["ConnectionStrings:osmen"] = _test.ConnectionString,
            ["ConnectionStrings:redis"] = "127.0.0.1:1,connectTimeout=200",
            ["CATALOG_PATH"] = _catalog.FullName,
            ["METRICS_PREFIX"] = "budget_tests_",
            ["Executions:PollInterval"] = "00:00:00.020",
            ["OPENAI_API_KEY"] = "sk-of-the-tests",
            ["OPENAI_BASE_URL"] = new Uri(_server.Address, "/v1").ToString(),
            ["urls"] = "http://127.0.0.1:0",
            ["LOG_LEVEL"] = "ERROR",
        });
        builder.AddWorker();
        _worker = builder.Build();
        await _worker.StartAsync(Token);
    }

    public async ValueTask DisposeAsync()
    {
        await _worker!.StopAsync(CancellationToken.None);
        await _worker.DisposeAsync();
        await _server!.DisposeAsync();
        await _test!.DisposeAsync();
        _catalog.Delete(recursive: true);
    }

    [Fact]
    public async Task An_execution_fails_before_the_call_that_could_pass_its_own_limit()
    {
        // Each call costs $0.000056 and may cost a little over $0.002.
        var ended = await RunAsync(0.00265m);
        Assert.Equal((ExecutionStatus.Failed, "BudgetExceeded", 1), (ended.Status, ended.Error?.Type, ended.Attempt));
        Assert.Matches(@"^The execution's budget of \$0\.00265 does not allow it: \$0\.000\d+ are spent, \$0 held for calls under way, and the next call may cost up to \$0\.002\d+\.$", ended.Error!.Message);
        Assert.InRange(_server!.Requests.Count, 2, 20);
        Assert.Equal(_server.Requests.Count * 0.000056m, ended.CostUsd);
    }

    [Fact]
    public async Task A_budget_stops_a_loop_and_names_itself()
    {
        await Budgets.PutBudgetAsync(Make.Budget("ana", 0.00265m, BudgetPeriod.Month, new BudgetScope(User: "ana"), "Europe/Berlin"), TimeProvider.System.GetUtcNow(), 10, Token);
        var ended = await RunAsync(null);
        Assert.Equal((ExecutionStatus.Failed, "BudgetExceeded"), (ended.Status, ended.Error?.Type));
        Assert.StartsWith("Budget ana (month) of $0.00265 does not allow it: $0.000", ended.Error!.Message, StringComparison.Ordinal);
        Assert.Contains("It begins anew at ", ended.Error.Message, StringComparison.Ordinal);
        var budget = (await Budgets.GetBudgetAsync("ana", Token))!;
        Assert.Equal((ended.CostUsd, 0m), (budget.SpentUsd, budget.ReservedUsd));
        Assert.Equal(_server!.Requests.Count * 0.000056m, ended.CostUsd);
    }

    private async Task<Execution> RunAsync(decimal? budget)
    {
        var asked = StoreBehaviour.New() with { Target = "looper", User = "ana", BudgetUsd = budget, Input = "\"Hi\"" };
        await _test!.Store.AcceptAsync([asked], Token);
        await using var reader = await ServiceHarness.CreateAsync(_test.Store);
        return (await reader.Completions.WaitAsync(asked.Id, TimeSpan.FromMinutes(1), Token))!;
    }
}
