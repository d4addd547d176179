using Microsoft.Extensions.AI;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Logging.Abstractions;
using OsMEN.Llm;
using OsMEN.Llm.Fallback;
using OsMEN.Tests.Infrastructure;

namespace OsMEN.Tests.Llm;

/// <summary>Answers in both wire formats, as the providers' documentation shows them.</summary>
internal static class ModelScripts
{
    public const string OpenAI = "openai/gpt-5-mini";
    public const string Anthropic = "anthropic/claude-sonnet-4-5";

    /// <summary>What decides and repeats, without aliases and limits.</summary>
    public static ModelCalls Calls(LlmOptions options, TimeProvider time) =>
        new(options, ModelRoutes.Read(new ConfigurationBuilder().Build(), options), time, NullLogger<ModelCalls>.Instance);

    /// <summary>A client for one model as an agent has it.</summary>
    public static IChatClient Client(this ChatClients clients, ModelCalls calls, string model, Action<LlmCall> onCall, BudgetSubject? subject = null) =>
        clients.Get(calls.Resolve(model), calls, onCall, subject);

    public static ScriptedAnswer Hello(string platform) => platform == "openai"
        ? ScriptedAnswer.OpenAI(
            Chunk("""{"role":"assistant","content":"Hel"}"""),
            Chunk("""{"content":"lo"}"""),
            Chunk("{}", "stop"),
            Usage)
        : ScriptedAnswer.Anthropic(
            AnthropicStart,
            """{"type":"content_block_start","index":0,"content_block":{"type":"text","text":""}}""",
            """{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"Hel"}}""",
            """{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"lo"}}""",
            """{"type":"content_block_stop","index":0}""",
            """{"type":"message_delta","delta":{"stop_reason":"end_turn","stop_sequence":null},"usage":{"output_tokens":20}}""",
            """{"type":"message_stop"}""");

    /// <summary>Asks for the tool <c>add</c> with 2 and 3, arguments in fragments.</summary>
    public static ScriptedAnswer AddTwoAndThree(string platform) => platform == "openai"
        ? ScriptedAnswer.OpenAI(
            Chunk("""{"role":"assistant","tool_calls":[{"index":0,"id":"call_1","type":"function","function":{"name":"add","arguments":""}}]}"""),
            Chunk("""{"tool_calls":[{"index":0,"function":{"arguments":"{\"a\":2,"}}]}"""),
            Chunk("""{"tool_calls":[{"index":0,"function":{"arguments":"\"b\":3}"}}]}"""),
            Chunk("{}", "tool_calls"),
            Usage)
        : ScriptedAnswer.Anthropic(
            AnthropicStart,
            """{"type":"content_block_start","index":0,"content_block":{"type":"tool_use","id":"call_1","name":"add","input":{}}}""",
            """{"type":"content_block_delta","index":0,"delta":{"type":"input_json_delta","partial_json":"{\"a\":2,"}}""",
            """{"type":"content_block_delta","index":0,"delta":{"type":"input_json_delta","partial_json":"\"b\":3}"}}""",
            """{"type":"content_block_stop","index":0}""",
            """{"type":"message_delta","delta":{"stop_reason":"tool_use","stop_sequence":null},"usage":{"output_tokens":20}}""",
            """{"type":"message_stop"}""");

    /// <summary>OpenAI's: asks for the tool <c>current_time</c>.</summary>
    public static ScriptedAnswer CallTheClock() => ScriptedAnswer.OpenAI(
        Chunk("""{"role":"assistant","tool_calls":[{"index":0,"id":"call_1","type":"function","function":{"name":"current_time","arguments":"{\"timeZone\":\"UTC\"}"}}]}"""),
        Chunk("{}", "tool_calls"),
        Usage);

    /// <summary>OpenAI's: asks for tools, arguments being JSON.</summary>
    public static ScriptedAnswer Calls(params ReadOnlySpan<(string Id, string Tool, string Arguments)> calls)
    {
        var asked = new List<string>();
        foreach (var (id, tool, arguments) in calls)
            asked.Add($$$"""{"index":{{{asked.Count}}},"id":"{{{id}}}","type":"function","function":{"name":"{{{tool}}}","arguments":{{{System.Text.Json.JsonSerializer.Serialize(arguments)}}}}}""");
        return ScriptedAnswer.OpenAI(Chunk($$"""{"role":"assistant","tool_calls":[{{string.Join(',', asked)}}]}"""), Chunk("{}", "tool_calls"), Usage);
    }

    /// <summary>OpenAI's: says a text.</summary>
    public static ScriptedAnswer Says(string text) =>
        ScriptedAnswer.OpenAI(Chunk($$"""{"role":"assistant","content":{{System.Text.Json.JsonSerializer.Serialize(text)}}}"""), Chunk("{}", "stop"), Usage);

    /// <summary>One piece of text, and then <paramref name="end"/>.</summary>
    public static ScriptedAnswer Begins(string platform, string end) => platform == "openai"
        ? ScriptedAnswer.OpenAI(Chunk("""{"role":"assistant","content":"Hel"}"""), end)
        : ScriptedAnswer.Anthropic(
            AnthropicStart,
            """{"type":"content_block_start","index":0,"content_block":{"type":"text","text":""}}""",
            """{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"Hel"}}""",
            end);

    public static ScriptedAnswer Whole(string platform) => ScriptedAnswer.Json(platform == "openai"
        ? """{"id":"c1","object":"chat.completion","created":1700000000,"model":"gpt-5-mini-2025-08-07","choices":[{"index":0,"message":{"role":"assistant","content":"Hello","refusal":null},"finish_reason":"stop"}],"usage":{"prompt_tokens":100,"completion_tokens":20,"total_tokens":120,"prompt_tokens_details":{"cached_tokens":40},"completion_tokens_details":{"reasoning_tokens":8}}}"""
        : """{"id":"m1","type":"message","role":"assistant","model":"claude-sonnet-4-5-20250929","content":[{"type":"text","text":"Hello"}],"stop_reason":"end_turn","stop_sequence":null,"usage":{"input_tokens":50,"cache_read_input_tokens":40,"cache_creation_input_tokens":10,"output_tokens":20}}""");

    // 50 plain, 40 read from the cache, 10 written to it: the sum is what we call input.
    private const string AnthropicStart =
        """{"type":"message_start","message":{"id":"m1","type":"message","role":"assistant","model":"claude-sonnet-4-5-20250929","content":[],"stop_reason":null,"stop_sequence":null,"usage":{"input_tokens":50,"cache_read_input_tokens":40,"cache_creation_input_tokens":10,"output_tokens":1}}}""";

    private const string Usage =
        """{"id":"c1","object":"chat.completion.chunk","created":1700000000,"model":"gpt-5-mini-2025-08-07","choices":[],"usage":{"prompt_tokens":100,"completion_tokens":20,"total_tokens":120,"prompt_tokens_details":{"cached_tokens":40},"completion_tokens_details":{"reasoning_tokens":8}}}""";

    private static string Chunk(string delta, string? finish = null) =>
        $$"""{"id":"c1","object":"chat.completion.chunk","created":1700000000,"model":"gpt-5-mini-2025-08-07","choices":[{"index":0,"delta":{{delta}},"finish_reason":{{(finish is null ? "null" : $"\"{finish}\"")}}}]}""";
}
