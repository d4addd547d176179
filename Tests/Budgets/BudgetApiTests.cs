using System.Net;
using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;
using OsMEN.Executions.Budgets;
using OsMEN.Gateway.Security;
using OsMEN.Tests.Gateway;
using OsMEN.Tests.Infrastructure;

namespace OsMEN.Tests.Budgets;

/// <summary>Budgets through the gateway: reading, writing, and what it refuses to accept.</summary>
public sealed class BudgetApiTests : IAsyncLifetime
{
    private readonly GatewayServer _gateway = new(new Dictionary<string, string>(StringComparer.Ordinal)
    {
        ["OPENAI_API_KEY"] = "sk-of-the-tests",
        ["Budgets:WatchInterval"] = "00:00:00.100",
    });

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private IBudgetStore Store => _gateway.Services.GetRequiredService<IBudgetStore>();

    public async ValueTask InitializeAsync()
    {
        await _gateway.InitializeAsync();
        await _gateway.SendAsync(
            HttpMethod.Put, "/api/v1/agents/priced", """{"description":"Costs money","instructions":"Answer.","model":"openai/gpt-5-mini","limits":{"max_output_tokens":1000}}""");
    }

    public ValueTask DisposeAsync() => _gateway.DisposeAsync();

    [Fact]
    public async Task A_budget_is_put_read_put_back_as_read_listed_and_deleted()
    {
        var (made, budget, response) = await PutAsync("team.1", """{"scope":{"agent":"priced","user":"ana"},"period":"month","time_zone":"Asia/Tokyo","limit_usd":5.5}""");
        Assert.Equal((HttpStatusCode.Created, "/api/v1/budgets/team.1"), (made, response.Headers.Location?.ToString()));
        Assert.Equal("""{"agent":"priced","user":"ana"}""", budget.GetProperty("scope").GetRawText());
        Assert.Equal(
            ("month", "Asia/Tokyo", 5.5m, 0m, 0m, 5.5m, "[0.85,0.95]"),
            (Text(budget, "period"), Text(budget, "time_zone"), Money(budget, "limit_usd"), Money(budget, "spent_usd"), Money(budget, "reserved_usd"), Money(budget, "remaining_usd"), budget.GetProperty("alert_at").GetRawText()));
        Assert.EndsWith("-01T00:00:00+09:00", Text(budget, "resets_at"), StringComparison.Ordinal);

        var (again, same, _) = await PutAsync("team.1", budget.GetRawText());
        Assert.Equal((HttpStatusCode.OK, budget.GetRawText()), (again, same.GetRawText()));
        await PutAsync("everything", """{"period":"total","limit_usd":0,"alert_at":[]}""");
        var (_, total, _) = await _gateway.SendAsync(HttpMethod.Get, "/api/v1/budgets/everything", key: GatewayServer.KeyOf(Role.Viewer));
        Assert.Equal(("{}", JsonValueKind.Null), (total.GetProperty("scope").GetRawText(), total.GetProperty("resets_at").ValueKind));
        var (_, page, _) = await _gateway.SendAsync(HttpMethod.Get, "/api/v1/budgets?limit=1");
        Assert.Equal(("everything", "everything"), (Text(page.GetProperty("items")[0], "id"), Text(page, "next_cursor")));
        (_, page, _) = await _gateway.SendAsync(HttpMethod.Get, "/api/v1/budgets?limit=1&cursor=everything");
        Assert.Equal(("team.1", JsonValueKind.Null), (Text(page.GetProperty("items")[0], "id"), page.GetProperty("next_cursor").ValueKind));
        Assert.Equal(HttpStatusCode.NoContent, (await _gateway.SendAsync(HttpMethod.Delete, "/api/v1/budgets/team.1")).Status);
        Assert.Equal(HttpStatusCode.NotFound, (await _gateway.SendAsync(HttpMethod.Get, "/api/v1/budgets/team.1")).Status);
        Assert.Equal(HttpStatusCode.NotFound, (await _gateway.SendAsync(HttpMethod.Delete, "/api/v1/budgets/team.1")).Status);
    }

