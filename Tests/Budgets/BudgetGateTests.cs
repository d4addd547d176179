using System.Collections.Concurrent;
using Microsoft.Extensions.AI;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Options;
using OsMEN.Executions.Budgets;
using OsMEN.Llm;
using OsMEN.Llm.Budgets;
using OsMEN.Llm.Fallback;
using OsMEN.Tests.Executions;
using OsMEN.Tests.Infrastructure;
using OsMEN.Tests.Llm;

namespace OsMEN.Tests.Budgets;

/// <summary>Model calls through the whole chain of clients, against budgets in a database and a server that speaks OpenAI's format.</summary>
public sealed class BudgetGateTests : IAsyncLifetime
{
    // 100 tokens of input, 40 of them cached, and 20 of output, at gpt-5-mini's prices: 60 × 0.25 + 40 × 0.025 + 20 × 2 dollars a million.
    private const decimal Cost = 0.000056m;

    private readonly ConcurrentQueue<LlmCall> _calls = new();
    private readonly ManualTimeProvider _clock = new();
    private readonly BudgetOptions _options = new() { Patience = TimeSpan.Zero };
    private ScriptedModelServer? _server;
    private TestStore? _test;
    private ChatClients? _clients;
    private ModelCalls? _models;
    private BudgetBook? _book;

