using OsMEN.Tests.Infrastructure;
using OsMEN.Tests.Llm;

namespace OsMEN.Tests.Gateway.OpenAI;

/// <summary>OpenAI's own library for Node as a client: openai-client/client.mjs tells what it saw.</summary>
public sealed class NodeClientTests : IAsyncLifetime
{
    private readonly OpenAIServer _server = new();

    public ValueTask InitializeAsync() => _server.InitializeAsync();

    public ValueTask DisposeAsync() => _server.DisposeAsync();

    [Fact]
    public async Task It_does_with_the_gateway_what_it_does_with_OpenAI()
    {
        var node = Programs.Need("Node.js", "node");
        var folder = await NodePackages.InstallAsync("openai-client");
        try
        {
            _server.Models.Then(
                ModelScripts.Whole("openai"),
                ModelScripts.Hello("openai"),
                ModelScripts.AddTwoAndThree("openai"),
                ModelScripts.AddTwoAndThree("anthropic"),
                ScriptedAnswer.Json("""{"object":"list","data":[{"object":"embedding","index":0,"embedding":[0.1,0.2]}],"model":"text-embedding-3-small","usage":{"prompt_tokens":5,"total_tokens":5}}"""),
                ModelScripts.Begins("openai", ScriptedAnswer.Cut));
            var output = await Programs.RunAsync(node, Path.Combine(folder, "client.mjs"), new Uri(_server.Gateway.Address, "/v1").ToString(), GatewayServer.AdminKey);
            Assert.Equal(
                [
                    """{"step":"models","agent":true,"offline":true}""",
                    """{"step":"model","id":"agent/daily_brief"}""",
                    """{"step":"chat","text":"Hello","total":120}""",
                    """{"step":"stream","text":"Hello","total":120}""",
                    """{"step":"tools","model":"openai/gpt-5-mini","id":"call_1","name":"add","arguments":{"a":2,"b":3},"reason":"tool_calls"}""",
                    """{"step":"tools","model":"anthropic/claude-sonnet-4-5","id":"call_1","name":"add","arguments":{"a":2,"b":3},"reason":"tool_calls"}""",
                    """{"step":"embeddings","length":2}""",
                    """{"step":"agent","text":true,"used":true}""",
                    """{"step":"agent stream","text":true,"used":true}""",
                    """{"step":"unknown","failed":true,"name":"NotFoundError","status":404,"code":"model_not_found","param":"model","type":"invalid_request_error"}""",
                    """{"step":"bad","failed":true,"name":"BadRequestError","status":400,"code":"invalid_value","param":"n","type":"invalid_request_error"}""",
                    """{"step":"wrong key","failed":true,"name":"AuthenticationError","status":401,"code":"invalid_api_key","param":null,"type":"authentication_error"}""",
                    """{"step":"cut","failed":true,"name":"APIError","status":null,"code":"provider_interrupted","param":null,"type":"server_error"}""",
                ],
                output.Split('\n', StringSplitOptions.RemoveEmptyEntries));
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }
}
