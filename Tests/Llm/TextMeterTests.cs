using Microsoft.Extensions.Configuration;
using OsMEN.Llm;
using OsMEN.Llm.Forwarding;
using OsMEN.Tests.Infrastructure;

namespace OsMEN.Tests.Llm;

/// <summary>How tokens are estimated that no provider reported.</summary>
public sealed class TextMeterTests
{
    [Theory]
    [InlineData("hello world", 2)]
    [InlineData("""{"a":1,"b":[true,null]}""", 10)]
    [InlineData("今天天气很好", 4)]
    public void A_known_model_is_counted_with_its_tokenizer(string text, int expected)
    {
        var meter = new TextMeter(Tokenizers.For(new LlmOptions { CountsTokens = true }, new ModelName("openai", "gpt-5-mini")));
        foreach (var part in text)
            meter.Add(part.ToString());
        Assert.Equal((expected, text.Length), (meter.Tokens(), meter.Characters));
    }

    [Theory]
    [InlineData("openai", "llama-3", true)]
    [InlineData("ollama", "gpt-4o", true)]
    [InlineData("openai", "gpt-4o", false)]
    public void Other_models_are_estimated_at_four_characters_per_token(string platform, string model, bool countsTokens)
    {
        var meter = new TextMeter(Tokenizers.For(new LlmOptions { CountsTokens = countsTokens }, new ModelName(platform, model)));
        meter.Add("今天天气很好");
        Assert.Equal(2, meter.Tokens());
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_call_without_reported_usage_is_billed_by_counted_tokens(bool forwarded)
    {
        var token = TestContext.Current.CancellationToken;
        await using var server = await ScriptedModelServer.StartAsync();
        server.Then(ScriptedAnswer.Json("""{"id":"c1","object":"chat.completion","created":1700000000,"model":"gpt-5-mini","choices":[{"index":0,"message":{"role":"assistant","content":"今天天气很好"},"finish_reason":"stop"}]}"""));
        var options = LlmOptions.Read(new ConfigurationBuilder().AddInMemoryCollection(new Dictionary<string, string?>(StringComparer.Ordinal)
        {
            ["OPENAI_BASE_URL"] = new Uri(server.Address, "/v1").ToString(),
            ["LLM_TOKENIZER"] = "true",
        }).Build());
        var model = new ModelName("openai", "gpt-5-mini");
        var call = new TaskCompletionSource<LlmCall>();
        if (forwarded)
        {
            using var forwarder = new ModelForwarder(options, PriceTable.Shipped(), TimeProvider.System);
            var (request, _, _) = ForwardRequest.Read("""{"model":"openai/gpt-5-mini","messages":[{"role":"user","content":"hello world"}]}"""u8.ToArray());
            await using var answer = await forwarder.SendAsync(model, "chat", request!, call.SetResult, null, token);
        }
        else
        {
            using var clients = new ChatClients(options, PriceTable.Shipped(), TimeProvider.System);
            await clients.GetOnce(model, call.SetResult).GetResponseAsync([new(Microsoft.Extensions.AI.ChatRole.User, "hello world")], cancellationToken: token);
        }

        var made = await call.Task.WaitAsync(token);
        Assert.Equal((new TokenUsage(2, 4), true), (made.Tokens, made.Estimated));
    }
}
