using System.Net;
using System.Text.Json;
using OsMEN.Tests.Llm;

namespace OsMEN.Tests.Gateway.OpenAI;

/// <summary>Every field of OpenAI's chat request, for a model of Anthropic: passed, translated, or refused by its name.</summary>
public sealed class AnthropicFieldTests : IAsyncLifetime
{
    private const string Sonnet = "anthropic/claude-sonnet-4-5";

    private readonly OpenAIServer _server = new();

    /// <summary>A field with its value, and what Anthropic receives as a JSON path and value; null where the field is refused, empty where it has no effect.</summary>
    public static TheoryData<string, string?> Fields => new()
    {
        { "\"temperature\":0.5", "temperature=0.5" },
        { "\"temperature\":1.5", null },
        { "\"top_p\":0.25", "top_p=0.25" },
        { "\"top_k\":5", "top_k=5" },
        { "\"stop\":\"END\"", """stop_sequences=["END"]""" },
        { "\"stop\":[\"A\",\"B\"]", """stop_sequences=["A","B"]""" },
        { "\"max_tokens\":100", "max_tokens=100" },
        { "\"max_completion_tokens\":100", "max_tokens=100" },
        { "\"reasoning_effort\":\"low\"", """thinking={"type":"enabled","budget_tokens":1024}""" },
        { "\"reasoning_effort\":\"high\"", "max_tokens=24576" },
        { "\"reasoning_effort\":\"high\",\"max_tokens\":2000", """thinking={"type":"enabled","budget_tokens":1999}""" },
        { "\"reasoning_effort\":\"high\",\"max_tokens\":1000", null },
        { "\"reasoning_effort\":\"none\"", """thinking={"type":"disabled"}""" },
        { "\"reasoning_effort\":\"much\"", null },
        { "\"thinking\":{\"type\":\"enabled\",\"budget_tokens\":2048}", """thinking={"type":"enabled","budget_tokens":2048}""" },
        { "\"response_format\":{\"type\":\"text\"}", "" },
        { "\"response_format\":{\"type\":\"json_object\"}", null },
        { "\"response_format\":{\"type\":\"json_schema\",\"json_schema\":{\"name\":\"x\",\"schema\":{\"type\":\"object\"}}}", """output_config={"format":{"type":"json_schema","schema":{"type":"object"}}}""" },
        { "\"tools\":[{\"type\":\"function\",\"function\":{\"name\":\"f\",\"parameters\":{\"type\":\"object\",\"additionalProperties\":true}}}]", """tools=[{"name":"f","description":"","input_schema":{"type":"object","additionalProperties":true}}]""" },
        { "\"tools\":[{\"type\":\"function\",\"function\":{\"name\":\"f\",\"description\":\"d\",\"strict\":true,\"parameters\":{}}}],\"tool_choice\":{\"type\":\"function\",\"function\":{\"name\":\"f\"}}", """tool_choice={"type":"tool","name":"f"}""" },
        { "\"tools\":[{\"type\":\"function\",\"function\":{\"name\":\"f\",\"strict\":true,\"parameters\":{}}}]", """tools=[{"name":"f","description":"","input_schema":{},"strict":true}]""" },
        { "\"tools\":[{\"type\":\"function\",\"function\":{\"name\":\"f\",\"parameters\":{}}}],\"parallel_tool_calls\":false", """tool_choice={"type":"auto","disable_parallel_tool_use":true}""" },
        { "\"tools\":[{\"type\":\"custom\"}]", null },
        { "\"user\":\"ann\"", """metadata={"user_id":"ann"}""" },
        { "\"service_tier\":\"default\"", "service_tier=\"standard_only\"" },
        { "\"service_tier\":\"flex\"", null },
        { "\"n\":1", "" },
        { "\"n\":2", null },
        { "\"seed\":7", null },
        { "\"seed\":null", "" },
        { "\"logit_bias\":{\"1\":1}", null },
        { "\"logprobs\":false", "" },
        { "\"logprobs\":true", null },
        { "\"top_logprobs\":2", null },
        { "\"frequency_penalty\":0", "" },
        { "\"frequency_penalty\":0.5", null },
        { "\"presence_penalty\":0.5", null },
        { "\"store\":false", "" },
        { "\"store\":true", null },
        { "\"modalities\":[\"text\"]", "" },
        { "\"modalities\":[\"text\",\"audio\"]", null },
        { "\"audio\":{\"voice\":\"x\"}", null },
        { "\"prediction\":{\"type\":\"content\"}", null },
        { "\"web_search_options\":{}", null },
        { "\"verbosity\":\"low\"", null },
        { "\"functions\":[]", null },
        { "\"function_call\":\"auto\"", null },
        { "\"metadata\":{\"a\":\"b\"}", "" },
        { "\"safety_identifier\":\"x\"", "" },
        { "\"prompt_cache_key\":\"x\"", "" },
        { "\"a_field_of_tomorrow\":1", null },
    };

