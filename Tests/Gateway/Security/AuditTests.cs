using System.Net;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using OsMEN.Executions.Audit;
using OsMEN.Gateway.Audit;
using OsMEN.Gateway.Security;
using OsMEN.Tests.Executions;
using OsMEN.Tests.Infrastructure;

namespace OsMEN.Tests.Gateway.Security;

/// <summary>Who changed what: every change, with its facts and without secrets.</summary>
public sealed class AuditTests(PostgresServer postgres) : IAsyncLifetime
{
    // A new route that changes something is either marked as audited or stands here with its reason.
    private static readonly Dictionary<string, string> Unaudited = new(StringComparer.Ordinal)
    {
        ["POST /api/v1/agents/{id}/executions"] = "an execution is its own record, with user and key",
        ["POST /api/v1/commands/{id}/executions"] = "an execution is its own record, with user and key",
        ["POST /api/v1/workflows/{id}/executions"] = "an execution is its own record, with user and key",
        ["POST /health/check"] = "looks, changes nothing",
        ["POST /mcp/"] = "starts executions",
        ["POST /v1/chat/completions"] = "a call is its own record, with user and key",
        ["POST /v1/embeddings"] = "a call is its own record, with user and key",
    };

    private readonly string _alerts = Path.Combine(Path.GetTempPath(), $"{Path.GetRandomFileName()}.yaml");
    private GatewayServer? _server;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private GatewayServer Gateway => _server!;

    public async ValueTask InitializeAsync()
    {
        await File.WriteAllTextAsync(
            _alerts,
            """
            rules:
              - {name: FromFile, summary: s, description: d, metric: agents, threshold: 1000000, severity: info}
            channels:
              hook: {type: webhook, url: "http://127.0.0.1:1/hidden", secret: s3cret, allow_private: true}
            """);
        // The engine would end an alert that no rule of its own has made.
        _server = new GatewayServer(new(StringComparer.Ordinal) { ["MONITORING_CONFIG_PATH"] = _alerts, ["Alerts:Enabled"] = "false" });
        await Gateway.InitializeAsync();
    }

    public async ValueTask DisposeAsync()
    {
        await Gateway.DisposeAsync();
        File.Delete(_alerts);
    }

    [Fact]
    public void Every_route_that_changes_something_is_audited_or_says_why_not()
    {
        var changing = Changing().Where(e => e.Endpoint.Metadata.GetMetadata<AuditMetadata>() is null).Select(e => e.Route).Order(StringComparer.Ordinal);
        Assert.Equal(Unaudited.Keys.Order(StringComparer.Ordinal), changing);
    }

