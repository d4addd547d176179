using System.Net;
using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;
using OsMEN.Executions;
using OsMEN.Gateway.Security;

namespace OsMEN.Tests.Gateway.Security;

/// <summary>Keys, users and roles by API; each test on a gateway of its own, whose list of keys it knows whole.</summary>
public sealed class KeysApiTests : IAsyncLifetime
{
    private readonly GatewayServer _gateway = new();

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public ValueTask InitializeAsync() => _gateway.InitializeAsync();

    public ValueTask DisposeAsync() => _gateway.DisposeAsync();

    [Fact]
    public async Task Keys_come_in_pages_those_of_the_configuration_first_then_the_newest()
    {
        for (var i = 0; i < 3; i++)
            await CreateAsync($$"""{"name":"k{{i}}","role":"viewer","user":"eve"}""");
        var names = new List<string>();
        string? cursor = null;
        do
        {
            var page = await GetAsync($"/api/v1/keys?limit=2{(cursor is null ? "" : $"&cursor={cursor}")}");
            Assert.InRange(page.GetProperty("items").GetArrayLength(), 1, 2);
            names.AddRange(page.GetProperty("items").EnumerateArray().Select(k => k.GetProperty(k.GetProperty("source").GetString() == "api" ? "name" : "id").GetString()!));
            cursor = page.GetProperty("next_cursor").GetString();
        }
        while (cursor is not null);
        Assert.Equal(["env-1", "env-2", "env-3", "env-4", "k2", "k1", "k0"], names);
    }

    [Fact]
    public async Task A_key_is_shown_whole_without_its_secret()
    {
        var made = await CreateAsync("""{"name":"ci","role":"viewer","user":"eve","expires_at":"2999-01-31T08:00:00Z"}""");
        var id = made.GetProperty("id").GetString();
        var at = made.GetProperty("created_at").GetRawText();
        var shown = (await GetAsync($"/api/v1/keys/{id}")).GetRawText();
        Assert.Equal(
            $$"""{"id":"{{id}}","name":"ci","role":"viewer","user":"eve","status":"active","source":"api","created_at":{{(await GetAsync($"/api/v1/keys/{id}")).GetProperty("created_at").GetRawText()}},"expires_at":"2999-01-31T08:00:00+00:00","last_used_at":null,"revoked_at":null}""",
            shown);
        Assert.StartsWith(at[..20], (await GetAsync($"/api/v1/keys/{id}")).GetProperty("created_at").GetRawText(), StringComparison.Ordinal);
        Assert.Equal(
            """{"id":"env-4","name":"OSMEN_API_KEYS","role":"admin","user":"admin-user","status":"active","source":"configuration","created_at":null,"expires_at":null,"last_used_at":null,"revoked_at":null}""",
            (await GetAsync("/api/v1/keys/env-4")).GetRawText());
        Assert.Equal(HttpStatusCode.NotFound, (await _gateway.SendAsync(HttpMethod.Get, "/api/v1/keys/env-5")).Status);
    }

    [Fact]
    public async Task Keys_are_filtered_by_status_role_and_user()
    {
        var active = await CreateAsync("""{"name":"active","role":"viewer","user":"eve"}""");
        var revoked = await CreateAsync("""{"name":"revoked","role":"viewer","user":"eve"}""");
        await CreateAsync("""{"name":"other","role":"operator","user":"bob"}""");
        await _gateway.SendAsync(HttpMethod.Delete, $"/api/v1/keys/{revoked.GetProperty("id").GetString()}");
        var expired = await CreateAsync("""{"name":"expired","role":"viewer","user":"eve","expires_in":"1ms"}""");
        Assert.Equal(["active"], await NamesAsync("status=active&user=eve"));
        Assert.Equal(["revoked"], await NamesAsync("status=revoked"));
        Assert.Equal(["expired"], await NamesAsync("status=expired"));
        Assert.Equal(["expired", "active"], await NamesAsync("role=viewer&user=eve"));
        Assert.Equal(["expired", "revoked", "active"], await NamesAsync("status=all&user=eve"));
        await DisableAsync("eve", true);
        Assert.Equal(["expired", "active"], await NamesAsync("status=disabled"));
        Assert.Equal(HttpStatusCode.BadRequest, (await _gateway.SendAsync(HttpMethod.Get, "/api/v1/keys?status=gone")).Status);
        Assert.Equal(HttpStatusCode.BadRequest, (await _gateway.SendAsync(HttpMethod.Get, "/api/v1/keys?state=active")).Status);
        Assert.Equal(HttpStatusCode.BadRequest, (await _gateway.SendAsync(HttpMethod.Get, "/api/v1/keys?cursor=x")).Status);
        Assert.Equal("expired", (await GetAsync($"/api/v1/keys/{expired.GetProperty("id").GetString()}?x=1")).GetProperty("name").GetString());
        Assert.NotEqual(active.GetProperty("id").GetString(), revoked.GetProperty("id").GetString());
    }

