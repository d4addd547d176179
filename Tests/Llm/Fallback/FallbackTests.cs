using System.Collections.Concurrent;
using Microsoft.Extensions.AI;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Logging.Abstractions;
using OsMEN.Llm;
using OsMEN.Llm.Fallback;
using OsMEN.ServiceDefaults.Configuration;
using OsMEN.Tests.Infrastructure;

namespace OsMEN.Tests.Llm.Fallback;

/// <summary>Ordered models against a server that speaks two providers' wire formats.</summary>
public sealed class FallbackTests : IAsyncLifetime
{
    private readonly ConcurrentQueue<LlmCall> _calls = new();
    private readonly ManualTimeProvider _clock = new();
    private ScriptedModelServer? _server;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync() => _server = await ScriptedModelServer.StartAsync();

    public ValueTask DisposeAsync() => _server!.DisposeAsync();

    [Theory]
    [InlineData(429)]
    [InlineData(500)]
    [InlineData(401)]
    public async Task Another_model_is_asked_when_one_does_not_answer_and_both_calls_are_counted(int status)
    {
        _server!.Then(ScriptedAnswer.Error(status, "no"), ModelScripts.Hello("anthropic"));
        Assert.Equal("Hello", (await Client(Make()).GetStreamingResponseAsync("Hi", cancellationToken: Token).ToChatResponseAsync(Token)).Text);
        Assert.Equal([("openai", LlmCallStatus.Error), ("anthropic", LlmCallStatus.Ok)], _calls.Select(c => (c.Platform, c.Status)));
    }

    [Fact]
    public async Task A_request_that_is_wrong_is_not_asked_of_another()
    {
        _server!.Then(ScriptedAnswer.Error(400, "too long"));
        var e = await Assert.ThrowsAsync<LlmException>(() => Client(Make()).GetResponseAsync("Hi", cancellationToken: Token));
        Assert.Equal((LlmErrorKind.BadRequest, 1), (e.Kind, _server.Requests.Count));
    }

    [Fact]
    public async Task What_has_begun_is_not_taken_over()
    {
        _server!.Then(ModelScripts.Begins("openai", ScriptedAnswer.Cut));
        await Assert.ThrowsAsync<LlmException>(() => Client(Make()).GetStreamingResponseAsync("Hi", cancellationToken: Token).ToChatResponseAsync(Token));
        Assert.Single(_server.Requests);
    }

    [Fact]
    public async Task A_platform_that_asks_to_wait_is_left_alone_as_long_as_it_says()
    {
        _server!.Then(ScriptedAnswer.Error(429, "slow down", "20"), ModelScripts.Whole("anthropic"), ModelScripts.Whole("anthropic"), ModelScripts.Whole("openai"));
        var client = Client(Make());
        await client.GetResponseAsync("Hi", cancellationToken: Token);
        _clock.Advance(TimeSpan.FromSeconds(19));
        await client.GetResponseAsync("Hi", cancellationToken: Token);
        _clock.Advance(TimeSpan.FromSeconds(2));
        await client.GetResponseAsync("Hi", cancellationToken: Token);
        Assert.Equal(["openai", "anthropic", "anthropic", "openai"], _calls.Select(c => c.Platform));
    }

    [Fact]
    public async Task A_platform_that_keeps_failing_is_not_asked_for_ten_seconds()
    {
        _server!.Otherwise = request => request.GetProperty("model").GetString() == "gpt-5-mini" ? ScriptedAnswer.Error(500, "no") : ModelScripts.Whole("anthropic");
        var client = Client(Make());
        for (var i = 0; i < 15; i++)
            await client.GetResponseAsync("Hi", cancellationToken: Token);
        Assert.Equal((10, 15), (_calls.Count(c => c.Platform == "openai"), _calls.Count(c => c.Platform == "anthropic")));
        _server.Otherwise = _ => ModelScripts.Whole("openai");
        _clock.Advance(TimeSpan.FromSeconds(11));
        await client.GetResponseAsync("Hi", cancellationToken: Token);
        Assert.Equal(("openai", LlmCallStatus.Ok), (_calls.Last().Platform, _calls.Last().Status));
    }

    [Fact]
    public async Task Beyond_its_tokens_a_minute_a_platform_is_passed_over_until_they_are_made_good()
    {
        _server!.Otherwise = request => ModelScripts.Whole(request.GetProperty("model").GetString() == "gpt-5-mini" ? "openai" : "anthropic");
        var client = Client(Make(("Llm:Providers:openai:TokensPerMinute", "1000")));
        for (var i = 0; i < 10; i++)
            await client.GetResponseAsync("Hi", cancellationToken: Token);

        // 120 tokens a call: nine take the 1,000 below nothing.
        Assert.Equal(9, _calls.Count(c => c.Platform == "openai"));
        _clock.Advance(TimeSpan.FromSeconds(6));
        await client.GetResponseAsync("Hi", cancellationToken: Token);
        Assert.Equal("openai", _calls.Last().Platform);
    }

