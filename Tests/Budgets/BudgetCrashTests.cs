using System.Net;
using System.Net.Http.Json;
using OsMEN.Executions;
using OsMEN.Executions.Budgets;
using OsMEN.Tests.Executions;
using OsMEN.Tests.Infrastructure;

namespace OsMEN.Tests.Budgets;

/// <summary>
/// The running system, gateway and workers as processes of their own, against a provider that counts what it bills: however many ask at
/// once and whoever is killed, a budget is not passed.
/// </summary>
public sealed class BudgetCrashTests
{
    private const int Clients = 64;
    private const int PerClient = 5;
    private const int Slots = 16;
    private const int Kills = 3;
    private const int Lost = 4;
    private const string Key = "osm_budgetcrash0123456789";

    // 100 tokens in and 4,000 out, of at most 5,000, at gpt-5-mini's prices.
    private const decimal Billed = (100 * 0.00000025m) + (4000 * 0.000002m);

    private const string Begin =
        """{"id":"c1","object":"chat.completion.chunk","created":1700000000,"model":"gpt-5-mini","choices":[{"index":0,"delta":{"role":"assistant","content":"Done"},"finish_reason":null}]}""";

    private const string End =
        """{"id":"c1","object":"chat.completion.chunk","created":1700000000,"model":"gpt-5-mini","choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}""";

