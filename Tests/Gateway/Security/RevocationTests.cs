using System.Diagnostics;
using System.Net;
using System.Net.WebSockets;
using OsMEN.Executions;
using OsMEN.Gateway.Security;
using OsMEN.Tests.Executions;
using OsMEN.Tests.Infrastructure;

namespace OsMEN.Tests.Gateway.Security;

/// <summary>Two gateways over one database: what ends on one ends on the other within a second, also what is open.</summary>
[Collection(AloneOnTheMachine.Name)]
public sealed class RevocationTests(PostgresServer postgres, RedisServer redis)
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(1);

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public static TheoryData<string, bool, bool> Ways => new()
    {
        { "revoke", false, false }, { "revoke", false, true }, { "revoke", true, false }, { "revoke", true, true },
        { "demote", false, false }, { "demote", false, true }, { "disable", false, false }, { "disable", false, true }, { "expire", false, false },
    };

    [Theory]
    [MemberData(nameof(Ways))]
    public async Task What_ends_on_one_gateway_ends_on_the_other_within_a_second(string how, bool onPostgres, bool withRedis)
    {
        if (withRedis)
            await redis.StartAsync();
        await using var database = onPostgres ? await TestStore.PostgresAsync(postgres) : await TestStore.SqliteAsync();
        var settings = new Dictionary<string, string>(StringComparer.Ordinal) { ["ConnectionStrings:osmen"] = database.ConnectionString };
        if (withRedis)
            settings["ConnectionStrings:redis"] = redis.ConnectionString;
        await using var here = new GatewayServer(settings);
        await here.InitializeAsync();
        await using var there = new GatewayServer(settings);
        await there.InitializeAsync();

        var (_, made, _) = await here.SendAsync(HttpMethod.Post, "/api/v1/keys", """{"name":"eve","role":"operator"}""");
        var (path, secret) = ($"/api/v1/keys/{made.GetProperty("id").GetString()}", made.GetProperty("key").GetString()!);
        var (_, execution, _) = await there.SendAsync(HttpMethod.Post, "/api/v1/agents/daily_brief/executions", """{"input":"x"}""", secret);
        using var events = await ConnectAsync(there, "/ws", secret);
        using var dashboard = await ConnectAsync(there, "/dashboard/ws", secret);
        using var client = there.Client(secret);
        using var request = new HttpRequestMessage(HttpMethod.Get, $"/api/v1/executions/{execution.GetProperty("id").GetString()}/events") { Headers = { Accept = { new("text/event-stream") } } };
        using var stream = await client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, Token);
        var waiting = client.PostAsync(new Uri("/api/v1/agents/daily_brief/executions?wait=5m", UriKind.Relative), new StringContent("""{"input":"x"}""", null, "application/json"), Token);
        Assert.Equal(HttpStatusCode.OK, stream.StatusCode);
        Task[] ends = [ClosedAsync(events), ClosedAsync(dashboard), EndedAsync(stream), Assert.ThrowsAnyAsync<HttpRequestException>(() => waiting)];

        // What was connected a moment ago has been looked at once: nothing of it ends by itself.
        await Assert.ThrowsAsync<TimeoutException>(() => Task.WhenAny(ends).WaitAsync(TimeSpan.FromMilliseconds(800), Token));
        var watch = Stopwatch.StartNew();
        var (method, address, body) = how switch
        {
            "revoke" => (HttpMethod.Delete, path, null),
            "demote" => (HttpMethod.Patch, path, """{"role":"viewer"}"""),
            "disable" => (HttpMethod.Put, "/api/v1/users/eve", """{"disabled":true}"""),
            _ => (HttpMethod.Patch, path, """{"expires_in":"10ms"}"""),
        };
        Assert.InRange((int)(await here.SendAsync(method, address, body)).Status, 200, 204);
        await Task.WhenAll(ends.Append(RefusedAsync(there, secret, how == "demote")));
        var took = watch.Elapsed;
        TestContext.Current.TestOutputHelper?.WriteLine($"{how}, PostgreSQL {onPostgres}, Redis {withRedis}: {took.TotalMilliseconds:0} ms");
        Assert.True(took < Limit, $"It took {took.TotalMilliseconds:0} ms.");
    }

    [Fact]
    public async Task Who_revokes_the_own_key_is_told_so()
    {
        await using var gateway = new GatewayServer();
        await gateway.InitializeAsync();
        var (_, made, _) = await gateway.SendAsync(HttpMethod.Post, "/api/v1/keys", """{"name":"ana","role":"admin"}""");
        Assert.Equal(HttpStatusCode.NoContent, (await gateway.SendAsync(HttpMethod.Delete, $"/api/v1/keys/{made.GetProperty("id").GetString()}", null, made.GetProperty("key").GetString())).Status);
    }

    [Fact]
    public async Task Last_use_is_noted_also_of_keys_of_the_configuration_and_of_their_users()
    {
        await using var database = await TestStore.SqliteAsync();
        var table = new ApiKeyTable(database.Database);
        var at = DateTimeOffset.FromUnixTimeMilliseconds(1_900_000_000_000);
        var configured = new ApiKey("env-1", "OSMEN_API_KEYS", "hash", Role.Admin, "ana", at, null, null);
        await table.SetUsedAsync(configured, at, Token);
        await table.SetUsedAsync(configured, at - TimeSpan.FromHours(1), Token);
        Assert.Equal(new Dictionary<string, DateTimeOffset>(StringComparer.Ordinal) { ["hash"] = at }, await table.ReadConfiguredUsesAsync(Token));

        var stored = new ApiKey(Guid.CreateVersion7(at).ToString(), "k", "other", Role.User, "eve", at, null, null);
        await database.Database.ExecuteAsync(
            "INSERT INTO api_keys (id, name, hash, role, user_id, created_at) VALUES (@Id, 'k', 'other', 'user', 'eve', @at)", new { stored.Id, at }, Token);

        await table.SetUsedAsync(stored, at, Token);
        await table.SetUsedAsync(stored, at - TimeSpan.FromHours(1), Token);
        Assert.Equal(at, (await table.FindAsync("other", Token))!.LastUsedAt);
        Assert.Equal([new UserKeys("eve", Role.User, 1, 1, at)], await new UserTable(database.Database).ReadKeysAsync("eve", at, Token));
    }

    private static async Task<ClientWebSocket> ConnectAsync(GatewayServer gateway, string path, string key)
    {
        var socket = new ClientWebSocket();
        socket.Options.SetRequestHeader("Authorization", "Bearer " + key);
        await socket.ConnectAsync(new UriBuilder(gateway.Address) { Scheme = "ws", Path = path }.Uri, Token);
        return socket;
    }

    private static async Task ClosedAsync(ClientWebSocket socket)
    {
        var buffer = new byte[65536];
        while ((await socket.ReceiveAsync(buffer.AsMemory(), Token)).MessageType != WebSocketMessageType.Close)
        {
            // Snapshots of the dashboard.
        }

        Assert.Equal(WebSocketCloseStatus.PolicyViolation, socket.CloseStatus);
    }

    private static async Task EndedAsync(HttpResponseMessage stream)
    {
        try
        {
            await using var body = await stream.Content.ReadAsStreamAsync(Token);
            await body.CopyToAsync(Stream.Null, Token);
        }
        catch (Exception e) when (e is IOException or HttpRequestException)
        {
            // Cut off.
        }
    }

    private static Task RefusedAsync(GatewayServer gateway, string key, bool demoted) => Programs.UntilAsync(
        async () => demoted
            ? (await gateway.SendAsync(HttpMethod.Post, "/api/v1/agents/daily_brief/executions", """{"input":"x"}""", key)).Status == HttpStatusCode.Forbidden
            : (await gateway.SendAsync(HttpMethod.Get, "/api/v1/agents", key: key)).Status == HttpStatusCode.Unauthorized,
        "the key is refused");
}
