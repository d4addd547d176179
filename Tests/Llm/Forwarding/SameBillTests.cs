using System.IO.Pipelines;
using System.Text;
using Microsoft.Extensions.AI;
using Microsoft.Extensions.Configuration;
using OsMEN.Llm;
using OsMEN.Llm.Forwarding;
using OsMEN.Tests.Infrastructure;

namespace OsMEN.Tests.Llm.Forwarding;

/// <summary>A call that is handed on as bytes costs what the same call by a chat client costs.</summary>
public sealed class SameBillTests : IAsyncLifetime
{
    private ScriptedModelServer? _server;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public static TheoryData<string> Answers => [.. Scripts.Keys];

    private static Dictionary<string, (bool IsStream, ScriptedAnswer Answer)> Scripts { get; } = new(StringComparer.Ordinal)
    {
        ["whole"] = (false, ModelScripts.Whole("openai")),
        ["whole, no usage"] = (false, ScriptedAnswer.Json("""{"id":"c1","object":"chat.completion","created":1,"model":"gpt-5-mini","choices":[{"index":0,"message":{"role":"assistant","content":"Gr\u00fc\u00dfe \ud83c\udf0d\n"},"finish_reason":"stop"}]}""")),
        ["stream"] = (true, ModelScripts.Hello("openai")),
        ["stream, tools"] = (true, ModelScripts.AddTwoAndThree("openai")),
        ["stream, no usage"] = (true, ScriptedAnswer.OpenAI(
            """{"id":"c1","object":"chat.completion.chunk","created":1,"model":"gpt-5-mini","choices":[{"index":0,"delta":{"role":"assistant","content":"Gr\u00fc\u00dfe \ud83c\udf0d\n"},"finish_reason":null}]}""",
            """{"id":"c1","object":"chat.completion.chunk","created":1,"model":"gpt-5-mini","choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}""")),
        ["stream, cut"] = (true, ModelScripts.Begins("openai", ScriptedAnswer.Cut)),
        ["refused"] = (true, ScriptedAnswer.Error(400, "no")),
        ["failed"] = (false, ScriptedAnswer.Error(500, "no")),
        ["unknown model, no price"] = (false, ScriptedAnswer.Json("""{"id":"c1","object":"chat.completion","created":1,"model":"gpt-5-mini","choices":[{"index":0,"message":{"role":"assistant","content":"x"},"finish_reason":"stop"}],"usage":{"prompt_tokens":1000,"completion_tokens":200,"total_tokens":1200}}""")),
    };

    public async ValueTask InitializeAsync() => _server = await ScriptedModelServer.StartAsync();

    public ValueTask DisposeAsync() => _server!.DisposeAsync();

    [Theory]
    [MemberData(nameof(Answers))]
    public async Task Both_ways_record_the_same_call(string script)
    {
        var (isStream, answer) = Scripts[script];
        _server!.Then(answer, answer);
        var options = LlmOptions.Read(new ConfigurationBuilder().AddInMemoryCollection(new Dictionary<string, string?>(StringComparer.Ordinal)
        {
            ["OPENAI_API_KEY"] = "k",
            ["OPENAI_BASE_URL"] = new Uri(_server.Address, "/v1").ToString(),
        }).Build());
        var calls = new List<LlmCall>();
        using var clients = new ChatClients(options, PriceTable.Shipped(), TimeProvider.System);
        var client = clients.GetOnce(new("openai", "gpt-5-mini"), calls.Add);
        try
        {
            _ = isStream ? await client.GetStreamingResponseAsync("Hi there", cancellationToken: Token).ToChatResponseAsync(Token) : await client.GetResponseAsync("Hi there", cancellationToken: Token);
        }
        catch (LlmException)
        {
            // Recorded all the same.
        }

        using var forwarder = new ModelForwarder(options, PriceTable.Shipped(), TimeProvider.System);
        var request = ForwardRequest.Read(Encoding.UTF8.GetBytes($$"""{"model":"openai/gpt-5-mini","messages":[{"role":"user","content":"Hi there"}],"stream":{{(isStream ? "true" : "false")}}}""")).Request!;
        try
        {
            await using var forwarded = await forwarder.SendAsync(new("openai", "gpt-5-mini"), "chat", request, calls.Add, maxOutputTokens: null, Token);
            if (forwarded.IsStream)
                await forwarded.WriteAsync(PipeWriter.Create(Stream.Null), Token);
        }
        catch (LlmException)
        {
            // Here too.
        }

        Assert.Equal(2, calls.Count);
        Assert.Equal(Bill(calls[0]), Bill(calls[1]));
    }

    // What time has a part in is each call's own.
    private static LlmCall Bill(LlmCall call) => call with { Id = default, StartedAt = default, Duration = default, TimeToFirstToken = null };
}