    public ValueTask InitializeAsync() => _server.InitializeAsync();

    public ValueTask DisposeAsync() => _server.DisposeAsync();

    [Theory]
    [MemberData(nameof(Fields))]
    public async Task A_field_is_passed_translated_or_refused(string field, string? received)
    {
        _server.Models.Then(ModelScripts.Whole("anthropic"));
        var (status, body, _) = await AskAsync(Sonnet, "\"Hi\"", "," + field);
        if (received is null)
        {
            var refused = body.GetProperty("error").GetProperty("param").GetString()!;
            Assert.Equal(HttpStatusCode.BadRequest, status);
            Assert.Contains($"\"{refused}\"", field, StringComparison.Ordinal);
            Assert.Empty(_server.Models.Requests);
            return;
        }

        Assert.Equal(HttpStatusCode.OK, status);
        var sent = Assert.Single(_server.Models.Requests).Body;
        if (received.Length > 0)
            Assert.Equal(received, $"{received.Split('=')[0]}={sent.GetProperty(received.Split('=')[0]).GetRawText()}");
    }

    [Theory]
    [InlineData("anthropic/claude-3-5-haiku-latest", null)]
    [InlineData("anthropic/claude-opus-4-8", """{"type":"adaptive"} {"effort":"low"}""")]
    public async Task Reasoning_depends_on_the_model(string model, string? expected)
    {
        _server.Models.Then(ModelScripts.Whole("anthropic"));
        var (status, _, _) = await AskAsync(model, "\"Hi\"", ",\"reasoning_effort\":\"low\"");
        Assert.Equal(expected is null ? HttpStatusCode.BadRequest : HttpStatusCode.OK, status);
        Assert.Equal(
            expected is null ? [] : [expected],
            _server.Models.Requests.Select(r => $"{r.Body.GetProperty("thinking").GetRawText()} {r.Body.GetProperty("output_config").GetRawText()}"));
    }

    [Fact]
    public async Task Cache_control_of_a_part_is_passed()
    {
        _server.Models.Then(ModelScripts.Whole("anthropic"));
        await AskAsync(Sonnet, """[{"type":"text","text":"Hi","cache_control":{"type":"ephemeral","ttl":"1h"}}]""", "", """{"role":"system","content":[{"type":"text","text":"Be brief.","cache_control":{"type":"ephemeral"}}]},""");
        var sent = _server.Models.Requests.Single().Body;
        Assert.Equal("""{"ttl":"1h","type":"ephemeral"}""", Sorted(sent.GetProperty("messages")[0].GetProperty("content")[0].GetProperty("cache_control")));
        Assert.Equal("""{"type":"ephemeral"}""", Sorted(sent.GetProperty("system")[0].GetProperty("cache_control")));
    }

    private static string Sorted(JsonElement json) =>
        JsonSerializer.Serialize(json.EnumerateObject().OrderBy(p => p.Name, StringComparer.Ordinal).ToDictionary(p => p.Name, p => p.Value, StringComparer.Ordinal));

    private Task<(HttpStatusCode Status, JsonElement Body, HttpResponseMessage Response)> AskAsync(string model, string content, string more, string system = "") =>
        _server.ChatAsync($$"""{"model":"{{model}}","messages":[{{system}}{"role":"user","content":{{content}}}]{{more}}}""");
}