    private const string Usage =
        """{"id":"c1","object":"chat.completion.chunk","created":1700000000,"model":"gpt-5-mini","choices":[],"usage":{"prompt_tokens":100,"completion_tokens":4000,"total_tokens":4100}}""";

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("postgresql")]
    [InlineData("sqlite")]
    public async Task Many_clients_never_spend_more_than_the_budget_while_workers_are_killed(string kind)
    {
        await using var postgres = new PostgresServer();
        await using var redis = new RedisServer();
        await redis.StartAsync();
        await using var database = kind == "sqlite" ? await TestStore.SqliteAsync() : await TestStore.PostgresAsync(postgres);
        var budgets = (IBudgetStore)database.Store;
        await using var provider = await ScriptedModelServer.StartAsync();

        // Calls that the provider has begun to answer, and bills, when their workers die.
        var (toHang, hung) = (Lost, 0);
        provider.Otherwise = _ =>
        {
            if (Interlocked.Decrement(ref toHang) < 0)
                return ScriptedAnswer.OpenAI(Begin, End, Usage);
            Interlocked.Increment(ref hung);
            return ScriptedAnswer.OpenAI(Begin, ScriptedAnswer.Hang);
        };
        var environment = Environment(database.ConnectionString, redis.ConnectionString, provider.Address);
        await using var gateway = await ServiceProcess.StartAsync(["OsMEN.Gateway.dll"], environment);
        await using var first = await ServiceProcess.StartAsync(["OsMEN.AgentWorker.dll"], environment);
        await using var second = await ServiceProcess.StartAsync(["OsMEN.AgentWorker.dll"], environment);
        using var http = new HttpClient { BaseAddress = gateway.Url, Timeout = TimeSpan.FromSeconds(60) };
        http.DefaultRequestHeaders.Authorization = new("Bearer", Key);
        await PutAsync(http, "/api/v1/agents/priced", """{"description":"Costs money","instructions":"Answer.","model":"openai/gpt-5-mini","limits":{"max_output_tokens":5000}}""");
        await PutAsync(http, "/api/v1/budgets/all", """{"period":"total","limit_usd":1}""");
        await PutAsync(http, "/api/v1/budgets/agent", """{"scope":{"agent":"priced"},"period":"day","limit_usd":1.5}""");

        var posting = Task.WhenAll(Enumerable.Range(0, Clients).Select(_ => Task.Run(() => PostAsync(http))));
        for (var round = 1; round <= Kills; round++)
        {
            await Programs.UntilAsync(() => Task.FromResult(Volatile.Read(ref hung) == round * Lost), "calls hang", TimeSpan.FromMinutes(1));
            await Task.WhenAll(first.KillAsync(), second.KillAsync());
            Interlocked.Exchange(ref toHang, round < Kills ? Lost : 0);
            await Task.WhenAll(first.StartAsync(), second.StartAsync());
        }

        var answers = (await posting).SelectMany(a => a).ToArray();
        await Programs.UntilAsync(async () => await database.Store.GetDepthAsync(Token) is { Due: 0, Scheduled: 0, Running: 0 }, "everything ends", TimeSpan.FromMinutes(1));
        await Programs.UntilAsync(async () => (await budgets.GetBudgetAsync("all", Token))!.ReservedUsd == 0, "what was lost is charged", TimeSpan.FromMinutes(1));

        // The provider's own count is the truth: what was asked of it, it bills.
        var billed = provider.Requests.Count * Billed;
        var all = (await budgets.GetBudgetAsync("all", Token))!;
        Assert.InRange(all.SpentUsd, billed, 1m);
        Assert.Equal(all.SpentUsd, (await budgets.GetBudgetAsync("agent", Token))!.SpentUsd);
        Assert.True(billed > 0.7m, $"${billed} were billed of $1, ${all.SpentUsd} are spent.");
        Assert.InRange(await CountLapsedAsync(database), Kills * Lost, Kills * 2 * Slots);
        var executions = await database.Store.ListAsync(new ExecutionQuery { Limit = 1000 }, Token);
        Assert.Equal(answers.Count(a => a == HttpStatusCode.Accepted), executions.Count);
        Assert.Equal(all.SpentUsd, executions.Sum(e => e.CostUsd));
        Assert.All(executions, e => Assert.True(e.Status == ExecutionStatus.Completed || e.Error?.Type is "BudgetExceeded" or "WorkerLost", e.Error?.ToString()));
        Assert.Contains(executions, e => e.Error?.Type == "BudgetExceeded");
        Assert.All(answers, a => Assert.True(a is HttpStatusCode.Accepted or HttpStatusCode.PaymentRequired, a.ToString()));
        Assert.Equal(HttpStatusCode.PaymentRequired, Assert.Single(await PostAsync(http, 1)));
    }

    private static async Task<int> CountLapsedAsync(TestStore database)
    {
        await using var command = database.Database.CreateCommand("SELECT count(*) FROM llm_calls WHERE error = 'settled_by=expiry'");
        return Convert.ToInt32(await command.ExecuteScalarAsync(Token), System.Globalization.CultureInfo.InvariantCulture);
    }

    private static Dictionary<string, string> Environment(string database, string redis, Uri provider) => new(StringComparer.Ordinal)
    {
        ["ConnectionStrings__osmen"] = database,
        ["ConnectionStrings__redis"] = redis,
        ["CATALOG_PATH"] = Path.Combine(AppContext.BaseDirectory, "catalog"),
        ["OSMEN_API_KEYS"] = $"{Key}:admin:tests",
        ["OPENAI_API_KEY"] = "sk-of-the-tests",
        ["OPENAI_BASE_URL"] = new Uri(provider, "/v1").ToString(),
        ["Executions__Lease"] = "00:00:03",
        ["Executions__RescueInterval"] = "00:00:00.200",
        ["Executions__PollInterval"] = "00:00:00.050",
        ["Worker__Slots"] = Slots.ToString(System.Globalization.CultureInfo.InvariantCulture),
        ["Budgets__LapseAfter"] = "00:00:01",
        ["Budgets__WatchInterval"] = "00:00:00.200",
        ["Budgets__Patience"] = "00:00:10",
    };

    private static async Task PutAsync(HttpClient http, string path, string body)
    {
        using var content = new StringContent(body, System.Text.Encoding.UTF8, "application/json");
        using var response = await http.PutAsync(new Uri(path, UriKind.Relative), content, Token);
        Assert.True(response.IsSuccessStatusCode, await response.Content.ReadAsStringAsync(Token));
    }

    private static async Task<List<HttpStatusCode>> PostAsync(HttpClient http, int count = PerClient)
    {
        var answers = new List<HttpStatusCode>();
        for (var i = 0; i < count; i++)
        {
            using var response = await http.PostAsJsonAsync("/api/v1/agents/priced/executions?wait=20s", new { input = "Hi" }, Token);
            answers.Add(response.StatusCode == HttpStatusCode.OK ? HttpStatusCode.Accepted : response.StatusCode);
        }

        return answers;
    }
}
