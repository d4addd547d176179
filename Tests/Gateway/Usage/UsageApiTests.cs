using System.Net;
using System.Text.Json;
using OsMEN.Executions;
using OsMEN.Executions.Usage;
using OsMEN.Gateway.Security;
using OsMEN.Gateway.Usage;
using OsMEN.Llm;
using OsMEN.Tests.Executions;
using OsMEN.Tests.Infrastructure;

namespace OsMEN.Tests.Gateway.Usage;

public sealed class UsageApiTests(GatewayServer gateway) : IClassFixture<GatewayServer>
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_row_is_as_the_contract_has_it_with_revenue_and_margin()
    {
        await UsedAsync("row_agent", "row@example.com", new TokenUsage(100, 20, 40, 5, 7), 0.125m, 1.5m);
        var row = (await ReadAsync("?group_by=agent")).GetProperty("items").EnumerateArray().Single(r => r.GetProperty("agent").GetString() == "row_agent");
        Assert.Equal(
            """{"agent":"row_agent","executions":1,"tokens":{"input":100,"output":20,"cached_input":40,"cache_write":5,"reasoning":7},"cost_usd":0.125,"unpriced_tokens":0,"estimated_tokens":0,"revenue_usd":1.5,"margin_usd":1.375}""",
            row.GetRawText());
        await UsedAsync("row_agent", "row@example.com", new TokenUsage(3, 4), null, null, model: "dear\"x");
        row = (await ReadAsync("?group_by=model")).GetProperty("items").EnumerateArray().Single(r => r.GetProperty("model").GetString() == "test/dear\"x");
        Assert.Equal(
            """{"model":"test/dear\"x","executions":1,"tokens":{"input":3,"output":4,"cached_input":0,"cache_write":0,"reasoning":0},"cost_usd":0,"unpriced_tokens":7,"estimated_tokens":0}""",
            row.GetRawText());
    }

    [Fact]
    public async Task A_user_sees_its_own_and_every_other_role_everything()
    {
        await UsedAsync("roles_agent", "user-user", new TokenUsage(1, 1), 0.5m, null);
        await UsedAsync("roles_agent", "somebody-else", new TokenUsage(1, 1), 0.25m, null);
        foreach (var role in Enum.GetValues<Role>())
        {
            foreach (var group in (string[])["agent", "user", "model", "platform", "day"])
            {
                var page = await ReadAsync($"?group_by={group}", role);
                var text = page.GetRawText();
                if (group == "user")
                    Assert.Equal(role != Role.User, text.Contains("somebody-else", StringComparison.Ordinal));
                if (group == "agent")
                {
                    var row = page.GetProperty("items").EnumerateArray().Single(r => r.GetProperty("agent").GetString() == "roles_agent");
                    Assert.Equal(role == Role.User ? 0.5m : 0.75m, row.GetProperty("cost_usd").GetDecimal());
                }
            }
        }
    }

    [Fact]
    public async Task Pages_follow_each_other_and_csv_has_all_rows_in_one()
    {
        foreach (var user in (string[])["csv-a", "csv-b,\"quoted\"", "=csv()"])
            await UsedAsync("csv_agent", user, new TokenUsage(1, 2), 0.000000001m, null);
        var seen = new List<string>();
        for (string? cursor = "", next; cursor is not null; cursor = next)
        {
            var page = await ReadAsync("?group_by=user&limit=1" + (cursor.Length == 0 ? "" : $"&cursor={cursor}"));
            seen.Add(Assert.Single(page.GetProperty("items").EnumerateArray()).GetProperty("user").GetString()!);
            next = page.GetProperty("next_cursor").GetString();
        }

        Assert.Equal(["=csv()", "csv-a", "csv-b,\"quoted\""], seen.Where(s => s.Contains("csv", StringComparison.Ordinal)));
        using var client = gateway.Client();
        client.DefaultRequestHeaders.Accept.ParseAdd("text/csv");
        using var response = await client.GetAsync(new Uri("/api/v1/usage?group_by=user&limit=1", UriKind.Relative), Token);
        Assert.Equal("text/csv", response.Content.Headers.ContentType?.MediaType);
        var lines = (await response.Content.ReadAsStringAsync(Token)).Split("\r\n");
        Assert.Equal("user,executions,input_tokens,output_tokens,cached_input_tokens,cache_write_tokens,reasoning_tokens,cost_usd,unpriced_tokens,estimated_tokens,revenue_usd,margin_usd", lines[0]);
        Assert.Equal(
            ["'=csv(),1,1,2,0,0,0,0.000000001,0,0,,", "csv-a,1,1,2,0,0,0,0.000000001,0,0,,", "\"csv-b,\"\"quoted\"\"\",1,1,2,0,0,0,0.000000001,0,0,,"],
            lines.Where(l => l.Contains("csv", StringComparison.Ordinal)));
    }

    [Theory]
    [InlineData("=1+1")]
    [InlineData("+1")]
    [InlineData("-1")]
    [InlineData("@SUM(A1)")]
    [InlineData("\t=1")]
    [InlineData("\r=1")]
    public void A_cell_that_a_spreadsheet_would_run_is_text_in_csv(string group)
    {
        var line = UsageView.Csv(UsageGroup.User, [new UsageRow(group, 0, default, 0, 0, 0, null)]).Split("\r\n", 2)[1];
        Assert.StartsWith(group.Contains('\r', StringComparison.Ordinal) ? $"\"'{group}\",0," : $"'{group},0,", line, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_projection_names_its_method()
    {
        await UsedAsync("projected", "ana", new TokenUsage(1, 1), 1m, null);
        var projection = await ReadAsync("/projection");
        var (today, month) = (projection.GetProperty("today"), projection.GetProperty("month"));
        Assert.True(today.GetProperty("cost_usd").GetDecimal() >= 1);
        Assert.True(today.GetProperty("projected_usd").GetDecimal() >= today.GetProperty("cost_usd").GetDecimal());
        Assert.True(month.GetProperty("projected_usd").GetDecimal() >= today.GetProperty("projected_usd").GetDecimal());
        Assert.Contains(month.GetProperty("method").GetString(), (string[])["run_rate", "daily_mean"]);
    }

    [Theory]
    [InlineData("group_by=key", "group_by")]
    [InlineData("group_by=agent&group_by=user", "group_by")]
    [InlineData("since=yesterday", "since")]
    [InlineData("until=0001-01-01T00:00:00Z", "until")]
    [InlineData("since=2026-02-01&until=2026-01-01", "since")]
    [InlineData("limit=0", "limit")]
    [InlineData("by=agent", "by")]
    public async Task A_bad_parameter_is_named(string query, string field)
    {
        var (status, problem, _) = await gateway.SendAsync(HttpMethod.Get, $"/api/v1/usage?{query}");
        Assert.Equal(HttpStatusCode.BadRequest, status);
        Assert.Equal([field], problem.GetProperty("errors").EnumerateObject().Select(e => e.Name));
    }

    private async Task<JsonElement> ReadAsync(string query, Role role = Role.Admin)
    {
        var (status, body, _) = await gateway.SendAsync(HttpMethod.Get, $"/api/v1/usage{query}", key: GatewayServer.KeyOf(role));
        Assert.Equal(HttpStatusCode.OK, status);
        return body;
    }

    [Fact]
    public async Task The_dashboard_shows_a_user_its_own_spending_and_the_other_roles_everybodys()
    {
        await UsedAsync("dashboard_agent", "user-user", new TokenUsage(1, 1), 0.125m, null);
        await UsedAsync("dashboard_agent", "somebody-else", new TokenUsage(1, 1), 64m, null);
        foreach (var role in Enum.GetValues<Role>())
        {
            var key = GatewayServer.KeyOf(role);
            var (_, projection, _) = await gateway.SendAsync(HttpMethod.Get, "/api/v1/usage/projection", key: key);
            JsonElement spend = default;
            await Programs.UntilAsync(
                async () => (spend = (await gateway.SendAsync(HttpMethod.Get, "/dashboard", null, key, ("Accept", "application/json"))).Body.GetProperty("data").GetProperty("spend")).ValueKind == JsonValueKind.Object,
                "the spending");
            decimal[] spent = [.. ((JsonElement[])[projection, spend]).Select(p => p.GetProperty("month").GetProperty("cost_usd").GetDecimal())];
            Assert.Equal((role, spent[0]), (role, spent[1]));
            Assert.Equal(role != Role.User, spent[1] >= 64m);

            using var socket = new System.Net.WebSockets.ClientWebSocket();
            socket.Options.SetRequestHeader("X-Api-Key", key);
            await socket.ConnectAsync(new UriBuilder(gateway.Address) { Scheme = "ws", Path = "/dashboard/ws" }.Uri, Token);
            using var message = new MemoryStream();
            var buffer = new byte[65536];
            System.Net.WebSockets.ValueWebSocketReceiveResult part;
            do
            {
                part = await socket.ReceiveAsync(buffer.AsMemory(), Token);
                message.Write(buffer, 0, part.Count);
            }
            while (!part.EndOfMessage);
            using var first = JsonDocument.Parse(message.ToArray());
            Assert.Equal(spend.GetRawText(), first.RootElement.GetProperty("data").GetProperty("spend").GetRawText());
        }
    }

    private async Task UsedAsync(string agent, string user, TokenUsage tokens, decimal? cost, decimal? revenue, string model = "m")
    {
        var now = TimeProvider.System.GetUtcNow();
        await gateway.Store.AcceptAsync([StoreBehaviour.New() with { Target = agent, User = user, Priority = 9 }], Token);
        var claim = Assert.Single(await gateway.Store.ClaimAsync("w", 1, TimeSpan.FromMinutes(1), Token));
        var call = new LlmCall
        {
            Id = Guid.CreateVersion7(now), Platform = "test", Model = model, StartedAt = now, Duration = TimeSpan.Zero, Status = LlmCallStatus.Ok, Tokens = tokens, CostUsd = cost,
        };
        await gateway.Store.RecordAsync([new ExecutionRecord { Lease = claim.Lease, Calls = [call], End = new AttemptEnd(ExecutionStatus.Completed, RevenueUsd: revenue) }], Token);
    }
}
