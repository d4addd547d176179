using System.Net;
using System.Text;
using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;
using OsMEN.Gateway.Security;
using OsMEN.Llm.Forwarding;
using OsMEN.Tests.Infrastructure;
using OsMEN.Tests.Llm;

namespace OsMEN.Tests.Gateway.OpenAI;

/// <summary>Models by <c>/v1/chat/completions</c> and <c>/v1/embeddings</c>: what passes, what is counted, and what errors look like.</summary>
public sealed class ChatCompletionTests : IAsyncLifetime
{
    private const string Hi = """{"model":"openai/gpt-5-mini","messages":[{"role":"user","content":"Hi"}]}""";

    private readonly OpenAIServer _server = new();

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public ValueTask InitializeAsync() => _server.InitializeAsync();

    public ValueTask DisposeAsync() => _server.DisposeAsync();

    [Fact]
    public async Task Every_field_of_a_request_reaches_the_provider_unchanged()
    {
        const string body = """{"model":"openai/gpt-5-mini","messages":[{"role":"user","content":[{"type":"text","text":"What is it?"},{"type":"image_url","image_url":{"url":"data:image/png;base64,iVBORw0KGgo=","detail":"low"}}]}],"seed":7,"tools":[{"type":"function","function":{"name":"f","parameters":{}}}],"tool_choice":"required","parallel_tool_calls":false,"logit_bias":{"50256":-100},"reasoning_effort":"minimal","service_tier":"flex","vendor":{"a":[1,null]}}""";
        _server.Models.Then(ModelScripts.Whole("openai"));
        await _server.ChatAsync(body);
        Assert.Equal(body.Replace("openai/", "", StringComparison.Ordinal), _server.Models.Requests.Single().Body.GetRawText());
    }

    [Fact]
    public async Task A_request_and_its_answer_pass_as_they_are_but_for_the_models_name()
    {
        _server.Models.Then(ModelScripts.Whole("openai"));
        const string body = """{"messages":[{"role":"user","content":"Hi"}],"n":2,"seed":7,"model":"openai/gpt-5-mini","stop":["x"],"response_format":{"type":"json_object"},"logprobs":true,"a_field_of_tomorrow":{"model":"inner"}}""";
        using var client = _server.Gateway.Client(GatewayServer.KeyOf(Role.User));
        using var response = await client.PostAsync(new Uri("/v1/chat/completions", UriKind.Relative), new StringContent(body, Encoding.UTF8, "application/json"), Token);
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Equal(ModelScripts.Whole("openai").Pieces[0], await response.Content.ReadAsStringAsync(Token));
        var (path, authorization, sent) = Assert.Single(_server.Models.Requests);
        Assert.Equal(("/v1/chat/completions", "Bearer sk-secret-key-of-the-tests"), (path, authorization));
        Assert.Equal(body.Replace("openai/gpt-5-mini", "gpt-5-mini", StringComparison.Ordinal), sent.GetRawText());
        Assert.Equal(["user-user,openai,gpt-5-mini-2025-08-07,0,,100,20,40,8,0,56000"], await _server.CallsAsync("user-user", 1));
    }

    [Theory]
    [InlineData("")]
    [InlineData(""","stream_options":{"include_usage":false,"other":1}""")]
    [InlineData(""","stream_options":{"include_usage":true}""")]
    [InlineData(""","stream_options":null""")]
    public async Task A_stream_passes_and_its_usage_is_asked_for_and_shown_only_to_who_wants_it(string options)
    {
        _server.Models.Then(ModelScripts.Hello("openai"));
        var events = await _server.StreamAsync(Hi[..^1] + options + ""","stream":true}""");
        var sent = Assert.Single(_server.Models.Requests).Body;
        Assert.True(sent.GetProperty("stream_options").GetProperty("include_usage").GetBoolean());
        Assert.Equal(options.Contains("other", StringComparison.Ordinal), sent.GetProperty("stream_options").TryGetProperty("other", out _));
        var scripted = ModelScripts.Hello("openai").Pieces.Select(p => p[6..^2]);
        Assert.Equal(options.Contains("true", StringComparison.Ordinal) ? scripted : scripted.Where(p => !p.Contains("\"usage\"", StringComparison.Ordinal)), events);
        Assert.Equal(["admin-user,openai,gpt-5-mini-2025-08-07,0,,100,20,40,8,0,56000"], await _server.CallsAsync("admin-user", 1));
    }