    [Fact]
    public async Task Every_audited_action_leaves_one_entry()
    {
        var expected = new List<string>();
        async Task DoAsync(string action, string target, HttpMethod method, string path, object? body = null, string? key = null)
        {
            var (status, answer, _) = await Gateway.SendAsync(method, path, body, key ?? GatewayServer.AdminKey);
            Assert.True((int)status < 400 || action == "channel.tested", $"{action}: {status} {answer}");
            expected.Add($"{action} {(target.Length > 0 ? target : answer.GetProperty("id").GetString())}");
        }

        await DoAsync("key.created", "", HttpMethod.Post, "/api/v1/keys", """{"name":"eve","role":"viewer"}""");
        var keyPath = $"/api/v1/keys/{expected[0].Split(' ')[1]}";
        await DoAsync("key.changed", "", HttpMethod.Patch, keyPath, """{"role":"user"}""");
        await DoAsync("user.disabled", "eve", HttpMethod.Put, "/api/v1/users/eve", """{"disabled":true}""");
        await DoAsync("user.enabled", "eve", HttpMethod.Put, "/api/v1/users/eve", """{"disabled":false}""");
        await DoAsync("key.revoked", expected[0].Split(' ')[1], HttpMethod.Delete, keyPath);
        await DoAsync("agent.put", "a1", HttpMethod.Put, "/api/v1/agents/a1", """{"description":"d","instructions":"Say nothing of this."}""");
        await DoAsync("agent.deleted", "a1", HttpMethod.Delete, "/api/v1/agents/a1");
        await DoAsync("budget.put", "b1", HttpMethod.Put, "/api/v1/budgets/b1", """{"period":"day","limit_usd":5}""");
        await DoAsync("budget.deleted", "b1", HttpMethod.Delete, "/api/v1/budgets/b1");
        await DoAsync("prices.put", "prices", HttpMethod.Put, "/api/v1/prices", """{"openai/x":{"input_cost_per_token":1e-6,"output_cost_per_token":1e-6}}""");
        await DoAsync("dashboard.changed", "dashboard", HttpMethod.Put, "/dashboard/config", """{"title":"Ops"}""");
        await DoAsync("rule.put", "LongQueue", HttpMethod.Put, "/alerts/rules/LongQueue",
            """{"summary":"s","description":"d","metric":"task_queue_size","shared":true,"threshold":5000,"for":"5m","severity":"info"}""");
        await DoAsync("rule.deleted", "LongQueue", HttpMethod.Delete, "/alerts/rules/LongQueue");
        await DoAsync("silence.created", "", HttpMethod.Post, "/alerts/silences", """{"matchers":{"alertname":"X"},"duration":"1h","comment":"c"}""");
        await DoAsync("silence.ended", expected[^1].Split(' ')[1], HttpMethod.Delete, $"/alerts/silences/{expected[^1].Split(' ')[1]}");
        await DoAsync("channel.tested", "hook", HttpMethod.Post, "/alerts/channels/hook/test");
        var id = (await Gateway.StartAsync(role: Role.User)).GetProperty("id").GetString()!;
        await DoAsync("execution.cancelled", id, HttpMethod.Post, $"/api/v1/executions/{id}/cancel", null, GatewayServer.KeyOf(Role.Operator));
        await DoAsync("execution.retried", id, HttpMethod.Post, $"/api/v1/executions/{id}/retry", null, GatewayServer.KeyOf(Role.Operator));
        foreach (var step in (string[])["a", "b"])
            await ExecuteAsync($"INSERT INTO workflow_approvals (execution_id, step, message, role, asked_at, expires_at) VALUES ('{id}', '{step}', 'm', 'operator', 1, 9000000000000000)");
        await DoAsync("execution.approved", id, HttpMethod.Post, $"/api/v1/executions/{id}/approve", """{"step":"a"}""");
        await DoAsync("execution.refused", id, HttpMethod.Post, $"/api/v1/executions/{id}/approve", """{"approved":false,"comment":"no"}""");
        await ExecuteAsync(
            """
            INSERT INTO alerts (id, rule, fingerprint, labels, severity, state, value, summary, description, runbook, active_at, fired_at)
            VALUES ('fired-1', 'Manual', 'f', '{}', 'info', 'firing', 1, 's', 'd', 'r', 1, 1)
            """);
        await DoAsync("alert.acknowledged", "fired-1", HttpMethod.Post, "/alerts/fired-1/acknowledge", """{"note":"looking"}""");
        var cookie = await SignInAsync(GatewayServer.KeyOf(Role.Viewer), HttpStatusCode.SeeOther);
        expected.Add("session.started env-1");
        using (var http = new HttpClient(new HttpClientHandler { UseCookies = false }) { BaseAddress = Gateway.Address })
        {
            using var end = new HttpRequestMessage(HttpMethod.Delete, "/dashboard/session") { Headers = { { "Cookie", cookie }, { "Origin", Gateway.Address.GetLeftPart(UriPartial.Authority) } } };
            Assert.Equal(HttpStatusCode.NoContent, (await http.SendAsync(end, Token)).StatusCode);
        }

        expected.Add("session.ended env-1");
        await SignInAsync("osm_wrong_key_0123456789", HttpStatusCode.Unauthorized);
        expected.Add("session.refused dashboard");

        var entries = await ReadAsync("limit=1000");
        Assert.Equal(expected.Order(StringComparer.Ordinal), entries.Select(e => $"{e.GetProperty("action").GetString()} {e.GetProperty("target").GetString()}").Order(StringComparer.Ordinal));
        var known = Changing().SelectMany(e => e.Endpoint.Metadata.GetMetadata<AuditMetadata>()?.Actions ?? []).Distinct(StringComparer.Ordinal);
        Assert.Equal(known.Order(StringComparer.Ordinal), expected.Select(e => e.Split(' ')[0]).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal));