    [Fact]
    public async Task Beyond_its_calls_at_once_a_platform_is_passed_over_and_the_last_is_waited_for()
    {
        var go = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        _server!.Then(ModelScripts.Whole("openai") with { Before = _ => go.Task }, ModelScripts.Whole("anthropic"));
        var calls = Make(("Llm:Providers:openai:MaxConcurrency", "1"));
        var first = Client(calls).GetResponseAsync("Hi", cancellationToken: Token);
        await Programs.UntilAsync(() => Task.FromResult(_server.Requests.Count == 1), "the first is under way");
        await Client(calls).GetResponseAsync("Hi", cancellationToken: Token);
        Assert.Equal("anthropic", Assert.Single(_calls).Platform);
        var patient = Client(calls, ModelScripts.OpenAI).GetResponseAsync("Hi", cancellationToken: Token);
        Assert.Equal(2, _server.Requests.Count);
        _server.Then(ModelScripts.Whole("openai"));
        go.SetResult();
        await Task.WhenAll(first, patient);
        Assert.Equal(3, _server.Requests.Count);
    }

    [Fact]
    public void An_alias_stands_for_its_models_and_what_is_not_configured_is_left_out()
    {
        var calls = Make(("Llm:Aliases:quick", "azure/x, openai/gpt-5-mini, offline/extractive"));
        Assert.Equal(["openai/gpt-5-mini", "offline/extractive"], calls.Resolve("quick").Select(m => m.ToString()));
        Assert.Equal(["anthropic/a", "openai/gpt-5-mini", "offline/extractive"], calls.Resolve("anthropic/a", ["quick", "anthropic/a"]).Select(m => m.ToString()));
        Assert.Equal(LlmErrorKind.NotConfigured, Assert.Throws<LlmException>(() => calls.Resolve("slow")).Kind);
    }

    [Fact]
    public void The_bare_name_of_a_configured_model_is_enough_unless_it_is_ambiguous()
    {
        var calls = Make(("Llm:Aliases:quick", "openai/gpt-5-mini, offline/extractive"), ("Llm:Aliases:both", "anthropic/x, openai/x"));
        Assert.Equal(["openai/gpt-5-mini"], calls.Resolve("gpt-5-mini").Select(m => m.ToString()));
        Assert.Equal(["offline/extractive"], calls.Resolve("extractive").Select(m => m.ToString()));
        var ambiguous = Assert.Throws<LlmException>(() => calls.Resolve("x"));
        Assert.Equal("Model 'x' is ambiguous here: name one of anthropic/x, openai/x.", ambiguous.Message);
    }

    [Theory]
    [InlineData("Llm:Aliases:quick", "gpt-5")]
    [InlineData("Llm:Aliases:quick", "")]
    [InlineData("Llm:Providers:nobody:MaxConcurrency", "1")]
    [InlineData("Llm:Providers:openai:MaxConcurrency", "0")]
    [InlineData("Llm:Providers:openai:TokensPerMinute", "many")]
    public void A_wrong_setting_is_named(string key, string value) =>
        Assert.Contains(key[..key.LastIndexOf(':')], Assert.Throws<ConfigurationException>(() => Make((key, value))).Message, StringComparison.Ordinal);

    private IChatClient Client(ModelCalls calls, params string[] models)
    {
        var options = LlmOptions.Read(Configuration());
        var clients = new ChatClients(options, PriceTable.Shipped(), _clock);
        return clients.Get(models.Length == 0 ? calls.Resolve(ModelScripts.OpenAI, [ModelScripts.Anthropic]) : calls.Resolve(models[0]), calls, _calls.Enqueue);
    }

    private ModelCalls Make(params (string Key, string Value)[] settings)
    {
        var configuration = Configuration(settings);
        var options = LlmOptions.Read(configuration);
        return new ModelCalls(options, ModelRoutes.Read(configuration, options), _clock, NullLogger<ModelCalls>.Instance);
    }

    private IConfiguration Configuration(params (string Key, string Value)[] settings) => new ConfigurationBuilder()
        .AddInMemoryCollection(new Dictionary<string, string?>(StringComparer.Ordinal)
        {
            ["OPENAI_API_KEY"] = "k",
            ["OPENAI_BASE_URL"] = new Uri(_server!.Address, "/v1").ToString(),
            ["ANTHROPIC_API_KEY"] = "k",
            ["ANTHROPIC_BASE_URL"] = _server.Address.ToString(),
        })
        .AddInMemoryCollection(settings.ToDictionary(s => s.Key, s => (string?)s.Value, StringComparer.Ordinal)).Build();
}