    [Fact]
    public async Task A_changed_role_and_end_hold_at_once()
    {
        var made = await CreateAsync("""{"name":"ci","role":"viewer"}""");
        var (path, secret) = ($"/api/v1/keys/{made.GetProperty("id").GetString()}", made.GetProperty("key").GetString());
        Assert.Equal(HttpStatusCode.Forbidden, (await _gateway.SendAsync(HttpMethod.Get, "/api/v1/keys", key: secret)).Status);
        var (status, changed, _) = await _gateway.SendAsync(HttpMethod.Patch, path, """{"name":"ops","role":"admin","expires_in":"1h"}""");
        Assert.Equal((HttpStatusCode.OK, "ops", "admin", "ci"), (status, changed.GetProperty("name").GetString(), changed.GetProperty("role").GetString(), changed.GetProperty("user").GetString()));
        Assert.NotEqual(JsonValueKind.Null, changed.GetProperty("expires_at").ValueKind);
        Assert.Equal(HttpStatusCode.OK, (await _gateway.SendAsync(HttpMethod.Get, "/api/v1/keys", key: secret)).Status);
        (_, changed, _) = await _gateway.SendAsync(HttpMethod.Patch, path, """{"expires_at":null}""");
        Assert.Equal(("ops", JsonValueKind.Null), (changed.GetProperty("name").GetString(), changed.GetProperty("expires_at").ValueKind));
        await _gateway.SendAsync(HttpMethod.Delete, path);
        Assert.Equal(HttpStatusCode.NotFound, (await _gateway.SendAsync(HttpMethod.Patch, path, """{"role":"user"}""")).Status);
    }

    [Theory]
    [InlineData("""{}""", "")]
    [InlineData("""{"role":"root"}""", "role")]
    [InlineData("""{"name":" x"}""", "name")]
    [InlineData("""{"user":"eve"}""", "user")]
    [InlineData("""{"expires_in":"0s"}""", "expires_in")]
    [InlineData("""{"expires_at":"2020-01-01T00:00:00Z"}""", "expires_at")]
    [InlineData("""{"expires_at":"2990-01-01T00:00:00Z","expires_in":"1h"}""", "expires_at")]
    public async Task A_bad_change_is_named_and_changes_nothing(string body, string field)
    {
        var made = await CreateAsync("""{"name":"ci","role":"viewer"}""");
        var path = $"/api/v1/keys/{made.GetProperty("id").GetString()}";
        var before = (await GetAsync(path)).GetRawText();
        var (status, problem, _) = await _gateway.SendAsync(HttpMethod.Patch, path, body);
        Assert.Equal(HttpStatusCode.BadRequest, status);
        Assert.True(problem.GetProperty("errors").TryGetProperty(field, out _), problem.GetRawText());
        Assert.Equal(before, (await GetAsync(path)).GetRawText());
    }

    [Fact]
    public async Task A_key_of_the_configuration_is_changed_only_there()
    {
        foreach (var (method, body) in ((HttpMethod, string?)[])[(HttpMethod.Delete, null), (HttpMethod.Patch, """{"role":"viewer"}""")])
        {
            var (status, problem, _) = await _gateway.SendAsync(method, "/api/v1/keys/env-1", body);
            Assert.Equal((HttpStatusCode.Conflict, "This key comes from OSMEN_API_KEYS: it is changed and removed there."), (status, problem.GetProperty("detail").GetString()));
        }
    }