        // Whatever was sent or answered: no key, no hash, no prompt, no webhook.
        var all = string.Concat(entries.Select(e => e.GetRawText()));
        foreach (var secret in (string[])["osm_", "Say nothing", "hidden", "s3cret", ApiKey.HashOf(GatewayServer.AdminKey)])
            Assert.DoesNotContain(secret, all, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_entry_says_who_what_when_from_where_and_what_changed()
    {
        var (_, made, _) = await Gateway.SendAsync(HttpMethod.Post, "/api/v1/keys", """{"name":"eve","role":"viewer"}""");
        var id = made.GetProperty("id").GetString();
        var (_, _, response) = await Gateway.SendAsync(HttpMethod.Patch, $"/api/v1/keys/{id}", """{"role":"user"}""", GatewayServer.AdminKey, ("X-Request-Id", "req-7"));
        var entry = Assert.Single(await ReadAsync("action=key.changed"));
        Assert.Equal(
            $$$$"""{"id":"{{{{entry.GetProperty("id").GetString()}}}}","time":{{{{entry.GetProperty("time").GetRawText()}}}},"actor":"admin-user","key_id":"env-4","role":"admin","action":"key.changed","target":"{{{{id}}}}","request_id":"{{{{response.Headers.GetValues("X-Request-Id").Single()}}}}","address":"127.0.0.1","changes":{"role":{"before":"viewer","after":"user"}}}""",
            entry.GetRawText());
        Assert.InRange(TimeProvider.System.GetUtcNow() - entry.GetProperty("time").GetDateTimeOffset(), TimeSpan.Zero, TimeSpan.FromMinutes(1));
    }

    [Fact]
    public async Task What_changed_nothing_leaves_no_entry()
    {
        var id = (await Gateway.StartAsync(role: Role.User)).GetProperty("id").GetString();
        await Gateway.SendAsync(HttpMethod.Post, $"/api/v1/executions/{id}/cancel", key: GatewayServer.KeyOf(Role.User));
        await Gateway.SendAsync(HttpMethod.Post, $"/api/v1/executions/{id}/retry", key: GatewayServer.KeyOf(Role.User));
        await Gateway.SendAsync(HttpMethod.Post, "/api/v1/keys", "{}");
        await Gateway.SendAsync(HttpMethod.Delete, "/api/v1/keys/env-1");
        await Gateway.SendAsync(HttpMethod.Put, "/api/v1/agents/a1", """{"nonsense":1}""");
        await Gateway.SendAsync(HttpMethod.Delete, "/api/v1/agents/none");
        await Gateway.SendAsync(HttpMethod.Put, "/api/v1/users/admin-user", """{"disabled":false}""");
        await Gateway.SendAsync(HttpMethod.Post, "/api/v1/keys", """{"name":"x"}""", GatewayServer.KeyOf(Role.Operator));
        Assert.Empty(await ReadAsync(""));
    }

    [Fact]
    public async Task The_log_is_filtered_and_read_in_pages()
    {
        var before = TimeProvider.System.GetUtcNow() - TimeSpan.FromSeconds(1);
        var ids = new List<string>();
        for (var i = 0; i < 3; i++)
            ids.Add((await Gateway.SendAsync(HttpMethod.Post, "/api/v1/keys", $$"""{"name":"k{{i}}"}""")).Body.GetProperty("id").GetString()!);
        await Gateway.SendAsync(HttpMethod.Put, "/api/v1/users/k0", """{"disabled":true}""");
        var seen = new List<string>();
        string? cursor = null;
        do
        {
            var (_, page, _) = await Gateway.SendAsync(HttpMethod.Get, $"/api/v1/audit?limit=1{(cursor is null ? "" : $"&cursor={cursor}")}");
            seen.Add(Assert.Single(page.GetProperty("items").EnumerateArray()).GetProperty("target").GetString()!);
            cursor = page.GetProperty("next_cursor").GetString();
        }
        while (cursor is not null);
        Assert.Equal(["k0", ids[2], ids[1], ids[0]], seen);
        Assert.Equal(3, (await ReadAsync("action=key")).Length);
        Assert.Single(await ReadAsync("action=user"));
        Assert.Empty(await ReadAsync("action=ke"));
        Assert.Single(await ReadAsync($"target={ids[1]}"));
        Assert.Equal(4, (await ReadAsync("actor=admin-user")).Length);
        Assert.Empty(await ReadAsync("actor=eve"));
        Assert.Equal(4, (await ReadAsync($"since={before:O}".Replace("+", "%2B", StringComparison.Ordinal))).Length);
        Assert.Empty(await ReadAsync($"until={before:O}".Replace("+", "%2B", StringComparison.Ordinal)));
        foreach (var wrong in (string[])["who=x", "limit=0", "cursor=x", "since=x", "actor=a&actor=b"])
            Assert.Equal((wrong, HttpStatusCode.BadRequest), (wrong, (await Gateway.SendAsync(HttpMethod.Get, $"/api/v1/audit?{wrong}")).Status));
    }

    [Fact]
    public async Task Refused_sign_ins_do_not_fill_the_log()
    {
        for (var i = 0; i < 80; i++)
            await SignInAsync($"osm_guess_{i}_0123456789", HttpStatusCode.Unauthorized);

        // At most 30 a minute, and a minute may have ended between.
        Assert.InRange((await ReadAsync("action=session.refused&limit=1000")).Length, 30, 60);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Old_entries_are_removed_the_oldest_first_in_batches(bool onPostgres)
    {
        await using var database = onPostgres ? await TestStore.PostgresAsync(postgres) : await TestStore.SqliteAsync();
        var table = new AuditTable(database.Database);
        var start = DateTimeOffset.FromUnixTimeMilliseconds(1_900_000_000_000);
        for (var i = 0; i < 5; i++)
            await table.AddAsync(new AuditEntry { Id = Guid.CreateVersion7(start.AddMinutes(i)), Actor = "ana", Action = "key.created", Target = $"{i}" }, Token);
        Assert.Equal(2, await table.TrimAsync(start.AddMinutes(3), 2, Token));
        Assert.Equal(["4", "3", "2"], (await table.ReadAsync(new AuditQuery(), Token)).Select(e => e.Target));
        Assert.Equal(1, await table.TrimAsync(start.AddMinutes(3), 2, Token));
        Assert.Equal(["4", "3"], (await table.ReadAsync(new AuditQuery(), Token)).Select(e => e.Target));
        var entry = (await table.ReadAsync(new AuditQuery { Action = "key", Since = start.AddMinutes(4), Until = start.AddMinutes(5) }, Token)).Single();
        Assert.Equal((start.AddMinutes(4), "ana", "key.created", (string?)null), (entry.At, entry.Actor, entry.Action, entry.Changes));
    }

    [Fact]
    public void Changes_show_what_differs_and_neither_prompts_nor_secrets_nor_long_texts()
    {
        var before = new JsonObject { ["role"] = "user", ["same"] = 1, ["instructions"] = "old", ["gone"] = true, ["api_key"] = "abc" };
        var after = new JsonObject { ["role"] = "admin", ["same"] = 1, ["instructions"] = "new", ["long"] = new string('x', 300), ["note"] = "Bearer abcdefgh", ["api_key"] = "def" };
        Assert.Equal(
            """
            {"role":{"before":"user","after":"admin"},"instructions":{"before":"(left out)","after":"(left out)"},"gone":{"before":true},"api_key":{"before":"(left out)","after":"(left out)"},"long":{"after":"(left out)"},"note":{"after":"(left out)"}}
            """,
            AuditChanges.Between(before, after));
        Assert.Null(AuditChanges.Between(before, before));
    }

    private IEnumerable<(string Route, RouteEndpoint Endpoint)> Changing() =>
        Gateway.Services.GetRequiredService<EndpointDataSource>().Endpoints.OfType<RouteEndpoint>()
            .SelectMany(e => (e.Metadata.GetMetadata<IHttpMethodMetadata>()?.HttpMethods ?? []).Where(m => m is not ("GET" or "HEAD")).Select(m => ($"{m} {e.RoutePattern.RawText}", e)));

    private async Task<JsonElement[]> ReadAsync(string query)
    {
        var (status, page, _) = await Gateway.SendAsync(HttpMethod.Get, $"/api/v1/audit?{query}");
        Assert.Equal(HttpStatusCode.OK, status);
        return [.. page.GetProperty("items").EnumerateArray()];
    }

    private async Task ExecuteAsync(string sql)
    {
        await using var database = await TestStore.SqliteAsync(Gateway.ConnectionString);
        await using var command = database.Database.CreateCommand(sql);
        await command.ExecuteNonQueryAsync(Token);
    }

    private async Task<string> SignInAsync(string key, HttpStatusCode expected)
    {
        using var http = new HttpClient(new HttpClientHandler { AllowAutoRedirect = false, UseCookies = false }) { BaseAddress = Gateway.Address };
        using var request = new HttpRequestMessage(HttpMethod.Post, "/dashboard/session") { Content = new FormUrlEncodedContent([new("key", key)]) };
        request.Headers.TryAddWithoutValidation("Origin", Gateway.Address.GetLeftPart(UriPartial.Authority));
        using var answer = await http.SendAsync(request, Token);
        Assert.Equal(expected, answer.StatusCode);
        return answer.Headers.TryGetValues("Set-Cookie", out var cookies) ? cookies.Single().Split(';')[0] : "";
    }
}