    [Theory]
    [InlineData("b", """{"limit_usd":-1}""", "limit_usd", "period")]
    [InlineData("b", """{"period":"day"}""", "limit_usd")]
    [InlineData("b", """{"period":"day","limit_usd":"5"}""", "limit_usd")]
    [InlineData("b", """{"period":"day","limit_usd":0.0000000001}""", "limit_usd")]
    [InlineData("b", """{"period":"day","limit_usd":1e12}""", "limit_usd")]
    [InlineData("b", """{"period":"week","limit_usd":1}""", "period")]
    [InlineData("b", """{"period":"day","limit_usd":1,"time_zone":"Mars/Olympus"}""", "time_zone")]
    [InlineData("b", """{"period":"day","limit_usd":1,"alert_at":[1.5]}""", "alert_at")]
    [InlineData("b", """{"period":"day","limit_usd":1,"alert_at":0.5}""", "alert_at")]
    [InlineData("b", """{"period":"day","limit_usd":1,"scope":"all"}""", "scope")]
    [InlineData("b", """{"period":"day","limit_usd":1,"scope":{"agnt":"a"}}""", "scope.agnt")]
    [InlineData("b", """{"period":"day","limit_usd":1,"scope":{"agent":""}}""", "scope.agent")]
    [InlineData("b", """{"period":"day","limit_usd":1,"scope":{"platform":"acme"}}""", "scope.platform")]
    [InlineData("b", """{"period":"day","limit_usd":1,"limit":2}""", "limit")]
    [InlineData("b", """{"id":"c","period":"day","limit_usd":1}""", "id")]
    [InlineData("b%20b", """{"period":"day","limit_usd":1}""", "id")]
    [InlineData("b", """[]""", "")]
    public async Task What_is_wrong_is_told_by_field_and_changes_nothing(string id, string body, params string[] fields)
    {
        var (status, problem, _) = await PutAsync(id, body);
        Assert.Equal(HttpStatusCode.BadRequest, status);
        foreach (var field in fields)
            Assert.True(problem.GetProperty("errors").TryGetProperty(field, out _), problem.GetRawText());
        Assert.Empty(await Store.ListBudgetsAsync(Token));
    }

    [Fact]
    public async Task An_execution_that_a_spent_budget_would_refuse_is_not_accepted()
    {
        await PutAsync("ana", """{"scope":{"user":"admin-user"},"period":"day","time_zone":"America/New_York","limit_usd":0.01}""");
        var (first, execution, _) = await StartAsync("key-1");
        Assert.Equal(HttpStatusCode.Accepted, first);
        await SpendAsync("ana", 0.009m);

        // What is left, $0.001, is less than the $0.002 that 1,000 tokens of output may cost.
        var (status, problem, response) = await StartAsync("key-2");
        Assert.Equal((HttpStatusCode.PaymentRequired, "application/problem+json"), (status, response.Content.Headers.ContentType?.MediaType));
        Assert.Equal(("ana", "day", 0.01m, 0.009m, 0m), (Text(problem, "budget"), Text(problem, "period"), Money(problem, "limit_usd"), Money(problem, "spent_usd"), Money(problem, "reserved_usd")));
        Assert.Matches("T00:00:00-0[45]:00$", Text(problem, "resets_at"));
        Assert.StartsWith("Budget ana (day) of $0.01 does not allow it: $0.009 are spent", Text(problem, "detail"), StringComparison.Ordinal);

        // The first, asked for again, is still the first; another user's, a free model's and a later day's pass.
        var (again, same, _) = await StartAsync("key-1");
        Assert.Equal((HttpStatusCode.Accepted, Text(execution, "id")), (again, Text(same, "id")));
        Assert.Equal(HttpStatusCode.Accepted, (await StartAsync("key-3", GatewayServer.KeyOf(Role.User))).Status);
        Assert.Equal(HttpStatusCode.Accepted, (await _gateway.SendAsync(HttpMethod.Post, "/api/v1/agents/daily_brief/executions", """{"input":"x"}""")).Status);
        var later = TimeProvider.System.GetUtcNow().AddDays(2).ToString("O", System.Globalization.CultureInfo.InvariantCulture);
        Assert.Equal(HttpStatusCode.Accepted, (await _gateway.SendAsync(HttpMethod.Post, "/api/v1/agents/priced/executions", $$"""{"input":"x","run_at":"{{later}}"}""")).Status);
        Assert.Equal(4, (await _gateway.Store.GetDepthAsync(Token)) is var depth ? depth.Due + depth.Scheduled : 0);
    }

