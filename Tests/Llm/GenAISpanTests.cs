using System.ComponentModel;
using System.Diagnostics;
using System.Text.Json;
using Microsoft.Extensions.AI;
using Microsoft.Extensions.Configuration;
using OsMEN.Llm;
using OsMEN.Llm.Pipeline;
using OsMEN.Llm.Tools;
using OsMEN.ServiceDefaults.Logging;
using OsMEN.Tests.Infrastructure;

namespace OsMEN.Tests.Llm;

/// <summary>The attributes of <c>chat</c> and <c>execute_tool</c> spans, which Aspire's GenAI view reads.</summary>
public sealed class GenAISpanTests : IAsyncLifetime
{
    private ScriptedModelServer? _server;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync() => _server = await ScriptedModelServer.StartAsync();

    public ValueTask DisposeAsync() => _server!.DisposeAsync();

    [Fact]
    public async Task Chat_spans_carry_instructions_messages_tool_definitions_model_and_tokens()
    {
        using var recorder = new SpanRecorder();
        await RunAsync(ModelScripts.OpenAI, captures: true, ModelScripts.AddTwoAndThree("openai"), ModelScripts.Hello("openai"));

        var chats = recorder.Spans.Where(s => s.DisplayName == "chat gpt-5-mini").ToArray();
        Assert.Equal(2, chats.Length);
        Assert.All(chats, c => Assert.Equal((ActivityKind.Client, ActivityStatusCode.Unset), (c.Kind, c.Status)));
        Assert.Equal(
            $$$"""
            gen_ai.input.messages = [{"role":"user","parts":[{"type":"text","content":"2+3?"}]},{"role":"assistant","parts":[{"type":"tool_call","id":"call_1","name":"add","arguments":{"a":2,"b":3}}]},{"role":"tool","parts":[{"type":"tool_call_response","id":"call_1","response":"5"}]}]
            gen_ai.operation.name = chat
            gen_ai.output.messages = [{"role":"assistant","parts":[{"type":"text","content":"Hello"}],"finish_reason":"stop"}]
            gen_ai.output.type = text
            gen_ai.provider.name = openai
            gen_ai.request.max_tokens = 500
            gen_ai.request.model = gpt-5-mini
            gen_ai.request.temperature = 0.5
            gen_ai.response.finish_reasons = stop
            gen_ai.response.id = c1
            gen_ai.response.model = gpt-5-mini-2025-08-07
            gen_ai.system_instructions = [{"type":"text","content":"You add."}]
            gen_ai.tool.definitions = [{"type":"function","name":"add","description":"Adds two numbers","parameters":{"type":"object","properties":{"a":{"description":"The first number","type":"integer"},"b":{"type":"integer"}},"required":["a","b"]}}]
            gen_ai.usage.cache_read.input_tokens = 40
            gen_ai.usage.input_tokens = 100
            gen_ai.usage.output_tokens = 20
            gen_ai.usage.reasoning.output_tokens = 8
            server.address = 127.0.0.1
            server.port = {{{_server!.Address.Port}}}
            """,
            SpanRecorder.Attributes(chats[1]));
        Assert.Equal(
            """[{"role":"assistant","parts":[{"type":"tool_call","id":"call_1","name":"add","arguments":{"a":2,"b":3}}],"finish_reason":"tool_call"}]""",
            chats[0].GetTagItem("gen_ai.output.messages"));
        Assert.Equal(
            """
            gen_ai.operation.name = execute_tool
            gen_ai.tool.call.arguments = {"a":2,"b":3}
            gen_ai.tool.call.id = call_1
            gen_ai.tool.call.result = 5
            gen_ai.tool.description = Adds two numbers
            gen_ai.tool.name = add
            gen_ai.tool.type = function
            """,
            SpanRecorder.Attributes(recorder.Span("execute_tool add")));
    }

