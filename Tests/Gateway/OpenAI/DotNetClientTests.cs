using System.ClientModel;
using System.ClientModel.Primitives;
using System.Text;
using global::OpenAI;
using global::OpenAI.Chat;
using OsMEN.Tests.Infrastructure;
using OsMEN.Tests.Llm;

namespace OsMEN.Tests.Gateway.OpenAI;

/// <summary>OpenAI's own library for .NET as a client.</summary>
public sealed class DotNetClientTests : IAsyncLifetime
{
    private readonly OpenAIServer _server = new();

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public ValueTask InitializeAsync() => _server.InitializeAsync();

    public ValueTask DisposeAsync() => _server.DisposeAsync();

    [Fact]
    public async Task It_chats_with_a_model_whole_and_streamed()
    {
        _server.Models.Then(ModelScripts.Whole("openai"), ModelScripts.Hello("openai"));
        var client = Client("openai/gpt-5-mini");
        ChatCompletion whole = await client.CompleteChatAsync([new UserChatMessage("Hi")], cancellationToken: Token);
        Assert.Equal(("Hello", 120), (whole.Content[0].Text, whole.Usage.TotalTokenCount));
        var text = new StringBuilder();
        var tokens = 0;
        await foreach (var piece in client.CompleteChatStreamingAsync([new UserChatMessage("Hi")], cancellationToken: Token))
        {
            text.Append(string.Concat(piece.ContentUpdate.Select(c => c.Text)));
            tokens = piece.Usage?.TotalTokenCount ?? tokens;
        }

        Assert.Equal(("Hello", 120), (text.ToString(), tokens));
    }

    [Theory]
    [InlineData(ModelScripts.OpenAI)]
    [InlineData(ModelScripts.Anthropic)]
    public async Task Its_tools_pass(string model)
    {
        _server.Models.Then(ModelScripts.AddTwoAndThree(model.Split('/')[0]));
        var options = new ChatCompletionOptions { Tools = { ChatTool.CreateFunctionTool("add", "Adds", BinaryData.FromString("""{"type":"object","properties":{"a":{"type":"integer"},"b":{"type":"integer"}}}""")) } };
        var arguments = new StringBuilder();
        ChatFinishReason? reason = null;
        await foreach (var piece in Client(model).CompleteChatStreamingAsync([new UserChatMessage("2+3?")], options, Token))
        {
            foreach (var call in piece.ToolCallUpdates)
                arguments.Append(call.FunctionArgumentsUpdate);
            reason = piece.FinishReason ?? reason;
        }

        Assert.Equal(("""{"a":2,"b":3}""", ChatFinishReason.ToolCalls), (arguments.ToString(), reason));
        Assert.Equal("add", _server.Models.Requests.Single().Body.GetProperty("tools")[0].GetProperty(model == ModelScripts.OpenAI ? "function" : "name") is { ValueKind: System.Text.Json.JsonValueKind.Object } f ? f.GetProperty("name").GetString() : "add");
    }

    [Fact]
    public async Task It_runs_an_agent_and_lists_models()
    {
        ChatCompletion answer = await Client("agent/daily_brief").CompleteChatAsync([new UserChatMessage("Monday 09:00 design review. The fix must merge before noon.")], cancellationToken: Token);
        Assert.StartsWith("[offline]", answer.Content[0].Text, StringComparison.Ordinal);
        Assert.True(answer.Usage.TotalTokenCount > 0);
        var models = new global::OpenAI.Models.OpenAIModelClient(Key(), Options());
        Assert.Contains((await models.GetModelsAsync(Token)).Value, m => m.Id == "agent/daily_brief");
        Assert.Equal("agent/daily_brief", (await models.GetModelAsync("agent/daily_brief", Token)).Value.Id);
    }

    [Fact]
    public async Task It_raises_errors_with_their_status_and_message()
    {
        var unknown = await Assert.ThrowsAsync<ClientResultException>(() => Client("agent/none").CompleteChatAsync([new UserChatMessage("Hi")], cancellationToken: Token));
        Assert.Equal(404, unknown.Status);
        Assert.Contains("model_not_found", unknown.Message, StringComparison.Ordinal);
        _server.Models.Then(ScriptedAnswer.Error(400, "too long"));
        var refused = await Assert.ThrowsAsync<ClientResultException>(() => Client("openai/gpt-5-mini").CompleteChatAsync([new UserChatMessage("Hi")], cancellationToken: Token));
        Assert.Equal(400, refused.Status);
        Assert.Contains("too long", refused.Message, StringComparison.Ordinal);
    }

    private static ApiKeyCredential Key() => new(GatewayServer.AdminKey);

    private OpenAIClientOptions Options() => new() { Endpoint = new Uri(_server.Gateway.Address, "/v1"), RetryPolicy = new ClientRetryPolicy(0) };

    private ChatClient Client(string model) => new(model, Key(), Options());
}
