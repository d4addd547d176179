using System.Collections.Concurrent;
using System.ComponentModel;
using System.Text;
using Microsoft.Extensions.AI;
using Microsoft.Extensions.Configuration;
using OsMEN.Llm;
using OsMEN.Llm.Fallback;
using OsMEN.Llm.Tools;
using OsMEN.Tests.Infrastructure;

namespace OsMEN.Tests.Llm;

/// <summary>The chain of clients against a server that speaks the providers' wire formats, each test for both.</summary>
public sealed class ChatClientTests : IAsyncLifetime
{
    private const string Secret = "sk-secret-key-of-the-tests";

    private readonly ConcurrentQueue<LlmCall> _calls = new();
    private readonly ManualTimeProvider _clock = new();
    private ScriptedModelServer? _server;
    private ChatClients? _clients;
    private ModelCalls? _models;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public static TheoryData<string> Models => [ModelScripts.OpenAI, ModelScripts.Anthropic];

    public async ValueTask InitializeAsync()
    {
        _server = await ScriptedModelServer.StartAsync();
        var configuration = new ConfigurationBuilder().AddInMemoryCollection(new Dictionary<string, string?>(StringComparer.Ordinal)
        {
            ["OPENAI_API_KEY"] = Secret,
            ["OPENAI_BASE_URL"] = new Uri(_server.Address, "/v1").ToString(),
            ["ANTHROPIC_API_KEY"] = Secret,
            ["ANTHROPIC_BASE_URL"] = _server.Address.ToString(),
        }).Build();
        var options = LlmOptions.Read(configuration);
        _clients = new ChatClients(options, PriceTable.Shipped(), _clock);
        _models = ModelScripts.Calls(options, _clock);
    }

    public async ValueTask DisposeAsync()
    {
        _clients!.Dispose();
        await _server!.DisposeAsync();
    }

    [Theory]
    [MemberData(nameof(Models))]
    public async Task A_plain_answer_is_read_and_counted(string model)
    {
        _server!.Then(ModelScripts.Whole(PlatformOf(model)));
        var response = await Client(model).GetResponseAsync("Hi", new ChatOptions { Instructions = "Be brief." }, Token);
        Assert.Equal("Hello", response.Text);
        AssertCounted(model, Assert.Single(_calls));
        Assert.Contains("Be brief.", Assert.Single(_server.Requests).Body.ToString(), StringComparison.Ordinal);
        Assert.Contains(Secret, _server.Requests.Single().Authorization, StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(Models))]
    public async Task A_streamed_answer_comes_in_pieces_and_is_counted(string model)
    {
        _server!.Then(ModelScripts.Hello(PlatformOf(model)));
        var pieces = await Client(model).GetStreamingResponseAsync("Hi", cancellationToken: Token).Where(u => u.Text.Length > 0).Select(u => u.Text).ToListAsync(Token);
        Assert.Equal(["Hel", "lo"], pieces);
        AssertCounted(model, Assert.Single(_calls));
        Assert.NotNull(_calls.Single().TimeToFirstToken);
    }

    [Theory]
    [MemberData(nameof(Models))]
    public async Task The_tool_loop_runs_the_tool_and_shows_its_result_to_the_model(string model)
    {
        _server!.Then(ModelScripts.AddTwoAndThree(PlatformOf(model)), ModelScripts.Hello(PlatformOf(model)));
        var observer = new Observer();
        var result = await LoopAsync(model, observer);
        Assert.Equal(new ToolLoopResult("Hello", 2, 1), result);
        Assert.Equal(("Hello", "1 add"), (observer.Text.ToString(), Assert.Single(observer.Tools)));
        Assert.Equal(2, _calls.Count);
        var second = _server.Requests.Last().Body.ToString();
        Assert.Contains("call_1", second, StringComparison.Ordinal);
        Assert.Contains("5", second, StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(Models))]
    public async Task The_tool_loop_ends_at_its_limits(string model)
    {
        for (var i = 0; i < 2; i++)
            _server!.Then(ModelScripts.AddTwoAndThree(PlatformOf(model)));
        var rounds = await Assert.ThrowsAsync<LlmException>(() => LoopAsync(model, new Observer(), new ToolLoopLimits(MaxRounds: 2)));
        Assert.Equal((LlmErrorKind.TooManyRounds, false), (rounds.Kind, rounds.IsTransient));
        _server!.Then(ModelScripts.AddTwoAndThree(PlatformOf(model)));
        var tokens = await Assert.ThrowsAsync<LlmException>(() => LoopAsync(model, new Observer(), new ToolLoopLimits(MaxTokens: 120)));
        Assert.Equal(LlmErrorKind.TooManyTokens, tokens.Kind);
    }

