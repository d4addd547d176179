using System.Net;
using System.Text;
using System.Text.Json;
using Microsoft.Extensions.AI;
using Microsoft.Extensions.DependencyInjection;
using OsMEN.Llm;
using OsMEN.Llm.Forwarding;
using OsMEN.Tests.Infrastructure;
using OsMEN.Tests.Llm;

namespace OsMEN.Tests.Gateway.OpenAI;

/// <summary>Errors that providers report with the status 200, and clients that leave before an answer begins.</summary>
public sealed class ErrorInAnswerTests : IAsyncLifetime
{
    private const string Overloaded = """{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}""";
    private const string ServerError = """{"error":{"message":"The engine stumbled","type":"server_error","code":null}}""";

    private readonly OpenAIServer _server = new();

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public static TheoryData<string, bool> Platforms => new() { { "openai", true }, { "openai", false }, { "anthropic", true }, { "anthropic", false } };

    public ValueTask InitializeAsync() => _server.InitializeAsync();

    public ValueTask DisposeAsync() => _server.DisposeAsync();

    [Theory]
    [MemberData(nameof(Platforms))]
    public async Task An_error_as_the_first_event_or_body_is_retried_and_costs_nothing(string platform, bool isStream)
    {
        _server.Models.Then(Failure(platform, isStream), isStream ? ModelScripts.Hello(platform) : ModelScripts.Whole(platform));
        if (isStream)
            Assert.DoesNotContain(await _server.StreamAsync(Ask(platform, isStream: true)), e => e.Contains("error", StringComparison.Ordinal));
        else
            Assert.Equal(HttpStatusCode.OK, (await _server.ChatAsync(Ask(platform, isStream: false))).Status);
        var calls = await _server.CallsAsync("admin-user", 2);
        Assert.EndsWith(platform == "openai" ? ",1,Unavailable,0,0,0,0,0,0" : ",1,RateLimited,0,0,0,0,0,0", calls[0], StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(Platforms))]
    public async Task An_error_that_stays_has_a_status_and_the_providers_message(string platform, bool isStream)
    {
        _server.Models.Then(Failure(platform, isStream), Failure(platform, isStream));
        var (status, body, _) = await _server.ChatAsync(Ask(platform, isStream));
        Assert.Equal(platform == "openai" ? HttpStatusCode.BadGateway : HttpStatusCode.TooManyRequests, status);
        Assert.Equal(
            $"{_server.Models.Address.Authority} reported an error: {(platform == "openai" ? "The engine stumbled" : "Overloaded")}",
            body.GetProperty("error").GetProperty("message").GetString());
    }

