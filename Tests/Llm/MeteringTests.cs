using System.Collections.Concurrent;
using System.Runtime.CompilerServices;
using System.Threading.Channels;
using Microsoft.Extensions.AI;
using OsMEN.Llm;
using OsMEN.Llm.Pipeline;
using OsMEN.Tests.Infrastructure;

namespace OsMEN.Tests.Llm;

/// <summary>What is recorded of calls whose caller does not wait for their end, and by which price.</summary>
public sealed class MeteringTests
{
    private static readonly ModelName Model = new("openai", "gpt-5-mini");

    private readonly ConcurrentQueue<LlmCall> _calls = new();
    private readonly ManualTimeProvider _clock = new();
    private readonly PriceTable _prices = PriceTable.Shipped();

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_stream_that_is_left_after_one_token_is_billed_as_the_provider_bills_it()
    {
        using var provider = new Provider();
        await using (var updates = Meter(provider).GetStreamingResponseAsync("Hi", cancellationToken: Token).GetAsyncEnumerator(Token))
        {
            provider.Send(new TextContent("Hel"));
            Assert.True(await updates.MoveNextAsync());
        }

        Assert.Empty(_calls);
        provider.Send(new TextContent("lo"));
        provider.End(ProviderUsage.ToDetails(new TokenUsage(100, 2000, 40)));
        var call = await CallAsync();
        Assert.Equal((LlmCallStatus.Cancelled, new TokenUsage(100, 2000, 40), false, (60 * 0.25m + 40 * 0.025m + 2000 * 2m) / 1_000_000), (call.Status, call.Tokens, call.Estimated, call.CostUsd));
    }

    [Fact]
    public async Task A_stream_that_is_left_and_never_ends_is_cut_after_the_limit_and_estimated()
    {
        using var provider = new Provider();
        using var caller = new CancellationTokenSource();
        await using (var updates = Meter(provider).GetStreamingResponseAsync("Hi there", cancellationToken: caller.Token).GetAsyncEnumerator(caller.Token))
        {
            provider.Send(new TextContent("12345678"));
            Assert.True(await updates.MoveNextAsync());
            var next = updates.MoveNextAsync().AsTask();
            await caller.CancelAsync();
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => next);
        }

