using System.Net;
using System.Text.Json;
using OsMEN.Executions;
using OsMEN.Tests.Infrastructure;
using OsMEN.Tests.Llm;

namespace OsMEN.Tests.Gateway.OpenAI;

/// <summary>Agents by <c>/v1/chat/completions</c>: an execution like any other, seen as a completion.</summary>
public sealed class AgentCompletionTests : IAsyncLifetime
{
    private const string Ask = """{"model":"agent/teller","messages":[{"role":"user","content":"Hi"}]}""";

    private readonly OpenAIServer _server = new();

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        await _server.InitializeAsync();
        var (status, _, _) = await _server.Gateway.SendAsync(
            HttpMethod.Put, "/api/v1/agents/teller", """{"description":"Tells","instructions":"Tell.","model":"openai/gpt-5-mini","limits":{"max_attempts":1}}""");
        Assert.Equal(HttpStatusCode.OK, status);
    }

    public ValueTask DisposeAsync() => _server.DisposeAsync();

    [Fact]
    public async Task A_completion_is_the_output_of_an_execution_and_its_usage()
    {
        _server.Models.Then(ModelScripts.Hello("openai"));
        var (status, body, response) = await _server.ChatAsync(Ask);
        Assert.Equal(HttpStatusCode.OK, status);
        var execution = (await _server.Gateway.Store.GetAsync(Guid.Parse(response.Headers.GetValues("X-Execution-Id").Single()), Token))!;
        Assert.Equal((ExecutionStatus.Completed, "teller", "admin-user", """{"text":"Hi"}""", 0.000056m), (execution.Status, execution.Target, execution.User, execution.Input, execution.CostUsd));
        Assert.Equal(
            $$"""{"id":"chatcmpl-{{execution.Id:N}}","object":"chat.completion","created":{{execution.CreatedAt.ToUnixTimeSeconds()}},"model":"agent/teller","choices":[{"index":0,"message":{"role":"assistant","content":"Hello","refusal":null},"logprobs":null,"finish_reason":"stop"}],"usage":{"prompt_tokens":100,"completion_tokens":20,"total_tokens":120,"prompt_tokens_details":{"cached_tokens":40},"completion_tokens_details":{"reasoning_tokens":8} } }""".Replace(" } }", "}}", StringComparison.Ordinal),
            body.GetRawText());
    }

    [Fact]
    public async Task A_stream_has_its_deltas_and_its_usage_where_it_is_wanted()
    {
        _server.Models.Then(ModelScripts.Hello("openai"), ModelScripts.Hello("openai"));
        var events = await _server.StreamAsync(Ask[..^1] + ""","stream":true,"stream_options":{"include_usage":true}}""");
        var chunks = events.SkipLast(1).Select(e => JsonDocument.Parse(e).RootElement).ToList();
        Assert.Equal("[DONE]", events[^1]);
        Assert.Equal("Hello", string.Concat(chunks.SkipLast(2).Select(c => c.GetProperty("choices")[0].GetProperty("delta").GetProperty("content").GetString())));
        Assert.Equal("stop", chunks[^2].GetProperty("choices")[0].GetProperty("finish_reason").GetString());
        Assert.Equal((0, 120), (chunks[^1].GetProperty("choices").GetArrayLength(), chunks[^1].GetProperty("usage").GetProperty("total_tokens").GetInt32()));
        Assert.DoesNotContain(await _server.StreamAsync(Ask[..^1] + ""","stream":true}"""), e => e.Contains("usage", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Images_reach_the_model_of_the_agent()
    {
        _server.Models.Then(ModelScripts.Hello("openai"));
        const string image = """{"type":"image_url","image_url":{"url":"data:image/png;base64,iVBORw0KGgo=","detail":"high"}}""";
        var (status, _, _) = await _server.ChatAsync($$"""{"model":"agent/teller","messages":[{"role":"user","content":[{"type":"text","text":"What is it?"},{{image}}]}]}""");
        Assert.Equal(HttpStatusCode.OK, status);
        Assert.Equal(
            $$"""[{"type":"text","text":"What is it?"},{{image}}]""",
            _server.Models.Requests.Single().Body.GetProperty("messages").EnumerateArray().Last().GetProperty("content").GetRawText());
    }

    [Fact]
    public async Task A_conversation_becomes_a_transcript()
    {
        _server.Models.Then(ModelScripts.Hello("openai"));
        var (_, _, response) = await _server.ChatAsync(
            """{"model":"agent/teller","messages":[{"role":"system","content":"Be brief."},{"role":"user","content":[{"type":"text","text":"Grüße 🌍"}]},{"role":"assistant","content":"Hello"},{"role":"user","content":"Again"}],"temperature":0.5,"metadata":{"team":"ops"}}""");
        var execution = (await _server.Gateway.Store.GetAsync(Guid.Parse(response.Headers.GetValues("X-Execution-Id").Single()), Token))!;
        Assert.Equal(
            ("System: Be brief.\n\nUser: Grüße 🌍\n\nAssistant: Hello\n\nUser: Again", """{"team":"ops"}"""),
            (JsonDocument.Parse(execution.Input).RootElement.GetProperty("text").GetString(), execution.Metadata));
    }

    [Fact]
    public async Task A_failure_is_an_error_that_names_the_execution()
    {
        _server.Models.Otherwise = _ => ScriptedAnswer.Error(400, "context too long");
        var (status, body, response) = await _server.ChatAsync(Ask);
        var error = body.GetProperty("error");
        Assert.Equal((HttpStatusCode.UnprocessableEntity, "BadRequest"), (status, error.GetProperty("code").GetString()));
        Assert.Contains(response.Headers.GetValues("X-Execution-Id").Single(), error.GetProperty("message").GetString(), StringComparison.Ordinal);
        _server.Models.Otherwise = _ => ModelScripts.Begins("openai", ScriptedAnswer.Cut);
        var events = await _server.StreamAsync(Ask[..^1] + ""","stream":true}""");
        Assert.Equal("Interrupted", JsonDocument.Parse(events[^1]).RootElement.GetProperty("error").GetProperty("code").GetString());
    }

    [Fact]
    public async Task An_idempotency_key_gives_the_same_execution_again()
    {
        _server.Models.Then(ModelScripts.Hello("openai"));
        async Task<(HttpStatusCode, string?)> SendAsync(string body)
        {
            var (status, _, response) = await _server.Gateway.SendAsync(HttpMethod.Post, "/v1/chat/completions", body, headers: ("Idempotency-Key", "k1"));
            return (status, response.Headers.TryGetValues("X-Execution-Id", out var id) ? id.Single() : null);
        }

        var first = await SendAsync(Ask);
        Assert.Equal(first, await SendAsync(Ask));
        Assert.Equal((HttpStatusCode.Conflict, null), await SendAsync(Ask.Replace("Hi", "Ho", StringComparison.Ordinal)));
        Assert.Single(_server.Models.Requests);
    }

    [Fact]
    public async Task Agents_and_models_are_listed_and_found()
    {
        var (_, list, _) = await _server.Gateway.SendAsync(HttpMethod.Get, "/v1/models");
        var ids = list.GetProperty("data").EnumerateArray().Select(m => m.GetProperty("id").GetString()).ToList();
        Assert.Equal(("list", true, true, true), (list.GetProperty("object").GetString(), ids.Contains("agent/daily_brief"), ids.Contains("openai/gpt-5-mini"), ids.Contains("offline/extractive")));
        foreach (var path in (string[])["/v1/models/agent/teller", "/v1/models/agent%2Fteller"])
            Assert.Equal("""{"id":"agent/teller","object":"model","created":0,"owned_by":"osmen"}""", (await _server.Gateway.SendAsync(HttpMethod.Get, path)).Body.GetRawText());
    }
}