    [Fact]
    public async Task A_budget_of_a_key_counts_what_was_asked_for_with_it()
    {
        await PutAsync("key", """{"scope":{"key":"env-4","model":"gpt-5-mini","platform":"openai"},"period":"total","limit_usd":0}""");
        Assert.Equal(HttpStatusCode.PaymentRequired, (await StartAsync(null, GatewayServer.KeyOf(Role.Admin))).Status);
        var (_, execution, _) = await StartAsync(null, GatewayServer.KeyOf(Role.User));
        var stored = (await _gateway.Store.GetAsync(execution.GetProperty("id").GetGuid(), Token))!;
        Assert.Equal("env-2", stored.KeyId);
    }

    [Fact]
    public async Task Gauges_show_each_budget_and_a_limit_that_comes_near_is_noted_once()
    {
        await PutAsync("team", """{"period":"month","limit_usd":10}""");
        await SpendAsync("team", 8.6m);
        await Programs.UntilAsync(async () => (await Store.GetBudgetAsync("team", Token))!.Alerted == 0.85m, "the first share is noted");
        await SpendAsync("team", 1m);
        await Programs.UntilAsync(async () => (await Store.GetBudgetAsync("team", Token))!.Alerted == 0.95m, "the second share is noted");
        using var client = _gateway.Client();
        await Programs.UntilAsync(
            async () =>
            {
                var lines = (await client.GetStringAsync("/metrics", Token)).Split('\n');
                bool Shows(string gauge, string value) => lines.Any(l =>
                    l.StartsWith($"{_gateway.Prefix}budget_{gauge}_dollars{{", StringComparison.Ordinal) && l.EndsWith($"budget=\"team\",period=\"month\"}} {value}", StringComparison.Ordinal));
                return Shows("limit", "10") && Shows("spent", "9.6") && Shows("remaining", "0.4");
            },
            "the gauges show it");
    }

    private static string? Text(JsonElement element, string name) => element.GetProperty(name).GetString();

    private static decimal Money(JsonElement element, string name) => element.GetProperty(name).GetDecimal();

    private Task<(HttpStatusCode Status, JsonElement Body, HttpResponseMessage Response)> PutAsync(string id, string body) =>
        _gateway.SendAsync(HttpMethod.Put, $"/api/v1/budgets/{id}", body);

    private Task<(HttpStatusCode Status, JsonElement Body, HttpResponseMessage Response)> StartAsync(string? idempotencyKey, string? key = null) => _gateway.SendAsync(
        HttpMethod.Post, "/api/v1/agents/priced/executions", """{"input":"x"}""", key ?? GatewayServer.AdminKey, idempotencyKey is null ? [] : [("Idempotency-Key", idempotencyKey)]);

    private async Task SpendAsync(string budget, decimal amount)
    {
        var reservation = Make.Reservation(TimeProvider.System.GetUtcNow(), amount, budget);
        Assert.True((await Store.ReserveAsync(reservation, Token)).Held);
        await Store.SettleAsync(reservation.Call.Id, null, Token);
    }
}
