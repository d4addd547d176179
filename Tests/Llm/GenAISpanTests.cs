using System.ComponentModel;
using System.Diagnostics;
using Microsoft.Extensions.AI;
using Microsoft.Extensions.Configuration;
using OsMEN.Llm;
using OsMEN.Llm.Tools;
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
            gen_ai.provider.name = openai
            gen_ai.request.max_tokens = 500
            gen_ai.request.model = gpt-5-mini
            gen_ai.request.stream = True
            gen_ai.request.temperature = 0.5
            gen_ai.response.finish_reasons = ["stop"]
            gen_ai.response.id = c1
            gen_ai.response.model = gpt-5-mini-2025-08-07
            gen_ai.system_instructions = [{"type":"text","content":"You add."}]
            gen_ai.tool.definitions = [{"type":"function","name":"add","description":"Adds two numbers","parameters":{"type":"object","properties":{"a":{"description":"The first number","type":"integer"},"b":{"type":"integer"}},"required":["a","b"]}}]
            gen_ai.usage.cache_read.input_tokens = 40
            gen_ai.usage.input_tokens = 100
            gen_ai.usage.output_tokens = 20
            gen_ai.usage.reasoning.output_tokens = 8
            openai.api.type = chat_completions
            server.address = 127.0.0.1
            server.port = {{{_server!.Address.Port}}}
            """,
            Attributes(chats[1]));
        Assert.Equal(
            """[{"role":"assistant","parts":[{"type":"tool_call","id":"call_1","name":"add","arguments":{"a":2,"b":3}}],"finish_reason":"tool_call"}]""",
            chats[0].GetTagItem("gen_ai.output.messages"));
        Assert.Equal(
            """
            gen_ai.operation.name = execute_tool
            gen_ai.tool.call.arguments = {"a":2,"b":3}
            gen_ai.tool.call.id = call_1
            gen_ai.tool.call.result = "5"
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
            gen_ai.provider.name = anthropic
            gen_ai.request.max_tokens = 500
            gen_ai.request.model = claude-sonnet-4-5
            gen_ai.request.stream = True
            gen_ai.request.temperature = 0.5
            gen_ai.response.finish_reasons = ["stop"]
            gen_ai.response.id = m1
            gen_ai.response.model = claude-sonnet-4-5-20250929
            gen_ai.usage.cache_creation.input_tokens = 10
            gen_ai.usage.cache_read.input_tokens = 40
            gen_ai.usage.input_tokens = 100
            gen_ai.usage.output_tokens = 20
            gen_ai.usage.reasoning.output_tokens = 0
            server.address = 127.0.0.1
            server.port = {_server!.Address.Port}
            """,
            string.Join('\n', Attributes(chat).Split('\n').Where(l => !l.Contains(" = [{", StringComparison.Ordinal))));
        Assert.Equal("""[{"role":"assistant","parts":[{"type":"text","content":"Hello"}],"finish_reason":"stop"}]""", chat.GetTagItem("gen_ai.output.messages"));
    }

    [Fact]
    public async Task Spans_record_no_content_when_capturing_is_off()
    {
        using var recorder = new SpanRecorder();
        await RunAsync(ModelScripts.OpenAI, captures: false, ModelScripts.AddTwoAndThree("openai"), ModelScripts.Hello("openai"));
        Assert.Equal(["chat gpt-5-mini", "chat gpt-5-mini", "execute_tool add", "orchestrate_tools"], recorder.Spans.Select(s => s.DisplayName).Order(StringComparer.Ordinal));
        Assert.Empty(recorder.Spans.SelectMany(s => s.TagObjects).Select(t => t.Key).Intersect(
            ["gen_ai.system_instructions", "gen_ai.input.messages", "gen_ai.output.messages", "gen_ai.tool.call.arguments", "gen_ai.tool.call.result"]));
        Assert.Equal("""[{"type":"function","name":"add"}]""", recorder.Spans.First(s => s.DisplayName == "chat gpt-5-mini").GetTagItem("gen_ai.tool.definitions"));
        Assert.Equal(100, recorder.Spans[0].GetTagItem("gen_ai.usage.input_tokens"));
    }

    [Fact]
    public async Task A_failed_tool_call_records_its_error()
    {
        using var recorder = new SpanRecorder();
        await RunAsync(ModelScripts.OpenAI, captures: true, ModelScripts.Calls(("call_1", "add", "[]")), ModelScripts.Hello("openai"));
        var tool = recorder.Span("execute_tool add");
        Assert.Equal((ActivityStatusCode.Error, "invalid_arguments"), (tool.Status, tool.GetTagItem("error.type")));
        Assert.Equal("\"Error: the arguments are not a JSON object.\"", tool.GetTagItem("gen_ai.tool.call.result"));
    }

    [Fact]
    public async Task A_failed_call_has_the_kind_of_its_error()
    {
        using var recorder = new SpanRecorder();
        await Assert.ThrowsAsync<LlmException>(() => RunAsync(ModelScripts.OpenAI, captures: true, ScriptedAnswer.Error(400, "no such model")));
        var chat = recorder.Span("chat gpt-5-mini");
        Assert.Equal((ActivityStatusCode.Error, "BadRequest"), (chat.Status, chat.GetTagItem("error.type")));
    }

    // The time differs from run to run.
    private static string Attributes(Activity span)
    {
        Assert.True((double)span.GetTagItem("gen_ai.response.time_to_first_chunk")! > 0);
        return string.Join('\n', SpanRecorder.Attributes(span).Split('\n').Where(l => !l.StartsWith("gen_ai.response.time_to_first_chunk", StringComparison.Ordinal)));
    }

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
