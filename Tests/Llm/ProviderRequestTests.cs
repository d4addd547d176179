using System.Text.Json;
using OsMEN.Executions;
using OsMEN.Tests.AgentWorker.Tools;
using OsMEN.Tests.Infrastructure;

namespace OsMEN.Tests.Llm;

/// <summary>What an OpenAI-compatible provider receives from an agent.</summary>
public sealed class ProviderRequestTests
{
    [Fact]
    public async Task Model_options_reach_the_provider_unchanged()
    {
        const string options = """{"seed":7,"tool_choice":"auto","parallel_tool_calls":false,"logit_bias":{"50256":-100},"reasoning_effort":"minimal","service_tier":"flex","top_p":0.25,"chat_template_kwargs":{"enable_thinking":false},"vendor":[1,{"a":null}]}""";
        await using var worker = await ToolWorker.StartAsync([("a", $$"""
            tools: [current_time]
            model_options: {{options}}
            """)]);
        worker.Model.Then(ModelScripts.CallTheClock(), ModelScripts.Says("Hello"));
        await worker.RunAsync("a", "hello");
        Assert.Equal(2, worker.Model.Requests.Count);
        using var sent = JsonDocument.Parse(options);
        foreach (var request in worker.Model.Requests)
        {
            Assert.Equal("gpt-5-mini", request.Body.GetProperty("model").GetString());
            Assert.Equal("current_time", Assert.Single(request.Body.GetProperty("tools").EnumerateArray()).GetProperty("function").GetProperty("name").GetString());
            foreach (var field in sent.RootElement.EnumerateObject())
                Assert.True(JsonElement.DeepEquals(field.Value, request.Body.GetProperty(field.Name)), $"{field.Name} is {request.Body.GetProperty(field.Name)}");
        }
    }

    [Fact]
    public async Task Tool_arguments_with_half_a_surrogate_pair_are_an_error_that_the_model_sees()
    {
        await using var worker = await ToolWorker.StartAsync([("a", "tools: [current_time]")]);
        worker.Model.Then(ModelScripts.Calls(("1", "current_time", """{"timeZone":"\ud800"}"""), ("2", "current_time", """{"timeZone":"UTC"}""")), ModelScripts.Says("Noon"));
        var ended = await worker.RunAsync("a", "What time is it?");
        Assert.Equal((ExecutionStatus.Completed, 1), (ended.Status, ended.Attempt));
        var results = worker.ToolResults();
        Assert.Equal("Error: the arguments are not a JSON object.", results[0]);
        Assert.DoesNotContain("Error", results[1], StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_failed_execution_is_a_warning_in_the_log_with_its_message()
    {
        var file = Path.Combine(Directory.CreateTempSubdirectory("osmen-log-").FullName, "worker.log");
        await using (var worker = await ToolWorker.StartAsync([("a", "limits: {max_attempts: 1}")], ("LOG_FILE", file), ("LOG_LEVEL", "INFO")))
        {
            worker.Model.Then(ScriptedAnswer.Error(400, "no such parameter"));
            Assert.Equal(ExecutionStatus.Failed, (await worker.RunAsync("a", "hello")).Status);
        }

        var text = string.Concat(Directory.GetFiles(Path.GetDirectoryName(file)!).Select(File.ReadAllText));
        var line = Assert.Single(text.Split('\n'), l => l.Contains("Agent execution failed", StringComparison.Ordinal));
        Assert.Contains("\"level\":\"WARNING\"", line, StringComparison.Ordinal);
        Assert.Contains("no such parameter", line, StringComparison.Ordinal);
        Directory.Delete(Path.GetDirectoryName(file)!, recursive: true);
    }

    [Fact]
    public async Task Groqs_usage_of_a_stream_is_read()
    {
        await using var worker = await ToolWorker.StartAsync([("a", "")]);
        worker.Model.Then(ScriptedAnswer.OpenAI(
            """{"id":"c1","object":"chat.completion.chunk","created":1700000000,"model":"llama","choices":[{"index":0,"delta":{"role":"assistant","content":"Hello"},"finish_reason":null}]}""",
            """{"id":"c1","object":"chat.completion.chunk","created":1700000000,"model":"llama","choices":[{"index":0,"delta":{},"finish_reason":"stop"}],"x_groq":{"id":"r1","usage":{"prompt_tokens":18,"completion_tokens":556,"total_tokens":574}}}"""));
        var ended = await worker.RunAsync("a", "hello");
        Assert.Equal((18, 556), (ended.Tokens.Input, ended.Tokens.Output));
    }

    [Fact]
    public async Task Images_of_an_input_reach_the_provider()
    {
        await using var worker = await ToolWorker.StartAsync([("a", "")]);
        worker.Model.Then(ModelScripts.Says("A cat"));
        const string input = """{"text":"What is it?","images":[{"url":"https://example.com/cat.png","detail":"low"},"data:image/png;base64,iVBORw0KGgo="]}""";
        await worker.EndedAsync(await worker.AcceptAsync("a", "", e => e with { Input = input }));
        var user = worker.Model.Requests.Single().Body.GetProperty("messages").EnumerateArray().Last();
        Assert.Equal(
            """{"role":"user","content":[{"type":"text","text":"What is it?"},{"type":"image_url","image_url":{"url":"https://example.com/cat.png","detail":"low"}},{"type":"image_url","image_url":{"url":"data:image/png;base64,iVBORw0KGgo="}}]}""",
            user.GetRawText());
    }
}