    [Fact]
    public async Task The_last_key_that_may_administer_stays()
    {
        await using var gateway = new GatewayServer(new(StringComparer.Ordinal) { ["OSMEN_API_KEYS"] = $"{GatewayServer.AdminKey}:admin:root,{GatewayServer.KeyOf(Role.Viewer)}:viewer:guest" });
        await gateway.InitializeAsync();
        var (_, ana, _) = await gateway.SendAsync(HttpMethod.Post, "/api/v1/keys", """{"name":"ana","role":"admin"}""");
        var (path, secret) = ($"/api/v1/keys/{ana.GetProperty("id").GetString()}", ana.GetProperty("key").GetString());
        Assert.Equal(HttpStatusCode.OK, (await gateway.SendAsync(HttpMethod.Put, "/api/v1/users/root", """{"disabled":true}""")).Status);
        Assert.Equal(HttpStatusCode.Unauthorized, (await gateway.SendAsync(HttpMethod.Get, "/api/v1/keys")).Status);
        foreach (var (method, address, body) in ((HttpMethod, string, string?)[])
        [
            (HttpMethod.Delete, path, null), (HttpMethod.Patch, path, """{"role":"operator"}"""), (HttpMethod.Put, "/api/v1/users/ana", """{"disabled":true}"""),
        ])
        {
            var (status, problem, _) = await gateway.SendAsync(method, address, body, secret);
            Assert.Equal((method, HttpStatusCode.Conflict), (method, status));
            Assert.Contains("nothing was changed", problem.GetProperty("detail").GetString(), StringComparison.Ordinal);
        }

        // One that has expired administers nothing, so it does not count.
        await gateway.SendAsync(HttpMethod.Post, "/api/v1/keys", """{"name":"short","role":"admin","expires_in":"1ms"}""", secret);
        Assert.Equal(HttpStatusCode.Conflict, (await gateway.SendAsync(HttpMethod.Delete, path, null, secret)).Status);
        Assert.Equal(HttpStatusCode.OK, (await gateway.SendAsync(HttpMethod.Put, "/api/v1/users/root", """{"disabled":false}""", secret)).Status);
        Assert.Equal(HttpStatusCode.NoContent, (await gateway.SendAsync(HttpMethod.Delete, path, null, secret)).Status);
        Assert.Equal(HttpStatusCode.Unauthorized, (await gateway.SendAsync(HttpMethod.Get, "/api/v1/keys", key: secret)).Status);
        Assert.Equal(HttpStatusCode.OK, (await gateway.SendAsync(HttpMethod.Get, "/api/v1/keys")).Status);
    }

    [Fact]
    public async Task The_last_key_that_may_administer_and_never_expires_stays_too()
    {
        await using var gateway = new GatewayServer(new(StringComparer.Ordinal) { ["OSMEN_API_KEYS"] = $"{GatewayServer.AdminKey}:admin:root" });
        await gateway.InitializeAsync();
        var (_, ana, _) = await gateway.SendAsync(HttpMethod.Post, "/api/v1/keys", """{"name":"ana","role":"admin"}""");
        var (_, bob, _) = await gateway.SendAsync(HttpMethod.Post, "/api/v1/keys", """{"name":"bob","role":"admin","expires_in":"720h"}""");
        var (path, secret) = ($"/api/v1/keys/{ana.GetProperty("id").GetString()}", bob.GetProperty("key").GetString());
        Assert.Equal(HttpStatusCode.OK, (await gateway.SendAsync(HttpMethod.Put, "/api/v1/users/root", """{"disabled":true}""")).Status);
        foreach (var (method, address, body) in ((HttpMethod, string, string?)[])
        [
            (HttpMethod.Delete, path, null), (HttpMethod.Patch, path, """{"role":"viewer"}"""), (HttpMethod.Patch, path, """{"expires_in":"8760h"}"""),
            (HttpMethod.Put, "/api/v1/users/ana", """{"disabled":true}"""),
        ])
        {
            var (status, problem, _) = await gateway.SendAsync(method, address, body, secret);
            Assert.Equal((method, HttpStatusCode.Conflict), (method, status));
            Assert.StartsWith("Every key left that may administer would expire", problem.GetProperty("detail").GetString(), StringComparison.Ordinal);
        }

        // What takes no way in away is done, and with another lasting one this one may end.
        Assert.Equal(HttpStatusCode.OK, (await gateway.SendAsync(HttpMethod.Patch, path, """{"name":"Ana"}""", secret)).Status);
        await gateway.SendAsync(HttpMethod.Put, "/api/v1/users/root", """{"disabled":false}""", secret);
        Assert.Equal(HttpStatusCode.OK, (await gateway.SendAsync(HttpMethod.Patch, path, """{"expires_in":"8760h"}""", secret)).Status);
        Assert.Equal(HttpStatusCode.Conflict, (await gateway.SendAsync(HttpMethod.Put, "/api/v1/users/root", """{"disabled":true}""", secret)).Status);
    }