    [Fact]
    public async Task Anthropic_answers_have_the_same_attributes()
    {
        using var recorder = new SpanRecorder();
        await RunAsync(ModelScripts.Anthropic, captures: true, ModelScripts.Hello("anthropic"));
        var chat = recorder.Span("chat claude-sonnet-4-5");
        Assert.Equal(
            $"""
            gen_ai.operation.name = chat
            gen_ai.output.type = text
            gen_ai.provider.name = anthropic
            gen_ai.request.max_tokens = 500
            gen_ai.request.model = claude-sonnet-4-5
            gen_ai.request.temperature = 0.5
            gen_ai.response.finish_reasons = stop
            gen_ai.response.id = m1
            gen_ai.response.model = claude-sonnet-4-5-20250929
            gen_ai.usage.cache_creation.input_tokens = 10
            gen_ai.usage.cache_read.input_tokens = 40
            gen_ai.usage.input_tokens = 100
            gen_ai.usage.output_tokens = 20
            server.address = 127.0.0.1
            server.port = {_server!.Address.Port}
            """,
            string.Join('\n', SpanRecorder.Attributes(chat).Split('\n').Where(l => !l.Contains(" = [", StringComparison.Ordinal))));
        Assert.Equal("""[{"role":"assistant","parts":[{"type":"text","content":"Hello"}],"finish_reason":"stop"}]""", chat.GetTagItem("gen_ai.output.messages"));
    }

    [Fact]
    public async Task Spans_record_no_content_when_capturing_is_off()
    {
        using var recorder = new SpanRecorder();
        await RunAsync(ModelScripts.OpenAI, captures: false, ModelScripts.AddTwoAndThree("openai"), ModelScripts.Hello("openai"));
        Assert.Equal(3, recorder.Spans.Count);
        Assert.Empty(recorder.Spans.SelectMany(s => s.TagObjects).Select(t => t.Key).Intersect(
            ["gen_ai.system_instructions", "gen_ai.input.messages", "gen_ai.output.messages", "gen_ai.tool.definitions", "gen_ai.tool.call.arguments", "gen_ai.tool.call.result"]));
        Assert.Equal(100L, recorder.Spans[0].GetTagItem("gen_ai.usage.input_tokens"));
    }

    [Fact]
    public async Task A_failed_tool_records_what_the_model_was_told()
    {
        using var recorder = new SpanRecorder();
        await RunAsync(ModelScripts.OpenAI, captures: true, ModelScripts.Calls(("call_1", "subtract", "{}")), ModelScripts.Hello("openai"));
        var tool = recorder.Span("execute_tool unknown");
        Assert.Equal((ActivityStatusCode.Error, "unknown_tool"), (tool.Status, tool.GetTagItem("error.type")));
        Assert.Equal("Error: there is no tool 'subtract'. There are: add.", tool.GetTagItem("gen_ai.tool.call.result"));
    }

    [Fact]
    public void Secrets_are_redacted_in_every_text_and_named_value()
    {
        var arguments = Json("""{"url":"https://ana:hunter2@example.com/","login":{"password":"hunter2","user":"ana"},"api_key":"hunter2"}""");
        var messages = new ChatMessage[]
        {
            new(ChatRole.User, "Use Bearer hunter2"),
            new(ChatRole.Assistant, [new FunctionCallContent("call_1", "log_in", arguments)]),
            new(ChatRole.Tool, [new FunctionResultContent("call_1", """{"token":"hunter2","ok":true}""")]),
        };
        Assert.Equal(
            """[{"role":"user","parts":[{"type":"text","content":"Use Bearer ***"}]},{"role":"assistant","parts":[{"type":"tool_call","id":"call_1","name":"log_in","arguments":{"url":"https://ana:***@example.com/","login":{"password":"***","user":"ana"},"api_key":"***"}}]},{"role":"tool","parts":[{"type":"tool_call_response","id":"call_1","response":"{\"token\":\"***\",\"ok\":true}"}]}]""",
            MessageContent.Input(messages));
    }

    [Theory]
    [InlineData("password=hunter2", "password=***")]
    [InlineData("Server=db;Password=hunter 2;", "Server=db;Password=***;")]
    [InlineData("Authorization: Basic aHVudGVyMg==", "Authorization: ***")]
    [InlineData("cookie: session=hunter2", "cookie: ***")]
    public void Redaction_at_export_leaves_the_json_intact(string text, string expected)
    {
        var json = MessageContent.Input([new(ChatRole.User, text), new(ChatRole.Assistant, "Done; anything else?")]);
        var exported = SecretRedactor.Redact(json);
        Assert.DoesNotContain("hunter", exported, StringComparison.Ordinal);
        using var read = JsonDocument.Parse(exported);
        Assert.Equal(
            [expected, "Done; anything else?"],
            read.RootElement.EnumerateArray().Select(m => m.GetProperty("parts")[0].GetProperty("content").GetString()));
    }