    private IBudgetStore Store => (IBudgetStore)_test!.Store;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        _server = await ScriptedModelServer.StartAsync();
        _test = await TestStore.SqliteAsync();
        var llm = LlmOptions.Read(new ConfigurationBuilder().AddInMemoryCollection(new Dictionary<string, string?>(StringComparer.Ordinal)
        {
            ["OPENAI_API_KEY"] = "sk-of-the-tests",
            ["OPENAI_BASE_URL"] = new Uri(_server.Address, "/v1").ToString(),
            ["LLM_MAX_RETRIES"] = "1",
        }).Build());
        _book = new BudgetBook(Store, _clock);
        _models = ModelScripts.Calls(llm, _clock);
        _clients = new ChatClients(llm, PriceTable.Shipped(), _clock, new BudgetGate(Store, _book, llm, Options.Create(_options), _clock));
    }

    public async ValueTask DisposeAsync()
    {
        _clients!.Dispose();
        await _server!.DisposeAsync();
        await _test!.DisposeAsync();
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Money_is_held_while_a_call_is_under_way_and_settled_under_its_id(bool streamed)
    {
        await PutAsync("mine", 1, new BudgetScope(Agent: "a"));
        await PutAsync("others", 1, new BudgetScope(Agent: "b"));
        _server!.Then(streamed ? ModelScripts.Hello("openai") : ModelScripts.Whole("openai"));
        var client = Client(new BudgetSubject { Agent = "a" });
        var options = new ChatOptions { MaxOutputTokens = 1000 };
        if (streamed)
        {
            await foreach (var _ in client.GetStreamingResponseAsync("Hi", options, Token))
                Assert.Equal(0.0020125m, (await StateAsync("mine")).Reserved);
        }
        else
        {
            await client.GetResponseAsync("Hi", options, Token);
        }

        var call = Assert.Single(_calls);
        Assert.Equal((Cost, 0.0020125m), (call.CostUsd, call.HeldUsd));
        Assert.Equal((0m, 0.0020125m), await StateAsync("mine"));
        await Store.SettleAsync(call.Id, call.CostUsd, Token);
        Assert.Equal((Cost, 0m), await StateAsync("mine"));
        Assert.Equal((0m, 0m), await StateAsync("others"));
    }

    [Fact]
    public async Task A_call_that_could_pass_a_budget_is_refused_with_the_facts_and_never_made()
    {
        await PutAsync("big", 10);
        await PutAsync("day", 0.002m, period: BudgetPeriod.Day, zone: "Asia/Kolkata");
        var refused = await Assert.ThrowsAsync<LlmException>(() => Client(new BudgetSubject()).GetResponseAsync("Hi", new ChatOptions { MaxOutputTokens = 1000 }, Token));
        Assert.Equal((LlmErrorKind.BudgetExceeded, false), (refused.Kind, refused.IsTransient));
        Assert.Equal(new BudgetRefusal("day", "day", 0.002m, 0, 0, 0.0020125m, new DateTimeOffset(2026, 1, 2, 0, 0, 0, TimeSpan.FromHours(5.5))), refused.Budget);
        Assert.Equal(
            "Budget day (day) of $0.002 does not allow it: $0 are spent, $0 held for calls under way, and the next call may cost up to $0.0020125. It begins anew at 2026-01-02T00:00:00+05:30.",
            refused.Message);
        Assert.Empty(_server!.Requests);
        Assert.Empty(_calls);
        Assert.Equal((0m, 0m), await StateAsync("big"));
    }

    [Fact]
    public async Task A_call_without_a_limit_gets_the_one_that_money_is_held_for()
    {
        await PutAsync("b", 1);
        _server!.Then(ModelScripts.Whole("openai"), ModelScripts.Whole("openai"));
        await Client(new BudgetSubject()).GetResponseAsync("Hi", cancellationToken: Token);
        Assert.Equal(16_384, _server.Requests.Single().Body.GetProperty("max_completion_tokens").GetInt32());
        await Client(new BudgetSubject { Agent = "nobody's" }, "offline/extractive").GetResponseAsync("Hi", cancellationToken: Token);
        Assert.Equal((0m, 0.0327805m), await StateAsync("b"));
    }

    [Fact]
    public async Task Each_repetition_of_a_call_is_held_for_and_a_failure_costs_nothing()
    {
        await PutAsync("b", 1);
        _server!.Then(ScriptedAnswer.Error(429, "slow down", "0"), ModelScripts.Whole("openai"));
        await Client(new BudgetSubject()).GetResponseAsync("Hi", new ChatOptions { MaxOutputTokens = 1000 }, Token);
        Assert.Equal([(0m, LlmCallStatus.Error), (Cost, LlmCallStatus.Ok)], _calls.Select(c => (c.CostUsd!.Value, c.Status)));
        Assert.Equal(2, _calls.Select(c => c.Id).Distinct().Count());
        Assert.Equal((0m, 0.004025m), await StateAsync("b"));
        foreach (var call in _calls)
            await Store.SettleAsync(call.Id, call.CostUsd, Token);
        Assert.Equal((Cost, 0m), await StateAsync("b"));
    }

    [Fact]
    public async Task A_stream_that_its_reader_leaves_settles_when_it_is_drained()
    {
        await PutAsync("b", 1);
        _server!.Then(ModelScripts.Hello("openai"));
        await foreach (var _ in Client(new BudgetSubject()).GetStreamingResponseAsync("Hi", cancellationToken: Token))
            break;
        await Programs.UntilAsync(() => Task.FromResult(!_calls.IsEmpty), "the stream is read to its usage");
        var call = Assert.Single(_calls);
        Assert.Equal(Cost, call.CostUsd);
        await Store.SettleAsync(call.Id, call.CostUsd, Token);
        Assert.Equal((Cost, 0m), await StateAsync("b"));
    }

    [Fact]
    public async Task Models_without_a_price_pass_until_nothing_is_left_or_not_at_all()
    {
        await PutAsync("b", 1);
        _server!.Then(ModelScripts.Whole("openai"));
        await Client(new BudgetSubject(), "openai/of-nobody").GetResponseAsync("Hi", cancellationToken: Token);
        Assert.Equal(0, Assert.Single(_calls).HeldUsd);
        _options.Unpriced = UnpricedCalls.Refuse;
        var refused = await Assert.ThrowsAsync<LlmException>(() => Client(new BudgetSubject(), "openai/of-nobody").GetResponseAsync("Hi", cancellationToken: Token));
        Assert.Equal("openai/of-nobody has no known price, so budget b cannot count it (Budgets__Unpriced is Refuse). Add its price, or choose another model.", refused.Message);
        _options.Unpriced = UnpricedCalls.Allow;
        await PutAsync("b", 0);
        await Assert.ThrowsAsync<LlmException>(() => Client(new BudgetSubject(), "openai/of-nobody").GetResponseAsync("Hi", cancellationToken: Token));
    }

    [Fact]
    public async Task The_next_period_begins_with_the_first_call_in_it()
    {
        await PutAsync("b", 0.0021m, period: BudgetPeriod.Day);
        var options = new ChatOptions { MaxOutputTokens = 1000 };
        _server!.Otherwise = _ => ModelScripts.Whole("openai");
        await Client(new BudgetSubject()).GetResponseAsync("Hi", options, Token);
        var call = _calls.Single();
        await Store.SettleAsync(call.Id, 0.0021m, Token);
        await Assert.ThrowsAsync<LlmException>(() => Client(new BudgetSubject()).GetResponseAsync("Hi", options, Token));
        _clock.Advance(TimeSpan.FromDays(1));
        await Client(new BudgetSubject()).GetResponseAsync("Hi", options, Token);
        Assert.Equal((0m, 0.0020125m), await StateAsync("b"));
        Assert.Equal(new DateTimeOffset(2026, 1, 3, 0, 0, 0, TimeSpan.Zero), (await Store.GetBudgetAsync("b", Token))!.PeriodEnd);
    }

    [Fact]
    public async Task A_call_waits_for_money_that_others_only_hold()
    {
        _options.Patience = TimeSpan.FromMinutes(1);
        await PutAsync("b", 0.003m);
        _server!.Otherwise = _ => ModelScripts.Whole("openai");
        var options = new ChatOptions { MaxOutputTokens = 1000 };
        await Client(new BudgetSubject()).GetResponseAsync("Hi", options, Token);
        var second = Client(new BudgetSubject()).GetResponseAsync("Hi", options, Token);
        await _clock.WaitForTimerOfAsync(TimeSpan.FromMilliseconds(20), Token);
        Assert.False(second.IsCompleted);
        await Store.SettleAsync(_calls.Single().Id, Cost, Token);
        _clock.Advance(TimeSpan.FromMilliseconds(20));
        await second;
        Assert.Equal((Cost, 0.0020125m), await StateAsync("b"));
    }

    [Fact]
    public async Task An_executions_own_limit_counts_all_of_its_calls()
    {
        _server!.Otherwise = _ => ModelScripts.Whole("openai");
        var options = new ChatOptions { MaxOutputTokens = 1000 };
        var subject = new BudgetSubject { Agent = "a", LimitUsd = 0.0041m, SpentBeforeUsd = 0.002m };
        await Client(subject).GetResponseAsync("Hi", options, Token);
        var refused = await Assert.ThrowsAsync<LlmException>(() => Client(subject).GetResponseAsync("Hi", new ChatOptions { MaxOutputTokens = 1020 }, Token));
        Assert.Equal(new BudgetRefusal(null, "execution", 0.0041m, 0.002056m, 0, 0.0020525m, null), refused.Budget);
        await Client(subject).GetResponseAsync("Hi", options, Token);
    }

    [Fact]
    public void The_most_that_a_call_can_use_counts_all_that_is_sent()
    {
        var tool = AIFunctionFactory.Create((int a) => a, "f", "adds");
        var schema = tool.JsonSchema.GetRawText().Length;
        ChatMessage[] messages =
        [
            new(ChatRole.User, "Grüße"),
            new(ChatRole.Assistant, [new FunctionCallContent("c1", "f", new Dictionary<string, object?>(StringComparer.Ordinal) { ["a"] = 1 })]),
            new(ChatRole.Tool, [new FunctionResultContent("c1", "12345")]),
        ];
        var most = CallEstimate.Tokens(messages, new ChatOptions { Instructions = "abc", Tools = [tool] }, 7);
        Assert.Equal(new TokenUsage(16 + 3 + (6 * 16) + 7 + (2 + 1 + 12) + (2 + 5) + 1024 + 64 + 1 + 4 + schema, 7), most);
    }

    private IChatClient Client(BudgetSubject subject, string model = "openai/gpt-5-mini") => _clients!.Client(_models!, model, _calls.Enqueue, subject);

    private async Task PutAsync(string id, decimal limit, BudgetScope? scope = null, BudgetPeriod period = BudgetPeriod.Total, string zone = "UTC")
    {
        await Store.PutBudgetAsync(Make.Budget(id, limit, period, scope, zone), _clock.GetUtcNow(), 100, Token);
        _book!.Forget();
    }

    private async Task<(decimal Spent, decimal Reserved)> StateAsync(string id)
    {
        var budget = (await Store.GetBudgetAsync(id, Token))!;
        return (budget.SpentUsd, budget.ReservedUsd);
    }
}
