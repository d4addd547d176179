using System.Net;
using System.Net.WebSockets;
using System.Text;
using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;
using OsMEN.Gateway.Security;
using OsMEN.Tests.Infrastructure;

namespace OsMEN.Tests.Gateway.Dashboard;

/// <summary>What a browser's cookie opens, and when it stops to.</summary>
public sealed class SignInTests(GatewayServer gateway) : IClassFixture<GatewayServer>
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private string Origin => gateway.Address.GetLeftPart(UriPartial.Authority);

    [Fact]
    public async Task A_browser_signs_in_reads_acts_and_signs_out()
    {
        var cookie = await SignInAsync(GatewayServer.KeyOf(Role.User));
        Assert.Equal(HttpStatusCode.OK, (await SendAsync(HttpMethod.Get, "/api/v1/agents", cookie)).StatusCode);
        using var started = await SendAsync(HttpMethod.Post, "/api/v1/agents/daily_brief/executions", cookie, Origin, """{"input":"x"}""");
        Assert.Equal(HttpStatusCode.Accepted, started.StatusCode);
        Assert.Equal("user-user", JsonSerializer.Deserialize<JsonElement>(await started.Content.ReadAsStringAsync(Token)).GetProperty("user").GetString());
        Assert.Equal(HttpStatusCode.Forbidden, (await SendAsync(HttpMethod.Put, "/dashboard/config", cookie, Origin, "{}")).StatusCode);

        using var end = await SendAsync(HttpMethod.Delete, "/dashboard/session", cookie, Origin);
        Assert.Equal(HttpStatusCode.NoContent, end.StatusCode);
        Assert.Contains("expires=Thu, 01 Jan 1970", Assert.Single(end.Headers.GetValues("Set-Cookie")), StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.Unauthorized, (await SendAsync(HttpMethod.Get, "/api/v1/agents", cookie)).StatusCode);
    }

    [Fact]
    public async Task The_cookie_is_out_of_reach_of_scripts_and_other_sites_and_holds_no_key()
    {
        using var answer = await PostKeyAsync(GatewayServer.AdminKey, Origin);
        Assert.Equal((HttpStatusCode.SeeOther, "/dashboard"), (answer.StatusCode, answer.Headers.Location!.ToString()));
        var cookie = Assert.Single(answer.Headers.GetValues("Set-Cookie"));
        Assert.Matches($"^osmen-session-{gateway.Address.Port}=[0-9a-f]{{64}}; max-age=43200; path=/; samesite=strict; httponly$", cookie);
        Assert.DoesNotContain(ApiKey.HashOf(GatewayServer.AdminKey), cookie, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("Origin", "http://evil.example")]
    [InlineData("Origin", "http://127.0.0.1:3000")]
    [InlineData("Origin", "null")]
    [InlineData("Sec-Fetch-Site", "same-site")]
    [InlineData("Sec-Fetch-Site", "cross-site")]
    [InlineData("X-Nothing", "")]
    public async Task What_another_page_sends_with_the_cookie_is_refused(string header, string value)
    {
        var cookie = await SignInAsync(GatewayServer.AdminKey);
        foreach (var (method, path) in ((HttpMethod, string)[])[(HttpMethod.Post, "/api/v1/agents/daily_brief/executions"), (HttpMethod.Delete, "/dashboard/session"), (HttpMethod.Put, "/dashboard/config")])
        {
            using var request = Request(method, path, cookie, "{}");
            request.Headers.TryAddWithoutValidation(header, value);
            using var http = Browser();
            Assert.Equal(HttpStatusCode.Forbidden, (await http.SendAsync(request, Token)).StatusCode);
        }

        using var socket = new ClientWebSocket();
        socket.Options.SetRequestHeader("Cookie", cookie);
        socket.Options.SetRequestHeader(header, value);
        socket.Options.CollectHttpResponseDetails = true;
        await Assert.ThrowsAsync<WebSocketException>(() => socket.ConnectAsync(WebSocketAddress("/ws"), Token));
        Assert.Equal(HttpStatusCode.Forbidden, socket.HttpStatusCode);
        using var signIn = await PostKeyAsync(GatewayServer.AdminKey, "http://evil.example");
        Assert.Equal(HttpStatusCode.Forbidden, signIn.StatusCode);
    }

    [Fact]
    public async Task A_wrong_key_is_refused_without_being_shown()
    {
        using var answer = await PostKeyAsync("osm_wrong_<script>", Origin);
        var page = await answer.Content.ReadAsStringAsync(Token);
        Assert.Equal(HttpStatusCode.Unauthorized, answer.StatusCode);
        Assert.False(answer.Headers.Contains("Set-Cookie"));
        Assert.Contains("The key is unknown, expired or revoked.", page, StringComparison.Ordinal);
        Assert.DoesNotContain("wrong_", page, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("multipart/form-data", HttpStatusCode.UnsupportedMediaType)]
    [InlineData("multipart/form-data; boundary=x", HttpStatusCode.UnsupportedMediaType)]
    [InlineData("application/x-www-form-urlencoded", HttpStatusCode.BadRequest)]
    public async Task A_form_that_is_none_is_the_senders_fault(string type, HttpStatusCode expected)
    {
        using var http = Browser();
        using var request = new HttpRequestMessage(HttpMethod.Post, "/dashboard/session")
        {
            Content = new ByteArrayContent(System.Text.Encoding.ASCII.GetBytes(string.Join('&', Enumerable.Repeat("a", 2000)))) { Headers = { ContentType = System.Net.Http.Headers.MediaTypeHeaderValue.Parse(type) } },
        };
        request.Headers.TryAddWithoutValidation("Origin", Origin);
        Assert.Equal(expected, (await http.SendAsync(request, Token)).StatusCode);
    }

    [Fact]
    public async Task A_revoked_key_ends_its_sessions_and_their_sockets()
    {
        var (_, made, _) = await gateway.SendAsync(HttpMethod.Post, "/api/v1/keys", """{"name":"browser","role":"viewer"}""");
        var cookie = await SignInAsync(made.GetProperty("key").GetString()!);
        using var socket = await ConnectAsync(cookie);
        var first = await ReadAsync(socket);
        Assert.Equal("snapshot", first.GetProperty("type").GetString());
        Assert.Equal("""{"user":"browser","role":"viewer"}""", first.GetProperty("you").GetRawText());

        await gateway.SendAsync(HttpMethod.Delete, $"/api/v1/keys/{made.GetProperty("id").GetString()}");
        Assert.Equal(HttpStatusCode.Unauthorized, (await SendAsync(HttpMethod.Get, "/api/v1/agents", cookie)).StatusCode);
        WebSocketReceiveResult end;
        do
            end = await socket.ReceiveAsync(new ArraySegment<byte>(new byte[65536]), Token);
        while (end.MessageType != WebSocketMessageType.Close);
        Assert.Equal(WebSocketCloseStatus.PolicyViolation, end.CloseStatus);
    }

    [Theory]
    [InlineData("/dashboard/ws", false)]
    [InlineData("/ws", false)]
    [InlineData("/dashboard/ws", true)]
    public async Task A_sign_out_closes_what_its_session_holds_open_and_nothing_else(string path, bool isElsewhere)
    {
        var (cookie, others) = (await SignInAsync(GatewayServer.AdminKey), await SignInAsync(GatewayServer.AdminKey));
        using var socket = await ConnectAsync(cookie, path);
        using var another = await ConnectAsync(others);
        if (isElsewhere)
        {
            // Another gateway removes it from the table.
            await gateway.Services.GetRequiredService<SessionTable>().RemoveAsync(ApiKey.HashOf(cookie.Split('=')[1]), Token);
        }
        else
        {
            using var end = await SendAsync(HttpMethod.Delete, "/dashboard/session", cookie, Origin);
            Assert.Equal(HttpStatusCode.NoContent, end.StatusCode);
        }

        WebSocketReceiveResult close;
        do
            close = await socket.ReceiveAsync(new ArraySegment<byte>(new byte[65536]), Token);
        while (close.MessageType != WebSocketMessageType.Close);
        Assert.Equal((WebSocketCloseStatus.PolicyViolation, "The session has ended."), (close.CloseStatus!.Value, close.CloseStatusDescription));
        Assert.Equal("snapshot", (await ReadAsync(another)).GetProperty("type").GetString());
        Assert.Equal(HttpStatusCode.OK, (await SendAsync(HttpMethod.Get, "/api/v1/agents", others)).StatusCode);
    }

    [Fact]
    public async Task The_tabs_of_a_session_that_has_ended_do_not_lock_their_address_out()
    {
        await using var strict = new GatewayServer(new() { ["WRONG_KEYS_PER_MINUTE"] = "3" });
        await strict.InitializeAsync();
        var tests = new SignInTests(strict);
        var cookie = await tests.SignInAsync(GatewayServer.AdminKey);
        (await tests.SendAsync(HttpMethod.Delete, "/dashboard/session", cookie, tests.Origin)).Dispose();
        for (var i = 0; i < 10; i++)
            Assert.Equal(HttpStatusCode.Unauthorized, (await tests.SendAsync(HttpMethod.Get, "/api/v1/agents", cookie)).StatusCode);
        using var page = await tests.SendAsync(HttpMethod.Get, "/dashboard", cookie);
        Assert.Contains("expires=Thu, 01 Jan 1970", Assert.Single(page.Headers.GetValues("Set-Cookie")), StringComparison.Ordinal);
        Assert.NotEqual(cookie, await tests.SignInAsync(GatewayServer.AdminKey));
    }

    [Fact]
    public async Task Random_cookies_are_refused_before_the_database_is_asked()
    {
        await using var strict = new GatewayServer(new() { ["WRONG_KEYS_PER_MINUTE"] = "3" });
        await strict.InitializeAsync();
        var tests = new SignInTests(strict);
        var signedIn = await tests.SignInAsync(GatewayServer.AdminKey);

        // A session that only the database knows, as of another gateway.
        var value = new string('a', 64);
        await strict.Services.GetRequiredService<SessionTable>().AddAsync(
            ApiKey.HashOf(value), new Session(ApiKey.HashOf(GatewayServer.AdminKey), DateTimeOffset.MaxValue.AddYears(-1)), TimeProvider.System.GetUtcNow(), Token);
        var elsewhere = $"{signedIn.Split('=')[0]}={value}";
        for (var i = 0; i < 4; i++)
        {
            using var answer = await tests.SendAsync(HttpMethod.Get, "/api/v1/agents", $"{signedIn.Split('=')[0]}={i}{new string('b', 63)}");
            Assert.Equal(i < 2 ? HttpStatusCode.Unauthorized : HttpStatusCode.TooManyRequests, answer.StatusCode);
        }

        using var unknown = await tests.SendAsync(HttpMethod.Get, "/api/v1/agents", elsewhere);
        Assert.Equal(HttpStatusCode.TooManyRequests, unknown.StatusCode);

        // What the gateway knows goes on, and a right key signs in.
        using var known = await tests.SendAsync(HttpMethod.Get, "/api/v1/agents", signedIn);
        Assert.Equal(HttpStatusCode.OK, known.StatusCode);
        using var again = await tests.SendAsync(HttpMethod.Get, "/api/v1/agents", await tests.SignInAsync(GatewayServer.AdminKey));
        Assert.Equal(HttpStatusCode.OK, again.StatusCode);
    }

    [Fact]
    public async Task A_session_of_another_gateway_counts_as_no_guess()
    {
        await using var strict = new GatewayServer(new() { ["WRONG_KEYS_PER_MINUTE"] = "1" });
        await strict.InitializeAsync();
        var tests = new SignInTests(strict);
        for (var i = 0; i < 3; i++)
        {
            var value = $"{i}{new string('c', 63)}";
            await strict.Services.GetRequiredService<SessionTable>().AddAsync(
                ApiKey.HashOf(value), new Session(ApiKey.HashOf(GatewayServer.AdminKey), DateTimeOffset.MaxValue.AddYears(-1)), TimeProvider.System.GetUtcNow(), Token);
            using var answer = await tests.SendAsync(HttpMethod.Get, "/api/v1/agents", $"osmen-session-{strict.Address.Port}={value}");
            Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        }
    }

    [Fact]
    public async Task The_page_asks_who_has_no_cookie_for_a_key_and_runs_no_script_of_others()
    {
        using var http = Browser();
        using var request = new HttpRequestMessage(HttpMethod.Get, "/dashboard");
        request.Headers.TryAddWithoutValidation("Accept", "text/html,application/xhtml+xml,*/*;q=0.8");
        using var answer = await http.SendAsync(request, Token);
        Assert.Contains("""<form method="post" action="/dashboard/session">""", await answer.Content.ReadAsStringAsync(Token), StringComparison.Ordinal);
        var policy = Assert.Single(answer.Headers.GetValues("Content-Security-Policy"));
        Assert.Matches("^default-src 'self'; script-src 'self' 'sha256-[A-Za-z0-9+/=]{44}'; img-src 'self' data:; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'$", policy);
        using var json = await http.SendAsync(new HttpRequestMessage(HttpMethod.Get, "/dashboard") { Headers = { Accept = { new("application/json") } } }, Token);
        Assert.Equal(HttpStatusCode.Unauthorized, json.StatusCode);
    }

    [Fact]
    public async Task The_page_names_all_of_its_scripts_so_that_they_come_at_once()
    {
        var cookie = await SignInAsync(GatewayServer.AdminKey);
        using var answer = await SendAsync(HttpMethod.Get, "/dashboard", cookie);
        var page = await answer.Content.ReadAsStringAsync(Token);
        var named = page.Split("<link rel=\"modulepreload\" href=\"").Skip(1).Select(p => p.Split('"')[0]).ToArray();
        Assert.Contains("/dashboard/web/vendor/preact/preact.mjs", named);
        Assert.Contains("/dashboard/web/overview.js", named);
        foreach (var script in named)
        {
            using var file = await SendAsync(HttpMethod.Get, script, cookie);
            Assert.Equal((script, HttpStatusCode.OK), (script, file.StatusCode));
        }
    }

    [Fact]
    public async Task Settings_boards_and_performance_are_read_and_changed()
    {
        var (status, config, _) = await gateway.SendAsync(HttpMethod.Put, "/dashboard/config", """{"title":"Ops","refresh":"2s"}""");
        Assert.Equal((HttpStatusCode.OK, """{"title":"Ops","refresh":"2s"}"""), (status, config.GetRawText()));
        Assert.Equal(config.GetRawText(), (await gateway.SendAsync(HttpMethod.Get, "/dashboard/config")).Body.GetRawText());
        var (bad, problem, _) = await gateway.SendAsync(HttpMethod.Put, "/dashboard/config", """{"title":" ","refresh":"0s","colour":"red"}""");
        Assert.Equal((HttpStatusCode.BadRequest, "colour,title,refresh"), (bad, string.Join(',', problem.GetProperty("errors").EnumerateObject().Select(e => e.Name))));

        var (_, boards, _) = await gateway.SendAsync(HttpMethod.Get, "/dashboard/grafana");
        Assert.Equal(10, boards.GetProperty("items").GetArrayLength());
        var (_, board, _) = await gateway.SendAsync(HttpMethod.Get, boards.GetProperty("items")[0].GetProperty("url").GetString()!);
        Assert.Equal("osmen-agent-executions", board.GetProperty("uid").GetString());
        Assert.Equal(HttpStatusCode.NotFound, (await gateway.SendAsync(HttpMethod.Get, "/dashboard/grafana/none")).Status);

        await gateway.SendAsync(HttpMethod.Get, "/api/v1/agents/daily_brief");
        await Programs.UntilAsync(
            async () => (await gateway.SendAsync(HttpMethod.Get, "/dashboard/performance")).Body.GetProperty("endpoints").EnumerateArray().Any(e => e.GetProperty("endpoint").GetString() == "/api/v1/agents/{id}"),
            "the request is counted");
        var (_, message, _) = await gateway.SendAsync(HttpMethod.Get, "/dashboard", null, GatewayServer.AdminKey, ("Accept", "application/json"));
        Assert.Equal(
            "generated_at,title,version,refresh_ms,health,requests,active_users,connections,queue,workers,running_agents,today,alerts,spend,database,redis,traces_url,history",
            string.Join(',', message.GetProperty("data").EnumerateObject().Select(p => p.Name)));
        Assert.Equal(179, message.GetProperty("data").GetProperty("history").GetProperty("queued").GetArrayLength());
        var database = message.GetProperty("data").GetProperty("database");
        Assert.Equal(("sqlite", 64), (database.GetProperty("kind").GetString(), database.GetProperty("pool_size").GetInt32()));
        Assert.Contains(database.GetProperty("operations").EnumerateArray(), o => o.GetProperty("operation").GetString() == "migrate");
    }

    private static async Task<JsonElement> ReadAsync(ClientWebSocket socket)
    {
        using var message = new MemoryStream();
        var buffer = new byte[65536];
        ValueWebSocketReceiveResult part;
        do
        {
            part = await socket.ReceiveAsync(buffer.AsMemory(), Token);
            message.Write(buffer, 0, part.Count);
        }
        while (!part.EndOfMessage);
        return JsonSerializer.Deserialize<JsonElement>(message.ToArray());
    }

    private static HttpRequestMessage Request(HttpMethod method, string path, string cookie, string? body)
    {
        var request = new HttpRequestMessage(method, path) { Content = body is null ? null : new StringContent(body, Encoding.UTF8, "application/json") };
        request.Headers.TryAddWithoutValidation("Cookie", cookie);
        return request;
    }

    private Uri WebSocketAddress(string path) => new UriBuilder(gateway.Address) { Scheme = "ws", Path = path }.Uri;

    private HttpClient Browser() => new(new HttpClientHandler { AllowAutoRedirect = false, UseCookies = false }) { BaseAddress = gateway.Address };

    private async Task<ClientWebSocket> ConnectAsync(string cookie, string path = "/dashboard/ws")
    {
        var socket = new ClientWebSocket();
        socket.Options.SetRequestHeader("Cookie", cookie);
        socket.Options.SetRequestHeader("Origin", Origin);
        await socket.ConnectAsync(WebSocketAddress(path), Token);
        return socket;
    }

    private async Task<HttpResponseMessage> PostKeyAsync(string key, string origin)
    {
        using var http = Browser();
        using var request = new HttpRequestMessage(HttpMethod.Post, "/dashboard/session") { Content = new FormUrlEncodedContent([new("key", key)]) };
        request.Headers.TryAddWithoutValidation("Origin", origin);
        return await http.SendAsync(request, Token);
    }

    private async Task<string> SignInAsync(string key)
    {
        using var answer = await PostKeyAsync(key, Origin);
        Assert.Equal(HttpStatusCode.SeeOther, answer.StatusCode);
        return Assert.Single(answer.Headers.GetValues("Set-Cookie")).Split(';')[0];
    }

    private async Task<HttpResponseMessage> SendAsync(HttpMethod method, string path, string cookie, string? origin = null, string? body = null)
    {
        using var http = Browser();
        using var request = Request(method, path, cookie, body);
        if (origin is not null)
            request.Headers.TryAddWithoutValidation("Origin", origin);
        return await http.SendAsync(request, Token);
    }
}
