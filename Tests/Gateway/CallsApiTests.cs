using System.Net;
using System.Text.Json;
using OsMEN.Executions;
using OsMEN.Gateway.Security;
using OsMEN.Llm;
using OsMEN.Tests.Infrastructure;

namespace OsMEN.Tests.Gateway;

public sealed class CallsApiTests(GatewayServer gateway) : IClassFixture<GatewayServer>
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Calls_are_shown_in_pages_to_those_who_may_see_the_execution()
    {
        var id = (await gateway.StartAsync(role: Role.Operator)).GetProperty("id").GetString();

        // Other tests' executions may wait too.
        ClaimedExecution? claim = null;
        await Programs.UntilAsync(
            async () => (claim = (await gateway.Store.ClaimAsync("tests", 100, TimeSpan.FromMinutes(1), Token)).FirstOrDefault(c => c.Execution.Id.ToString() == id)) is not null, "the execution was accepted");
        var lease = claim!.Lease;
        var at = TimeProvider.System.GetUtcNow().AddSeconds(-30);
        var call = new LlmCall
        {
            Id = Guid.CreateVersion7(at), Platform = "openai", Model = "gpt-5", StartedAt = at, Duration = TimeSpan.FromSeconds(2), TimeToFirstToken = TimeSpan.FromMilliseconds(300),
            Status = LlmCallStatus.Ok, Tokens = new TokenUsage(100, 20, 40), CostUsd = 0.0125m,
        };
        await gateway.Store.JournalTurnAsync(lease, new JournaledTurn(1, 9, """{"text":"","calls":[{"id":"a","name":"web_fetch","arguments":{"url":"https://example.com"}}]}"""), Token);
        await gateway.Store.JournalCallAsync(lease, new JournaledCall(1, "a", "web_fetch", 1, false, null), Token);
        await gateway.Store.RecordAsync([new ExecutionRecord { Lease = lease, Calls = [call], End = new AttemptEnd(ExecutionStatus.Completed, "1") }], Token);

        var (status, first, _) = await gateway.SendAsync(HttpMethod.Get, $"/api/v1/executions/{id}/calls?limit=1");
        Assert.Equal(HttpStatusCode.OK, status);
        var model = Assert.Single(first.GetProperty("items").EnumerateArray());
        Assert.Equal(
            """model 2000 ok openai gpt-5 300 {"input":100,"output":20,"cached_input":40,"cache_write":0,"reasoning":0} False 0.0125""",
            string.Join(' ', "type duration_ms status platform model first_token_ms tokens estimated cost_usd".Split(' ').Select(n => model.GetProperty(n).ToString())));
        var (_, second, _) = await gateway.SendAsync(HttpMethod.Get, $"/api/v1/executions/{id}/calls?cursor={first.GetProperty("next_cursor").GetString()}");
        var tool = Assert.Single(second.GetProperty("items").EnumerateArray());

        // It was begun, and the execution has ended without its end.
        Assert.Equal(
            """tool 1/a unknown web_fetch 1 1 {"url":"https://example.com"}""",
            string.Join(' ', "type id status tool round attempt arguments".Split(' ').Select(n => tool.GetProperty(n).ToString())));
        Assert.Equal(JsonValueKind.Null, second.GetProperty("next_cursor").ValueKind);

        Assert.Equal(HttpStatusCode.OK, (await gateway.SendAsync(HttpMethod.Get, $"/api/v1/executions/{id}/calls", key: GatewayServer.KeyOf(Role.Viewer))).Status);
        Assert.Equal(HttpStatusCode.NotFound, (await gateway.SendAsync(HttpMethod.Get, $"/api/v1/executions/{id}/calls", key: GatewayServer.KeyOf(Role.User))).Status);
    }

    [Theory]
    [InlineData("limit=0", "limit")]
    [InlineData("limit=501", "limit")]
    [InlineData("cursor=%00", "cursor")]
    [InlineData("cursor=bm9uZQ", "cursor")]
    [InlineData("cursor=OTk5OTk5OTk5OTk5OTk5OTk5IGE", "cursor")]
    public async Task A_bad_parameter_is_named(string query, string field)
    {
        var id = (await gateway.StartAsync()).GetProperty("id").GetString();
        var (status, problem, _) = await gateway.SendAsync(HttpMethod.Get, $"/api/v1/executions/{id}/calls?{query}");
        Assert.Equal(HttpStatusCode.BadRequest, status);
        Assert.True(problem.GetProperty("errors").TryGetProperty(field, out _), problem.GetRawText());
    }
}
