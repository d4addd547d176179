using Microsoft.Extensions.AI;
using OsMEN.Llm;
using OsMEN.Llm.Cache;
using OsMEN.ServiceDefaults.Metrics;
using OsMEN.Tests.Infrastructure;
using StackExchange.Redis;

namespace OsMEN.Tests.Llm.Cache;

/// <summary>Answers kept in a real Redis.</summary>
public sealed class AnswerCacheTests(RedisServer server) : IAsyncLifetime
{
    private static readonly ModelName Model = new("openai", "gpt-5-mini");
    private static readonly TimeSpan Long = TimeSpan.FromMinutes(10);

    private ConnectionMultiplexer? _redis;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        await server.StartAsync();
        _redis = await ConnectionMultiplexer.ConnectAsync(RedisServer.Options(server.ConnectionString));
    }

    public ValueTask DisposeAsync()
    {
        _redis?.Dispose();
        return default;
    }

    [Fact]
    public async Task The_same_question_of_the_same_user_is_answered_once_also_in_another_form()
    {
        var model = new Counting();
        var client = Cache().Wrap(model, Model, Long, Guid.CreateVersion7().ToString());
        var first = await client.GetStreamingResponseAsync("Hi", cancellationToken: Token).ToChatResponseAsync(Token);
        var again = await client.GetStreamingResponseAsync("Hi", cancellationToken: Token).ToChatResponseAsync(Token);
        var whole = await client.GetResponseAsync("Hi", cancellationToken: Token);
        Assert.Equal((1, "answer 1", "answer 1", "answer 1"), (model.Calls, first.Text, again.Text, whole.Text));
        Assert.Equal("add", Assert.Single(again.Messages.SelectMany(m => m.Contents).OfType<FunctionCallContent>()).Name);
        Assert.NotNull(first.Usage);
        Assert.Null(again.Usage);
    }

    [Fact]
    public async Task Another_user_model_message_parameter_or_tool_asks_anew()
    {
        var model = new Counting();
        var user = Guid.CreateVersion7().ToString();
        var cache = Cache();
        await cache.Wrap(model, Model, Long, user).GetResponseAsync("Hi", cancellationToken: Token);
        await cache.Wrap(model, Model, Long, user + "2").GetResponseAsync("Hi", cancellationToken: Token);
        await cache.Wrap(model, new("anthropic", "claude"), Long, user).GetResponseAsync("Hi", cancellationToken: Token);
        await cache.Wrap(model, Model, Long, user).GetResponseAsync("Ho", cancellationToken: Token);
        await cache.Wrap(model, Model, Long, user).GetResponseAsync("Hi", new ChatOptions { Temperature = 0.5f }, Token);
        await cache.Wrap(model, Model, Long, user).GetResponseAsync("Hi", new ChatOptions { Instructions = "Brief." }, Token);
        await cache.Wrap(model, Model, Long, user).GetResponseAsync("Hi", new ChatOptions { Tools = [AIFunctionFactory.Create(() => 1, "one")] }, Token);
        await cache.Wrap(model, Model, Long, user).GetResponseAsync("Hi", new ChatOptions { Tools = [AIFunctionFactory.Create((int a) => a, "one")] }, Token);
        Assert.Equal(8, model.Calls);
    }

    [Fact]
    public async Task Shared_answers_are_everybodys_and_an_answer_ends_with_its_time()
    {
        var model = new Counting();
        var (question, another) = (Guid.CreateVersion7().ToString(), Guid.CreateVersion7().ToString());
        await Cache().Wrap(model, Model, Long, null).GetResponseAsync(question, cancellationToken: Token);
        await Cache().Wrap(model, Model, Long, null).GetResponseAsync(question, cancellationToken: Token);
        Assert.Equal(1, model.Calls);
        await Cache().Wrap(model, Model, TimeSpan.FromMilliseconds(300), null).GetResponseAsync(another, cancellationToken: Token);
        Assert.Equal(2, model.Calls);
        await Programs.UntilAsync(
            async () =>
            {
                await Cache().Wrap(model, Model, Long, null).GetResponseAsync(another, cancellationToken: Token);
                return model.Calls == 3;
            },
            "the answer has ended");
    }

    [Fact]
    public async Task What_is_cut_or_too_large_is_not_kept()
    {
        var model = new Counting { Reason = ChatFinishReason.Length };
        var client = Cache().Wrap(model, Model, Long, null);
        var question = Guid.CreateVersion7().ToString();
        await client.GetResponseAsync(question, cancellationToken: Token);
        model.Reason = ChatFinishReason.Stop;
        model.More = new string('x', AnswerCache.MaxBytes);
        await client.GetResponseAsync(question, cancellationToken: Token);
        model.More = "";
        await client.GetResponseAsync(question, cancellationToken: Token);
        await client.GetResponseAsync(question, cancellationToken: Token);
        Assert.Equal(3, model.Calls);
    }

    [Fact]
    public async Task Without_Redis_the_model_is_asked()
    {
        var options = RedisServer.Options("127.0.0.1:1,connectTimeout=200");
        using var away = await ConnectionMultiplexer.ConnectAsync(options);
        var model = new Counting();
        var client = new AnswerCache(away, new CacheMetrics(Metering.Factory()), TimeProvider.System).Wrap(model, Model, Long, null);
        await client.GetResponseAsync("Hi", cancellationToken: Token);
        Assert.Equal("answer 2", (await client.GetResponseAsync("Hi", cancellationToken: Token)).Text);
    }

    private AnswerCache Cache() => new(_redis!, new CacheMetrics(Metering.Factory()), TimeProvider.System);

    private sealed class Counting : IChatClient
    {
        public int Calls { get; private set; }

        public ChatFinishReason Reason { get; set; } = ChatFinishReason.Stop;

        public string More { get; set; } = "";

        public Task<ChatResponse> GetResponseAsync(IEnumerable<ChatMessage> messages, ChatOptions? options = null, CancellationToken cancellationToken = default)
        {
            Calls++;
            var call = new FunctionCallContent("c1", "add", new Dictionary<string, object?>(StringComparer.Ordinal) { ["a"] = 2 });
            return Task.FromResult(new ChatResponse(new ChatMessage(ChatRole.Assistant, [new TextContent($"answer {Calls}{More}"), call]))
            {
                FinishReason = Reason,
                Usage = new UsageDetails { InputTokenCount = 1, OutputTokenCount = 1 },
            });
        }

        public async IAsyncEnumerable<ChatResponseUpdate> GetStreamingResponseAsync(
            IEnumerable<ChatMessage> messages, ChatOptions? options = null, [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellationToken = default)
        {
            foreach (var update in (await GetResponseAsync(messages, options, cancellationToken)).ToChatResponseUpdates())
                yield return update;
        }

        public object? GetService(Type serviceType, object? serviceKey = null) => null;

        public void Dispose()
        {
        }
    }
}
