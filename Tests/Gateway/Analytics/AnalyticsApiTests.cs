using System.Net;
using System.Text.Json;
using OsMEN.Executions.Analytics;
using OsMEN.Gateway.Security;

namespace OsMEN.Tests.Gateway.Analytics;

public sealed class AnalyticsApiTests(GatewayServer gateway) : IClassFixture<GatewayServer>
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task An_agents_row_has_the_columns_of_the_contract_in_order_and_money_as_a_number()
    {
        await gateway.StartAsync();
        var row = (await ReadAsync("agent_performance_summary")).GetProperty("items").EnumerateArray().Single(r => r.GetProperty("agent_name").GetString() == "daily_brief");
        Assert.Equal(
            ["agent_name", "total_executions", "successful", "failed", "success_rate", "avg_execution_time", "p95_execution_time", "total_tokens", "total_cost"],
            row.EnumerateObject().Select(p => p.Name));
        Assert.True(row.GetProperty("total_executions").GetInt64() > 0);
        Assert.Equal(JsonValueKind.Number, row.GetProperty("total_cost").ValueKind);
    }

    [Fact]
    public async Task The_days_come_newest_first_in_pages()
    {
        var days = new List<string>();
        string? cursor = null;
        do
        {
            var page = await ReadAsync("daily_system_metrics?limit=7" + (cursor is null ? "" : $"&cursor={cursor}"));
            Assert.InRange(page.GetProperty("items").GetArrayLength(), 1, 7);
            days.AddRange(page.GetProperty("items").EnumerateArray().Select(d => d.GetProperty("date").GetString()!));
            cursor = page.GetProperty("next_cursor").GetString();
        }
        while (cursor is not null);
        Assert.Equal(30, days.Count);
        Assert.Equal(days.Distinct().OrderDescending(StringComparer.Ordinal), days);
    }

    [Fact]
    public async Task A_user_sees_the_own_activity_and_every_other_role_everybodys()
    {
        await gateway.StartAsync(role: Role.User);
        await gateway.StartAsync(role: Role.Operator);
        Assert.Equal(["user-user"], await UsersAsync(Role.User));
        foreach (var role in new[] { Role.Viewer, Role.Operator, Role.Admin })
            Assert.Superset(new HashSet<string>(["operator-user", "user-user"], StringComparer.Ordinal), (await UsersAsync(role)).ToHashSet(StringComparer.Ordinal));
        var page = await ReadAsync("user_activity_summary?limit=1", Role.User);
        Assert.Equal(JsonValueKind.Null, page.GetProperty("next_cursor").ValueKind);
    }

    [Fact]
    public async Task Names_page_past_letters_of_any_script()
    {
        string[] users = ["Zoe", "\u00c9mile \"x\"", "\u674e"];
        await gateway.Store.AcceptAsync([.. users.Select(u => Tests.Executions.StoreBehaviour.New() with { User = u, Target = "t" })], Token);
        var found = new List<string>();
        for (string? cursor = "", next; cursor is not null; cursor = next)
        {
            var page = await ReadAsync("user_activity_summary?limit=1" + (cursor.Length == 0 ? "" : $"&cursor={cursor}"));
            found.Add(Assert.Single(page.GetProperty("items").EnumerateArray()).GetProperty("email").GetString()!);
            next = page.GetProperty("next_cursor").GetString();
        }

        Assert.Equal(users, found.Where(f => users.Contains(f, StringComparer.Ordinal)));
    }

    [Fact]
    public async Task A_view_that_is_none_of_the_five_is_not_found_and_the_answer_names_them()
    {
        foreach (var name in new[] { "pg_user", "executions", "execution_summary", "DAILY_SYSTEM_METRICS" })
        {
            var (status, problem, _) = await gateway.SendAsync(HttpMethod.Get, $"/api/v1/analytics/{name}");
            Assert.Equal(HttpStatusCode.NotFound, status);
            Assert.All(AnalyticsViews.All, v => Assert.Contains(v.Name, problem.GetProperty("detail").GetString(), StringComparison.Ordinal));
        }
    }

    [Theory]
    [InlineData("limit=0", "limit")]
    [InlineData("limit=1001", "limit")]
    [InlineData("limit=5&limit=6", "limit")]
    [InlineData("cursor=nonsense", "cursor")]
    [InlineData("cursor=MjAyNi0xMy0wMQ", "cursor")]
    [InlineData("order=date", "order")]
    public async Task A_bad_parameter_is_named(string query, string field)
    {
        var (status, problem, _) = await gateway.SendAsync(HttpMethod.Get, $"/api/v1/analytics/daily_system_metrics?{query}");
        Assert.Equal(HttpStatusCode.BadRequest, status);
        Assert.Equal([field], problem.GetProperty("errors").EnumerateObject().Select(e => e.Name));
    }

    [Fact]
    public async Task The_description_shows_what_a_row_looks_like()
    {
        var (_, document, _) = await gateway.SendAsync(HttpMethod.Get, "/api/v1/openapi.json");
        var operation = document.GetProperty("paths").GetProperty("/api/v1/analytics/{view}").GetProperty("get");
        Assert.All(AnalyticsViews.All, v => Assert.Contains(v.Name, operation.GetProperty("description").GetString(), StringComparison.Ordinal));
        var example = operation.GetProperty("responses").GetProperty("200").GetProperty("content").GetProperty("application/json").GetProperty("example");
        Assert.Equal(AnalyticsViews.AgentPerformance.Columns.Select(c => c.Name), example.GetProperty("items")[0].EnumerateObject().Select(p => p.Name));
    }

    private async Task<string[]> UsersAsync(Role role) =>
        [.. (await ReadAsync("user_activity_summary", role)).GetProperty("items").EnumerateArray().Select(r => r.GetProperty("email").GetString()!)];

    private async Task<JsonElement> ReadAsync(string path, Role role = Role.Admin)
    {
        var (status, page, _) = await gateway.SendAsync(HttpMethod.Get, $"/api/v1/analytics/{path}", key: GatewayServer.KeyOf(role));
        Assert.Equal(HttpStatusCode.OK, status);
        return page;
    }
}