    [Theory]
    [MemberData(nameof(Models))]
    public async Task A_tool_that_fails_is_told_to_the_model(string model)
    {
        _server!.Then(ModelScripts.AddTwoAndThree(PlatformOf(model)), ModelScripts.Hello(PlatformOf(model)));
        await LoopAsync(model, new Observer { Failure = new InvalidDataException("no adding today") });
        Assert.Contains("Error: no adding today", _server.Requests.Last().Body.ToString(), StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(Models))]
    public async Task Too_many_requests_are_repeated_after_the_time_that_the_provider_asks_for(string model)
    {
        _server!.Then(ScriptedAnswer.Error(429, "slow down", "7"), ModelScripts.Hello(PlatformOf(model)));
        var answer = TextAsync(model);
        await _clock.WaitForTimerOfAsync(TimeSpan.FromSeconds(7), Token);
        Assert.False(answer.IsCompleted);
        _clock.Advance(TimeSpan.FromSeconds(7));
        Assert.Equal("Hello", await answer);
        Assert.Equal([(LlmCallStatus.Error, "RateLimited"), (LlmCallStatus.Ok, null)], _calls.Select(c => (c.Status, c.Error)));
        Assert.Equal(default, _calls.First().Tokens);
    }

    [Theory]
    [MemberData(nameof(Models))]
    public async Task An_error_that_stays_is_told_without_the_key(string model)
    {
        _server!.Then(ScriptedAnswer.Error(400, "no such model"));
        var bad = await Assert.ThrowsAsync<LlmException>(() => TextAsync(model));
        Assert.Equal((LlmErrorKind.BadRequest, $"{_server.Address.Authority} answered 400: no such model"), (bad.Kind, bad.Message));
        _server.Then(ScriptedAnswer.Error(401, $"Incorrect API key provided: {Secret}"));
        var refused = await Assert.ThrowsAsync<LlmException>(() => TextAsync(model));
        Assert.Equal((LlmErrorKind.Unauthorized, $"{_server.Address.Authority} answered 401: the key was refused"), (refused.Kind, refused.Message));
        Assert.DoesNotContain(Secret, refused.ToString(), StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(Models))]
    public async Task A_failing_server_is_asked_again_and_then_given_up(string model)
    {
        for (var i = 0; i < 3; i++)
            _server!.Then(ScriptedAnswer.Error(500, "oops"));
        var answer = TextAsync(model);
        for (var i = 0; i < 2; i++)
            await _clock.AdvanceToTimerWithinAsync(TimeSpan.FromSeconds(2), Token);

        var failed = await Assert.ThrowsAsync<LlmException>(() => answer);
        Assert.Equal((LlmErrorKind.Unavailable, true, 3), (failed.Kind, failed.IsTransient, _calls.Count));
    }

    [Theory]
    [MemberData(nameof(Models))]
    public async Task A_stream_that_is_cut_is_an_error_with_what_it_used(string model)
    {
        _server!.Then(ModelScripts.Begins(PlatformOf(model), ScriptedAnswer.Cut));
        var cut = await Assert.ThrowsAsync<LlmException>(() => TextAsync(model));
        Assert.Equal((LlmErrorKind.Interrupted, true), (cut.Kind, cut.IsTransient));
        var call = Assert.Single(_calls);
        Assert.Equal((LlmCallStatus.Error, "Interrupted"), (call.Status, call.Error));
        Assert.True(call.Tokens.Output > 0);
    }

    [Theory]
    [MemberData(nameof(Models))]
    public async Task A_silent_stream_is_left_after_the_idle_time(string model)
    {
        _server!.Then(ModelScripts.Begins(PlatformOf(model), ScriptedAnswer.Hang));
        var answer = TextAsync(model);
        await Programs.UntilAsync(() => Task.FromResult(_server.Requests.Count == 1), "the request is there");
        while (!answer.IsCompleted)
        {
            _clock.Advance(TimeSpan.FromSeconds(61));
            await Task.Yield();
        }

        var silent = await Assert.ThrowsAsync<LlmException>(() => answer);
        Assert.Equal(LlmErrorKind.Timeout, silent.Kind);
    }