    [Fact]
    public async Task A_stream_that_the_client_leaves_is_billed_as_the_provider_bills_it()
    {
        var go = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var hello = ModelScripts.Hello("openai");
        _server.Models.Then(hello with { Before = i => i == 1 ? go.Task : Task.CompletedTask });

        // Closes its connection at once, and does not read on for a while as usual.
        using (var client = new HttpClient(new SocketsHttpHandler { ResponseDrainTimeout = TimeSpan.Zero }) { BaseAddress = _server.Gateway.Address })
        {
            client.DefaultRequestHeaders.Authorization = new("Bearer", GatewayServer.AdminKey);
            using var request = new HttpRequestMessage(HttpMethod.Post, "/v1/chat/completions") { Content = new StringContent(Hi[..^1] + ""","stream":true}""", Encoding.UTF8, "application/json") };
            using var response = await client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, Token);
            await using var stream = await response.Content.ReadAsStreamAsync(Token);
            Assert.True(await stream.ReadAsync(new byte[1], Token) == 1);
        }

        await Programs.UntilAsync(() => Task.FromResult(_server.Gateway.Services.GetRequiredService<ModelForwarder>().Draining == 1), "the gateway reads on");
        go.SetResult();
        Assert.Equal(["admin-user,openai,gpt-5-mini-2025-08-07,2,,100,20,40,8,0,56000"], await _server.CallsAsync("admin-user", 1));
    }

    [Fact]
    public async Task A_stream_that_breaks_off_ends_with_an_error_and_what_came_is_billed()
    {
        _server.Models.Then(ModelScripts.Begins("openai", ScriptedAnswer.Cut));
        var events = await _server.StreamAsync(Hi[..^1] + ""","stream":true}""");
        Assert.Equal(2, events.Count);
        Assert.Equal("""{"error":{"message":"The answer broke off.","type":"server_error","param":null,"code":"provider_interrupted"}}""", events[1]);
        Assert.Equal(["admin-user,openai,gpt-5-mini-2025-08-07,1,Interrupted,1,1,0,0,1,2250"], await _server.CallsAsync("admin-user", 1));
    }

    [Fact]
    public async Task A_stream_that_falls_silent_ends_with_an_error()
    {
        _server.Models.Then(ModelScripts.Begins("openai", ScriptedAnswer.Hang));
        var events = await _server.StreamAsync(Hi[..^1] + ""","stream":true}""");
        Assert.Equal("provider_timeout", JsonDocument.Parse(events[^1]).RootElement.GetProperty("error").GetProperty("code").GetString());
        Assert.StartsWith("admin-user,openai,gpt-5-mini-2025-08-07,1,Timeout,1,1,", (await _server.CallsAsync("admin-user", 1))[0], StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_passing_failure_is_repeated_and_each_call_is_recorded()
    {
        _server.Models.Then(ScriptedAnswer.Error(429, "slow down", "0"), ModelScripts.Whole("openai"));
        var (status, _, _) = await _server.ChatAsync(Hi);
        Assert.Equal(HttpStatusCode.OK, status);
        Assert.Equal(
            ["admin-user,openai,gpt-5-mini,1,RateLimited,0,0,0,0,0,0", "admin-user,openai,gpt-5-mini-2025-08-07,0,,100,20,40,8,0,56000"],
            await _server.CallsAsync("admin-user", 2));
    }

    [Theory]
    [InlineData(400, 400, "invalid_request_error", null)]
    [InlineData(401, 502, "server_error", "provider_unauthorized")]
    [InlineData(404, 404, "invalid_request_error", "model_not_found")]
    [InlineData(429, 429, "rate_limit_error", "rate_limit_exceeded")]
    [InlineData(500, 502, "server_error", "provider_unavailable")]
    public async Task A_providers_error_has_OpenAIs_shape(int provider, int expected, string type, string? code)
    {
        _server.Models.Then(ScriptedAnswer.Error(provider, "no sk-secret", "0"), ScriptedAnswer.Error(provider, "no sk-secret", "0"));
        var (status, body, _) = await _server.ChatAsync(Hi);
        var error = body.GetProperty("error");
        Assert.Equal((expected, type, code), ((int)status, error.GetProperty("type").GetString(), error.GetProperty("code").GetString()));
        Assert.Equal(provider != 401, error.GetProperty("message").GetString()!.Contains("no sk-secret", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("""{"messages":[]}""", 400, "model", "invalid_value")]
    [InlineData("""{"model":"openai/a","model":"openai/b"}""", 400, "model", "invalid_value")]
    [InlineData("""{"model":7}""", 400, "model", "invalid_value")]
    [InlineData("""{"model":"openai/a","stream":"yes"}""", 400, "stream", "invalid_value")]
    [InlineData("""{"model":"gpt-4"}""", 404, "model", "model_not_found")]
    [InlineData("""{"model":"azure/gpt-4"}""", 404, "model", "model_not_found")]
    [InlineData("""{"model":"agent/none","messages":[]}""", 404, "model", "model_not_found")]
    [InlineData("""{"model":"agent/daily_brief","messages":[]}""", 400, "messages", "invalid_value")]
    [InlineData("""{"model":"agent/daily_brief","messages":[{"role":"user","content":"x"}],"n":2}""", 400, "n", "invalid_value")]
    [InlineData("""{"model":"offline/extractive","messages":[{"role":"king","content":"x"}]}""", 400, "messages[0].role", "invalid_value")]
    [InlineData("""{"model":"offline/extractive","messages":[{"role":"user","content":"x"}],"n":2}""", 400, "n", "invalid_value")]
    [InlineData("""{"model":"openai/a","max_tokens":9223372036804775808}""", 400, "max_tokens", "invalid_value")]
    [InlineData("""{"model":"openai/a","max_tokens":9223372036804775807,"n":2}""", 400, "max_tokens", "invalid_value")]
    [InlineData("""{"model":"openai/a","max_completion_tokens":10000001}""", 400, "max_completion_tokens", "invalid_value")]
    [InlineData("""{"model":"openai/a","max_tokens":1e3}""", 400, "max_tokens", "invalid_value")]
    [InlineData("""{"model":"openai/a","n":129}""", 400, "n", "invalid_value")]
    [InlineData("""{"model":"openai/a","n":0}""", 400, "n", "invalid_value")]
    [InlineData("""{"model":"openai/a","n":1,"n":2}""", 400, "n", "invalid_value")]
    [InlineData("""{"model":"openai/a","max_tokens":1,"max_tokens":2}""", 400, "max_tokens", "invalid_value")]
    [InlineData("""{"model":"openai/a","service_tier":"flex","service_tier":"priority"}""", 400, "service_tier", "invalid_value")]
    [InlineData("""[]""", 400, null, "invalid_value")]
    [InlineData("""{"model":""", 400, null, "invalid_value")]
    public async Task A_bad_request_names_its_field(string body, int expected, string? param, string code)
    {
        var (status, answer, response) = await _server.ChatAsync(body);
        var error = answer.GetProperty("error");
        Assert.Equal("application/json", response.Content.Headers.ContentType!.MediaType);
        Assert.Equal(
            (expected, "invalid_request_error", param, code),
            ((int)status, error.GetProperty("type").GetString(), error.GetProperty("param").GetString(), error.GetProperty("code").GetString()));
        Assert.Empty(_server.Models.Requests);
    }

    [Fact]
    public async Task Errors_that_others_find_have_the_same_shape()
    {
        async Task<(int, string?, string?)> AskAsync(string path, string? key, string? body)
        {
            var (status, answer, _) = await _server.Gateway.SendAsync(body is null ? HttpMethod.Get : HttpMethod.Post, path, body, key);
            var error = answer.GetProperty("error");
            Assert.NotEmpty(error.GetProperty("message").GetString()!);
            return ((int)status, error.GetProperty("type").GetString(), error.GetProperty("code").GetString());
        }

        Assert.Equal((401, "authentication_error", "invalid_api_key"), await AskAsync("/v1/models", null, null));
        Assert.Equal((401, "authentication_error", "invalid_api_key"), await AskAsync("/v1/chat/completions", "osm_wrong_key_of_the_tests", Hi));
        Assert.Equal((403, "permission_error", null), await AskAsync("/v1/chat/completions", GatewayServer.KeyOf(Role.Viewer), Hi));
        Assert.Equal((404, "invalid_request_error", "unknown_url"), await AskAsync("/v1/no/such/path", GatewayServer.AdminKey, null));
        Assert.Equal((404, "invalid_request_error", "model_not_found"), await AskAsync("/v1/models/agent/none", GatewayServer.AdminKey, null));
        Assert.Equal((413, "invalid_request_error", "request_too_large"), await AskAsync("/v1/chat/completions", GatewayServer.AdminKey, Hi + new string(' ', 70_000)));
    }

    [Fact]
    public async Task A_model_whose_platform_speaks_otherwise_is_translated_both_ways()
    {
        _server.Models.Then(ModelScripts.AddTwoAndThree("anthropic"));
        const string body = """
            {"model":"anthropic/claude-sonnet-4-5","max_tokens":99,"stream":true,"stream_options":{"include_usage":true},"tools":[{"type":"function","function":{"name":"add","description":"Adds","parameters":{"type":"object","properties":{"a":{"type":"integer"}}}}}],
            "messages":[{"role":"system","content":"Be brief."},{"role":"user","content":"2+3?"},{"role":"assistant","tool_calls":[{"id":"c0","type":"function","function":{"name":"add","arguments":"{\"a\":1}"}}]},{"role":"tool","tool_call_id":"c0","content":"1"}]}
            """;
        var events = (await _server.StreamAsync(body)).ConvertAll(e => e == "[DONE]" ? default : JsonDocument.Parse(e).RootElement);
        var call = events.Single(e => e.ValueKind == JsonValueKind.Object && e.GetProperty("choices").GetArrayLength() > 0 && e.GetProperty("choices")[0].GetProperty("delta").TryGetProperty("tool_calls", out _))
            .GetProperty("choices")[0].GetProperty("delta").GetProperty("tool_calls")[0];
        Assert.Equal(("call_1", "add", """{"a":2,"b":3}"""), (call.GetProperty("id").GetString(), call.GetProperty("function").GetProperty("name").GetString(), call.GetProperty("function").GetProperty("arguments").GetString()));
        Assert.Equal("tool_calls", events[^3].GetProperty("choices")[0].GetProperty("finish_reason").GetString());
        Assert.Equal(120, events[^2].GetProperty("usage").GetProperty("total_tokens").GetInt32());
        var sent = Assert.Single(_server.Models.Requests).Body;
        Assert.Equal((99, "add"), (sent.GetProperty("max_tokens").GetInt32(), sent.GetProperty("tools")[0].GetProperty("name").GetString()));
        Assert.StartsWith("admin-user,anthropic,claude-sonnet-4-5-20250929,0,,100,20,40,", (await _server.CallsAsync("admin-user", 1))[0], StringComparison.Ordinal);
    }

    [Fact]
    public async Task Embeddings_pass_and_are_counted()
    {
        const string answer = """{"object":"list","data":[{"object":"embedding","index":0,"embedding":[0.1,0.2]}],"model":"text-embedding-3-small","usage":{"prompt_tokens":5,"total_tokens":5}}""";
        _server.Models.Then(ScriptedAnswer.Json(answer));
        var (status, body, _) = await _server.Gateway.SendAsync(HttpMethod.Post, "/v1/embeddings", """{"model":"openai/text-embedding-3-small","input":["Hi","there"]}""");
        Assert.Equal((HttpStatusCode.OK, answer), (status, body.GetRawText()));
        Assert.StartsWith("admin-user,openai,text-embedding-3-small,0,,5,0,0,0,0,", (await _server.CallsAsync("admin-user", 1))[0], StringComparison.Ordinal);
        (status, body, _) = await _server.Gateway.SendAsync(HttpMethod.Post, "/v1/embeddings", """{"model":"offline/extractive","input":"Hi"}""");
        Assert.Equal((HttpStatusCode.BadRequest, "model_not_supported"), (status, body.GetProperty("error").GetProperty("code").GetString()));
    }
}