    [Theory]
    [InlineData("openai")]
    [InlineData("anthropic")]
    public async Task An_error_in_the_middle_of_a_stream_is_an_event_with_the_providers_message(string platform)
    {
        var begin = ModelScripts.Begins(platform, ScriptedAnswer.Cut);
        var failure = Failure(platform, isStream: true).Pieces[0];
        _server.Models.Then(begin with { Pieces = [.. begin.Pieces.SkipLast(1), failure] });
        var events = await _server.StreamAsync(Ask(platform, isStream: true));
        Assert.Contains(events, e => e.Contains("Hel", StringComparison.Ordinal));
        var error = JsonDocument.Parse(events.Last(e => e != "[DONE]")).RootElement.GetProperty("error").GetProperty("message").GetString();
        Assert.Contains(platform == "openai" ? "The engine stumbled" : "Overloaded", error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_agent_is_retried_after_an_overloaded_event()
    {
        await _server.Gateway.SendAsync(HttpMethod.Put, "/api/v1/agents/teller", """{"description":"Tells","instructions":"Tell.","model":"anthropic/claude-sonnet-4-5","limits":{"max_attempts":1}}""");
        _server.Models.Then(ScriptedAnswer.Anthropic(Overloaded), ModelScripts.Hello("anthropic"));
        var (status, body, _) = await _server.ChatAsync("""{"model":"agent/teller","messages":[{"role":"user","content":"Hi"}]}""");
        Assert.Equal((HttpStatusCode.OK, "Hello"), (status, body.GetProperty("choices")[0].GetProperty("message").GetProperty("content").GetString()));
    }

    [Theory]
    [InlineData("openai")]
    [InlineData("anthropic")]
    public async Task A_client_that_leaves_before_a_stream_begins_is_billed_for_it(string platform)
    {
        var go = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        _server.Models.Then(ModelScripts.Hello(platform) with { Before = _ => go.Task });
        using (var client = new HttpClient { BaseAddress = _server.Gateway.Address })
        {
            client.DefaultRequestHeaders.Authorization = new("Bearer", GatewayServer.AdminKey);
            using var request = new HttpRequestMessage(HttpMethod.Post, "/v1/chat/completions") { Content = new StringContent(Ask(platform, isStream: true), Encoding.UTF8, "application/json") };
            using var leave = CancellationTokenSource.CreateLinkedTokenSource(Token);
            var answer = client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, leave.Token);
            await Programs.UntilAsync(() => Task.FromResult(_server.Models.Requests.Count == 1), "the provider has the request");
            await leave.CancelAsync();
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => answer);
        }

        go.SetResult();
        var call = Assert.Single(await _server.CallsAsync("admin-user", 1));
        Assert.Contains(",2,,100,20,", call, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("forwarded")]
    [InlineData("plain")]
    [InlineData("streamed")]
    public async Task A_call_whose_client_left_before_it_was_sent_is_reported_and_costs_nothing(string kind)
    {
        var (services, model, calls) = (_server.Gateway.Services, new ModelName("openai", "gpt-5-mini"), new List<LlmCall>());
        var left = new CancellationToken(canceled: true);
        var (request, _, _) = ForwardRequest.Read(Encoding.UTF8.GetBytes(Ask("openai", isStream: true)));
        var client = services.GetRequiredService<ChatClients>().GetOnce(model, calls.Add);
        ChatMessage[] messages = [new(ChatRole.User, "Hi")];
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () =>
        {
            if (kind == "forwarded")
                await services.GetRequiredService<ModelForwarder>().SendAsync(model, "chat", request!, calls.Add, null, left);
            else if (kind == "plain")
                await client.GetResponseAsync(messages, cancellationToken: left);
            else
                await client.GetStreamingResponseAsync(messages, cancellationToken: left).ToListAsync(CancellationToken.None);
        });
        Assert.Equal((LlmCallStatus.Cancelled, default, 0m), (calls.Single().Status, calls.Single().Tokens, calls.Single().CostUsd));
        Assert.Empty(_server.Models.Requests);
    }

    [Fact]
    public async Task Parallel_tool_results_become_one_message_at_Anthropic()
    {
        _server.Models.Then(ModelScripts.Whole("anthropic"));
        var (status, _, _) = await _server.ChatAsync("""
            {"model":"anthropic/claude-sonnet-4-5","messages":[{"role":"user","content":"Weather?"},
            {"role":"assistant","content":null,"tool_calls":[{"id":"a","type":"function","function":{"name":"f","arguments":""}},{"id":"b","type":"function","function":{"name":"f","arguments":"{}"}}]},
            {"role":"tool","tool_call_id":"a","content":"Sun"},{"role":"tool","tool_call_id":"b","content":"Rain"}],
            "tools":[{"type":"function","function":{"name":"f"}}]}
            """);
        Assert.Equal(HttpStatusCode.OK, status);
        var messages = _server.Models.Requests.Single().Body.GetProperty("messages");
        Assert.Equal(["user", "assistant", "user"], messages.EnumerateArray().Select(m => m.GetProperty("role").GetString()));
        Assert.Equal(["a", "b"], messages[2].GetProperty("content").EnumerateArray().Select(c => c.GetProperty("tool_use_id").GetString()));
        Assert.Equal(["{}", "{}"], messages[1].GetProperty("content").EnumerateArray().Select(c => c.GetProperty("input").GetRawText()));
    }

    private static ScriptedAnswer Failure(string platform, bool isStream) => (platform, isStream) switch
    {
        ("openai", true) => ScriptedAnswer.OpenAI(ServerError),
        ("openai", false) => ScriptedAnswer.Json(ServerError),
        (_, true) => ScriptedAnswer.Anthropic(Overloaded),
        _ => ScriptedAnswer.Json(Overloaded),
    };

    private static string Ask(string platform, bool isStream) =>
        $$"""{"model":"{{(platform == "openai" ? ModelScripts.OpenAI : ModelScripts.Anthropic)}}","messages":[{"role":"user","content":"Hi"}],"stream":{{(isStream ? "true" : "false")}}}""";
}