    [Fact]
    public async Task Where_all_keys_that_may_administer_expire_they_can_still_be_changed()
    {
        await using var gateway = new GatewayServer(new(StringComparer.Ordinal) { ["OSMEN_API_KEYS"] = $"{GatewayServer.KeyOf(Role.Viewer)}:viewer:guest" });
        await gateway.InitializeAsync();
        const string secret = "osm_only_0123456789abcdef";
        await using (var database = new OsMEN.Executions.SqliteDatabase(gateway.ConnectionString))
        {
            await using var add = database.CreateCommand(
                $"INSERT INTO api_keys (id, name, hash, role, user_id, created_at, expires_at) VALUES ('{Guid.CreateVersion7()}', 'only', '{ApiKey.HashOf(secret)}', 'admin', 'only', 1, 4000000000000)");
            await add.ExecuteNonQueryAsync(TestContext.Current.CancellationToken);
        }

        var (made, viewer, _) = await gateway.SendAsync(HttpMethod.Post, "/api/v1/keys", """{"name":"v","role":"viewer"}""", secret);
        Assert.Equal(HttpStatusCode.Created, made);
        Assert.Equal(HttpStatusCode.NoContent, (await gateway.SendAsync(HttpMethod.Delete, $"/api/v1/keys/{viewer.GetProperty("id").GetString()}", null, secret)).Status);
        Assert.Equal(HttpStatusCode.Created, (await gateway.SendAsync(HttpMethod.Post, "/api/v1/keys", """{"name":"a","role":"admin"}""", secret)).Status);
    }

    [Fact]
    public async Task Two_administrators_who_revoke_each_other_at_once_leave_one()
    {
        await using var gateway = new GatewayServer(new(StringComparer.Ordinal) { ["OSMEN_API_KEYS"] = $"{GatewayServer.AdminKey}:admin:root" });
        await gateway.InitializeAsync();
        var keys = new List<(string Path, string Secret)>();
        foreach (var name in (string[])["ana", "bob"])
        {
            var (_, made, _) = await gateway.SendAsync(HttpMethod.Post, "/api/v1/keys", $$"""{"name":"{{name}}","role":"admin"}""");
            keys.Add(($"/api/v1/keys/{made.GetProperty("id").GetString()}", made.GetProperty("key").GetString()!));
        }

        await gateway.SendAsync(HttpMethod.Put, "/api/v1/users/root", """{"disabled":true}""", keys[0].Secret);
        var answers = await Task.WhenAll(gateway.SendAsync(HttpMethod.Delete, keys[1].Path, null, keys[0].Secret), gateway.SendAsync(HttpMethod.Delete, keys[0].Path, null, keys[1].Secret));
        Assert.Single(answers, a => a.Status == HttpStatusCode.NoContent);
        var left = 0;
        foreach (var (_, secret) in keys)
            left += (await gateway.SendAsync(HttpMethod.Get, "/api/v1/keys", key: secret)).Status == HttpStatusCode.OK ? 1 : 0;
        Assert.Equal(1, left);
    }

    [Fact]
    public async Task A_disabled_users_keys_open_nothing_until_it_is_enabled_again()
    {
        const string user = "team/eve @ 7%";
        var path = $"/api/v1/users/{Uri.EscapeDataString(user)}";
        var one = await CreateAsync($$"""{"name":"one","role":"viewer","user":"{{user}}"}""");
        var two = await CreateAsync($$"""{"name":"two","role":"user","user":"{{user}}"}""");
        var (status, view, _) = await _gateway.SendAsync(HttpMethod.Put, path, """{"disabled":true}""");
        Assert.Equal((HttpStatusCode.OK, "disabled", "admin-user"), (status, view.GetProperty("status").GetString(), view.GetProperty("disabled_by").GetString()));
        foreach (var key in (JsonElement[])[one, two])
            Assert.Equal(HttpStatusCode.Unauthorized, (await _gateway.SendAsync(HttpMethod.Get, "/api/v1/agents", key: key.GetProperty("key").GetString())).Status);
        Assert.Equal(HttpStatusCode.Conflict, (await _gateway.SendAsync(HttpMethod.Post, "/api/v1/keys", $$"""{"name":"three","user":"{{user}}"}""")).Status);
        (_, view, _) = await _gateway.SendAsync(HttpMethod.Put, path, """{"disabled":false}""");
        Assert.Equal(
            $$"""{"name":"{{user}}","status":"active","roles":["viewer","user"],"keys":{"active":2,"total":2},"last_seen_at":null,"executions":0,"cost_usd":0,"disabled_at":null,"disabled_by":null}""",
            view.GetRawText());
        Assert.Equal(HttpStatusCode.OK, (await _gateway.SendAsync(HttpMethod.Get, "/api/v1/agents", key: one.GetProperty("key").GetString())).Status);
        Assert.Equal(HttpStatusCode.NotFound, (await _gateway.SendAsync(HttpMethod.Put, "/api/v1/users/nobody", """{"disabled":true}""")).Status);
        Assert.Equal(HttpStatusCode.BadRequest, (await _gateway.SendAsync(HttpMethod.Put, path, "{}")).Status);
    }