        await _clock.WaitForTimerOfAsync(MeteringChatClient.DrainLimit, Token);
        _clock.Advance(MeteringChatClient.DrainLimit);
        var call = await CallAsync();
        Assert.Equal((LlmCallStatus.Cancelled, new TokenUsage(2, 2), true), (call.Status, call.Tokens, call.Estimated));
    }

    [Fact]
    public async Task A_plain_answer_that_is_left_is_read_to_its_usage()
    {
        using var provider = new Provider();
        using var caller = new CancellationTokenSource();
        var answer = Meter(provider).GetResponseAsync("Hi", cancellationToken: caller.Token);
        await caller.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => answer);
        Assert.Empty(_calls);
        provider.End(ProviderUsage.ToDetails(new TokenUsage(100, 20)));
        var call = await CallAsync();
        Assert.Equal((LlmCallStatus.Cancelled, new TokenUsage(100, 20), 0.000065m), (call.Status, call.Tokens, call.CostUsd));
    }

    [Fact]
    public async Task An_answer_is_priced_at_the_tier_that_it_names_and_at_the_time_when_it_began()
    {
        using var provider = new Provider { Tier = "flex" };
        provider.End(ProviderUsage.ToDetails(new TokenUsage(1000, 1000)));
        await Meter(provider).GetResponseAsync("Hi", cancellationToken: Token);
        Assert.Equal((1000 * 0.125m + 1000 * 1m) / 1_000_000, (await CallAsync()).CostUsd);
        _prices.SetUserPrices([Entry(_clock.GetUtcNow().AddMinutes(-1), "1e-6"), Entry(_clock.GetUtcNow().AddMinutes(1), "5e-6")]);
        await Meter(provider).GetResponseAsync("Hi", cancellationToken: Token);
        _clock.Advance(TimeSpan.FromMinutes(2));
        await Meter(provider).GetResponseAsync("Hi", cancellationToken: Token);
        Assert.Equal([0.001125m, 0.002m, 0.01m], _calls.Select(c => c.CostUsd!.Value));
    }

    [Fact]
    public async Task A_model_without_a_price_costs_nobody_knows_what_and_one_of_a_known_host_costs_what_it_does_there()
    {
        using var provider = new Provider();
        provider.End(ProviderUsage.ToDetails(new TokenUsage(1000, 0)));
        await Meter(provider, new ModelName("openai", "nobody")).GetResponseAsync("Hi", cancellationToken: Token);
        await Meter(provider, new ModelName("openai", "deepseek-chat"), "https://api.deepseek.com").GetResponseAsync("Hi", cancellationToken: Token);
        Assert.Equal([null, 0.00028m], _calls.Select(c => c.CostUsd));
    }

    [Fact]
    public async Task What_is_estimated_counts_instructions_tools_and_their_calls_too()
    {
        using var provider = new Provider();
        provider.End(null);
        var tool = AIFunctionFactory.Create((int a) => a, "add", "Adds one");
        await Meter(provider).GetResponseAsync(
            [new ChatMessage(ChatRole.User, "12345678"), new ChatMessage(ChatRole.Tool, [new FunctionResultContent("1", "1234")])],
            new ChatOptions { Instructions = "1234", Tools = [tool] },
            Token);
        var expected = TextMeter.Estimate(8 + 4 + 4 + 3 + 8 + tool.JsonSchema.GetRawText().Length);
        Assert.Equal((new TokenUsage(expected, 0), true), ((await CallAsync()).Tokens, _calls.Single().Estimated));
    }

    private static PriceEntry Entry(DateTimeOffset from, string perToken) => PriceFile.Read(System.Text.Json.JsonDocument.Parse(
        $$$"""{"openai/gpt-5-mini":{"input_cost_per_token":{{{perToken}}},"output_cost_per_token":{{{perToken}}},"effective_from":"{{{from:O}}}"}}""").RootElement).Entries[0];

    private MeteringChatClient Meter(IChatClient provider, ModelName? model = null, string address = "https://api.openai.com/v1") =>
        new(provider, model ?? Model, new LlmOptions { OpenAIAddress = new Uri(address) }.HostOf(model ?? Model), _prices, null, _calls.Enqueue, _clock);

    private async Task<LlmCall> CallAsync()
    {
        await Programs.UntilAsync(() => Task.FromResult(!_calls.IsEmpty), "the call is recorded");
        return _calls.Last();
    }

    /// <summary>Answers what it is told, when it is told.</summary>
    private sealed class Provider : IChatClient
    {
        private readonly Channel<ChatResponseUpdate> _updates = Channel.CreateUnbounded<ChatResponseUpdate>();
        private readonly TaskCompletionSource<UsageDetails?> _end = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public string? Tier { get; init; }

        public void Send(AIContent content) => _updates.Writer.TryWrite(new ChatResponseUpdate(ChatRole.Assistant, [content]));

        public void End(UsageDetails? usage)
        {
            if (usage is not null)
                _updates.Writer.TryWrite(new ChatResponseUpdate(ChatRole.Assistant, [new UsageContent(usage)]) { FinishReason = ChatFinishReason.Stop });
            _updates.Writer.TryComplete();
            _end.TrySetResult(usage);
        }

        public async Task<ChatResponse> GetResponseAsync(IEnumerable<ChatMessage> messages, ChatOptions? options = null, CancellationToken cancellationToken = default) => new()
        {
            Usage = await _end.Task.WaitAsync(cancellationToken),
            AdditionalProperties = Tier is null ? null : new() { ["service_tier"] = Tier },
        };

        public async IAsyncEnumerable<ChatResponseUpdate> GetStreamingResponseAsync(
            IEnumerable<ChatMessage> messages, ChatOptions? options = null, [EnumeratorCancellation] CancellationToken cancellationToken = default)
        {
            await foreach (var update in _updates.Reader.ReadAllAsync(cancellationToken))
                yield return update;
        }

        public object? GetService(Type serviceType, object? serviceKey = null) => null;

        public void Dispose() => _updates.Writer.TryComplete();
    }
}