    [Fact]
    public void Images_and_links_are_recorded_and_what_is_too_large_is_described()
    {
        var message = new ChatMessage(ChatRole.User,
        [
            new DataContent(new byte[] { 1, 2, 3 }, "image/png"),
            new UriContent("https://example.com/cat.jpg", "image/jpeg"),
            new DataContent(new byte[MessageContent.MaxText], "image/png"),
        ]);
        Assert.Equal(
            """[{"role":"user","parts":[{"type":"blob","mime_type":"image/png","modality":"image","content":"AQID"},{"type":"uri","mime_type":"image/jpeg","modality":"image","uri":"https://example.com/cat.jpg"},{"type":"text","content":"(image/png, 32768 bytes, not recorded)"}]}]""",
            MessageContent.Input([message]));
    }

    [Fact]
    public void The_latest_messages_of_a_long_conversation_are_recorded_whole()
    {
        var messages = new ChatMessage[]
        {
            new(ChatRole.User, "Question"),
            new(ChatRole.Tool, [new FunctionResultContent("call_1", new string('a', 40_000))]),
            new(ChatRole.Assistant, [new FunctionCallContent("call_2", "add", Json("""{"a":2,"b":"three"}"""))]),
            new(ChatRole.Tool, [new FunctionResultContent("call_2", "The latest result")]),
        };
        var shareOfFirstResult = MessageContent.MaxText - "The latest result".Length - "a2b\"three\"".Length;
        Assert.Equal(
            $$$"""[{"role":"user","parts":[{"type":"text","content":"…"}]},{"role":"tool","parts":[{"type":"tool_call_response","id":"call_1","response":"{{{new string('a', shareOfFirstResult)}}}…"}]},{"role":"assistant","parts":[{"type":"tool_call","id":"call_2","name":"add","arguments":{"a":2,"b":"three"}}]},{"role":"tool","parts":[{"type":"tool_call_response","id":"call_2","response":"The latest result"}]}]""",
            MessageContent.Input(messages));
    }

    [Fact]
    public void Long_texts_are_cut_off_between_characters()
    {
        var text = new string('a', MessageContent.MaxText - 1) + "😀";
        using var json = JsonDocument.Parse(MessageContent.Instructions(text));
        Assert.Equal(text[..^2] + "…", json.RootElement[0].GetProperty("content").GetString());
    }

    private static Dictionary<string, object?> Json(string json) =>
        JsonDocument.Parse(json).RootElement.EnumerateObject().ToDictionary(p => p.Name, p => (object?)p.Value, StringComparer.Ordinal);

    [Description("Adds two numbers")]
    private static int Add([Description("The first number")] int a, int b) => a + b;

    private async Task RunAsync(string model, bool captures, params ScriptedAnswer[] answers)
    {
        _server!.Then(answers);
        var options = LlmOptions.Read(new ConfigurationBuilder().AddInMemoryCollection(new Dictionary<string, string?>(StringComparer.Ordinal)
        {
            ["OPENAI_BASE_URL"] = new Uri(_server.Address, "/v1").ToString(),
            ["ANTHROPIC_API_KEY"] = "sk-the-key-of-these-tests",
            ["ANTHROPIC_BASE_URL"] = _server.Address.ToString(),
            ["OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT"] = captures ? "true" : "false",
        }).Build());
        using var clients = new ChatClients(options, PriceTable.Shipped(), TimeProvider.System);
        var loop = new ToolLoop(clients.Client(ModelScripts.Calls(options, TimeProvider.System), model, _ => { }), new ToolLoopLimits());
        await loop.RunAsync(
            [new ChatMessage(ChatRole.User, "2+3?")],
            new ChatOptions { Instructions = "You add.", Temperature = 0.5f, MaxOutputTokens = 500, Tools = [AIFunctionFactory.Create(Add, "add")] },
            new Observer(),
            Token);
    }

    private sealed class Observer : IToolLoopObserver
    {
        public ValueTask OnTextAsync(string delta, CancellationToken cancellationToken) => default;

        public ValueTask OnTurnAsync(int round, ToolLoopTurn turn, CancellationToken cancellationToken) => default;

        public ValueTask<object?> OnToolAsync(int round, FunctionCallContent call, AIFunction tool, CancellationToken cancellationToken) =>
            tool.InvokeAsync(new AIFunctionArguments(call.Arguments), cancellationToken);
    }
}