    [Fact]
    public async Task Users_come_by_name_in_pages_with_what_they_ran()
    {
        await CreateAsync("""{"name":"k","role":"operator","user":"Zoe"}""");
        await _gateway.StartAsync(role: Role.User);
        await _gateway.StartAsync(role: Role.User);
        await _gateway.StartAsync(role: Role.Operator);
        var users = new List<string>();
        string? cursor = null;
        do
        {
            var page = await GetAsync($"/api/v1/users?limit=2{(cursor is null ? "" : $"&cursor={cursor}")}");
            users.AddRange(page.GetProperty("items").EnumerateArray().Select(u => $"{u.GetProperty("name").GetString()} {u.GetProperty("roles").GetRawText()} {u.GetProperty("executions").GetInt64()}"));
            cursor = page.GetProperty("next_cursor").GetString();
        }
        while (cursor is not null);
        Assert.Equal(["""Zoe ["operator"] 0""", """admin-user ["admin"] 0""", """operator-user ["operator"] 1""", """user-user ["user"] 2""", """viewer-user ["viewer"] 0"""], users);
        await DisableAsync("Zoe", true);
        Assert.Equal("Zoe", Assert.Single((await GetAsync("/api/v1/users?status=disabled")).GetProperty("items").EnumerateArray()).GetProperty("name").GetString());
        Assert.Equal(4, (await GetAsync("/api/v1/users?status=active")).GetProperty("items").GetArrayLength());
        Assert.Equal(HttpStatusCode.BadRequest, (await _gateway.SendAsync(HttpMethod.Get, "/api/v1/users?state=active")).Status);
    }

    [Fact]
    public async Task A_key_of_the_configuration_is_known_also_while_the_database_has_never_answered()
    {
        using var schema = new ExecutionSchema(_gateway.Store, TimeProvider.System, NullLogger<ExecutionSchema>.Instance);
        using var ring = ActivatorUtilities.CreateInstance<KeyRing>(_gateway.Services, schema);
        Assert.Equal("env-4", (await ring.FindAsync(GatewayServer.AdminKey, default, Token))!.Id);
        Assert.Null(await ring.FindAsync("osm_nobody_knows_this", default, Token));
    }

    [Fact]
    public async Task Roles_are_told_in_their_order()
    {
        var (_, roles, _) = await _gateway.SendAsync(HttpMethod.Get, "/api/v1/roles", key: GatewayServer.KeyOf(Role.Viewer));
        Assert.Equal(["viewer", "user", "operator", "admin"], roles.GetProperty("items").EnumerateArray().Select(r => r.GetProperty("role").GetString()));
        Assert.All(roles.GetProperty("items").EnumerateArray(), r => Assert.NotEmpty(r.GetProperty("description").GetString()!));
    }

    private async Task<JsonElement> CreateAsync(string body)
    {
        var (status, key, _) = await _gateway.SendAsync(HttpMethod.Post, "/api/v1/keys", body);
        Assert.Equal(HttpStatusCode.Created, status);
        return key;
    }

    private async Task<JsonElement> GetAsync(string path)
    {
        var (status, body, _) = await _gateway.SendAsync(HttpMethod.Get, path);
        Assert.Equal(HttpStatusCode.OK, status);
        return body;
    }

    private async Task<string[]> NamesAsync(string query) =>
        [.. (await GetAsync($"/api/v1/keys?{query}")).GetProperty("items").EnumerateArray().Select(k => k.GetProperty("name").GetString()!)];

    private async Task DisableAsync(string user, bool disabled) =>
        Assert.Equal(HttpStatusCode.OK, (await _gateway.SendAsync(HttpMethod.Put, $"/api/v1/users/{user}", new Dictionary<string, bool>(StringComparer.Ordinal) { ["disabled"] = disabled })).Status);
}