    [Theory]
    [MemberData(nameof(Models))]
    public async Task A_stream_that_its_reader_leaves_is_read_to_its_usage(string model)
    {
        _server!.Then(ModelScripts.Hello(PlatformOf(model)));
        await foreach (var update in Client(model).GetStreamingResponseAsync("Hi", cancellationToken: Token))
        {
            if (update.Text.Length > 0)
                break;
        }

        await Programs.UntilAsync(() => Task.FromResult(!_calls.IsEmpty), "the call is recorded");
        AssertCounted(model, Assert.Single(_calls) with { Status = LlmCallStatus.Ok });
        Assert.Equal(LlmCallStatus.Cancelled, _calls.Single().Status);
    }

    [Fact]
    public void A_model_without_a_configured_platform_is_refused_with_what_there_is()
    {
        var e = Assert.Throws<LlmException>(() => _models!.Resolve("azure/gpt-5"));
        Assert.Equal("Model 'azure/gpt-5' cannot be called: write it as platform/model, with a platform that is configured here (openai, anthropic, offline).", e.Message);
    }

    private static string PlatformOf(string model) => model[..model.IndexOf('/', StringComparison.Ordinal)];

    // 100 in, of which 40 from the cache (and, at Anthropic, 10 written to it); 20 out, of which (at OpenAI) 8 were reasoning.
    private static void AssertCounted(string model, LlmCall call)
    {
        Assert.True(ModelName.TryParse(model, out var name));
        var tokens = name.Platform == "openai" ? new TokenUsage(100, 20, 40, 0, 8) : new TokenUsage(100, 20, 40, 10);

        // gpt-5-mini: $0.25 in, $0.025 cached, $2 out a million. claude-sonnet-4-5: $3, $0.30, $3.75 written, $15.
        var cost = name.Platform == "openai"
            ? (60 * 0.25m + 40 * 0.025m + 20 * 2m) / 1_000_000
            : (50 * 3m + 40 * 0.30m + 10 * 3.75m + 20 * 15m) / 1_000_000;
        Assert.Equal((LlmCallStatus.Ok, name.Platform, tokens, cost, false), (call.Status, call.Platform, call.Tokens, call.CostUsd, call.Estimated));
        Assert.StartsWith(name.Model, call.Model, StringComparison.Ordinal);
    }

    private IChatClient Client(string model) => _clients!.Client(_models!, model, _calls.Enqueue);

    private async Task<string> TextAsync(string model)
    {
        var text = new StringBuilder();
        await foreach (var update in Client(model).GetStreamingResponseAsync("Hi", cancellationToken: Token))
            text.Append(update.Text);
        return text.ToString();
    }

    private Task<ToolLoopResult> LoopAsync(string model, Observer observer, ToolLoopLimits? limits = null) =>
        new ToolLoop(Client(model), limits ?? new ToolLoopLimits()).RunAsync(
            [new ChatMessage(ChatRole.User, "2+3?")], new ChatOptions { Tools = [AIFunctionFactory.Create(Add, "add")] }, observer, Token);

    [Description("Adds")]
    private static int Add(int a, int b) => a + b;

    private sealed class Observer : IToolLoopObserver
    {
        public StringBuilder Text { get; } = new();

        public List<string> Tools { get; } = [];

        public Exception? Failure { get; init; }

        public ValueTask OnTextAsync(string delta, CancellationToken cancellationToken)
        {
            Text.Append(delta);
            return default;
        }

        public ValueTask OnTurnAsync(int round, ToolLoopTurn turn, CancellationToken cancellationToken) => default;

        public ValueTask<object?> OnToolAsync(int round, FunctionCallContent call, AIFunction tool, CancellationToken cancellationToken)
        {
            Tools.Add($"{round} {call.Name}");
            return Failure is null ? tool.InvokeAsync(new AIFunctionArguments(call.Arguments), cancellationToken) : throw Failure;
        }
    }
}
