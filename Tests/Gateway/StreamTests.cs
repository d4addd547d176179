using System.Net.WebSockets;
using System.Net;
using System.Text.Json;
using System.Text;
using Microsoft.Extensions.DependencyInjection;
using OsMEN.Executions;
using OsMEN.Gateway.Security;
using OsMEN.Gateway.Streams;
using OsMEN.Tests.Executions;
using OsMEN.Tests.Infrastructure;

namespace OsMEN.Tests.Gateway;

public sealed class StreamTests(GatewayServer gateway) : IClassFixture<GatewayServer>
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_subscriber_gets_what_it_missed_and_what_comes_each_once_in_order()
    {
        var id = (await gateway.StartAsync()).GetProperty("id").GetGuid();
        await using var worker = await ServiceHarness.CreateAsync(gateway.Store);
        using var running = await ClaimAsync(worker, id);
        await running.WriteAsync(new ExecutionEvent.StatusChanged(ExecutionStatus.Running), Token);
        await running.WriteAsync(new ExecutionEvent.Log("one"), Token);
        using var socket = await ConnectAsync();
        await SendAsync(socket, $$"""{"type":"subscribe","executionId":"{{id}}"}""");
        Assert.Equal("subscribed", TypeOf(await ReceiveAsync(socket)));
        var seen = new List<JsonElement> { await ReceiveAsync(socket), await ReceiveAsync(socket), await ReceiveAsync(socket) };
        await running.WriteAsync(new ExecutionEvent.OutputDelta("two"), Token);
        await running.EndAsync(new AttemptEnd(ExecutionStatus.Completed, "\"done\""));
        seen.AddRange([await ReceiveAsync(socket), await ReceiveAsync(socket)]);
        Assert.Equal([1, 2, 3, 4, 5], seen.Select(e => e.GetProperty("seq").GetInt32()));
        Assert.Equal(["status", "status", "log", "output", "status"], seen.Select(TypeOf));
        Assert.All(seen, e => Assert.Equal(id, e.GetProperty("executionId").GetGuid()));
        Assert.Equal("""{"status":"COMPLETED","output":"done"}""", seen[4].GetProperty("data").GetRawText());

        await SendAsync(socket, $$"""{"type":"subscribe","executionId":"{{id}}","after":3}""");
        Assert.Equal("subscribed", TypeOf(await ReceiveAsync(socket)));
        Assert.Equal(4, (await ReceiveAsync(socket)).GetProperty("seq").GetInt32());
        Assert.Equal(5, (await ReceiveAsync(socket)).GetProperty("seq").GetInt32());
    }

    [Fact]
    public async Task Who_has_the_last_event_may_subscribe_again_at_once()
    {
        var id = (await gateway.StartAsync()).GetProperty("id").GetGuid();
        await gateway.SendAsync(HttpMethod.Post, $"/api/v1/executions/{id}/cancel");
        using var socket = await ConnectAsync();
        for (var i = 0; i < 500; i++)
        {
            await SendAsync(socket, $$"""{"type":"subscribe","executionId":"{{id}}"}""");
            Assert.Equal("subscribed", TypeOf(await ReceiveAsync(socket)));
            Assert.Equal(1, (await ReceiveAsync(socket)).GetProperty("seq").GetInt32());
            Assert.Equal(2, (await ReceiveAsync(socket)).GetProperty("seq").GetInt32());
        }
    }

    [Fact]
    public async Task What_cannot_be_followed_is_an_error_and_the_connection_stays()
    {
        var foreign = (await gateway.StartAsync()).GetProperty("id").GetString();
        using var socket = await ConnectAsync(Role.User);
        foreach (var message in new[]
        {
            "nonsense", "[]", "{}", """{"type":"dance"}""", """{"type":7}""", """{"type":"subscribe"}""", """{"type":"subscribe","executionId":"x"}""",
            """{"type":"subscribe","executionId":"0190c0de-0000-7000-8000-000000000000"}""", $$"""{"type":"subscribe","executionId":"{{foreign}}"}""",
            """{"type":"subscribe","executionId":"x","after":-1}""", """{"type":"\ud800"}""",
        })
        {
            await SendAsync(socket, message);
            Assert.Equal((message, "error"), (message, TypeOf(await ReceiveAsync(socket))));
        }

        await SendAsync(socket, """{"type":"ping"}""");
        Assert.Equal("pong", TypeOf(await ReceiveAsync(socket)));
    }

    [Fact]
    public async Task After_unsubscribing_nothing_more_comes()
    {
        var id = (await gateway.StartAsync()).GetProperty("id").GetGuid();
        using var socket = await ConnectAsync();
        await SendAsync(socket, $$"""{"type":"subscribe","executionId":"{{id}}"}""");
        Assert.Equal(["subscribed", "status"], new[] { TypeOf(await ReceiveAsync(socket)), TypeOf(await ReceiveAsync(socket)) });
        await SendAsync(socket, $$"""{"type":"unsubscribe","executionId":"{{id}}"}""");
        Assert.Equal("unsubscribed", TypeOf(await ReceiveAsync(socket)));
        await gateway.SendAsync(HttpMethod.Post, $"/api/v1/executions/{id}/cancel");
        await SendAsync(socket, """{"type":"ping"}""");
        Assert.Equal("pong", TypeOf(await ReceiveAsync(socket)));
    }

    [Fact]
    public async Task A_browser_shows_its_key_as_a_subprotocol_and_a_wrong_one_is_refused()
    {
        using var browser = new ClientWebSocket();
        browser.Options.AddSubProtocol("osmen.key." + GatewayServer.KeyOf(Role.Viewer));
        await browser.ConnectAsync(Address, Token);
        await SendAsync(browser, """{"type":"ping"}""");
        Assert.Equal("pong", TypeOf(await ReceiveAsync(browser)));

        using var wrong = new ClientWebSocket();
        wrong.Options.AddSubProtocol("osmen.key.osm_wrong");
        wrong.Options.CollectHttpResponseDetails = true;
        await Assert.ThrowsAsync<WebSocketException>(() => wrong.ConnectAsync(Address, Token));
        Assert.Equal(HttpStatusCode.Unauthorized, wrong.HttpStatusCode);
    }

    [Fact]
    public async Task A_revoked_key_closes_its_connections()
    {
        var (_, key, _) = await gateway.SendAsync(HttpMethod.Post, "/api/v1/keys", """{"name":"short"}""");
        using var socket = new ClientWebSocket();
        socket.Options.SetRequestHeader("Authorization", "Bearer " + key.GetProperty("key").GetString());
        await socket.ConnectAsync(Address, Token);
        await gateway.SendAsync(HttpMethod.Delete, $"/api/v1/keys/{key.GetProperty("id").GetString()}");
        var closed = await socket.ReceiveAsync(new byte[100].AsMemory(), Token);
        Assert.Equal((WebSocketMessageType.Close, WebSocketCloseStatus.PolicyViolation), (closed.MessageType, socket.CloseStatus));
    }

    [Fact]
    public async Task Too_long_a_message_closes_the_connection()
    {
        using var socket = await ConnectAsync();
        await SendAsync(socket, new string('x', 20_000));
        var closed = await socket.ReceiveAsync(new byte[100].AsMemory(), Token);
        Assert.Equal((WebSocketMessageType.Close, WebSocketCloseStatus.MessageTooBig), (closed.MessageType, socket.CloseStatus));
    }

    [Fact]
    public async Task Server_sent_events_end_with_the_execution_and_resume_by_their_id()
    {
        var id = (await gateway.StartAsync()).GetProperty("id").GetGuid();
        await using var worker = await ServiceHarness.CreateAsync(gateway.Store);
        using var client = gateway.Client();
        using var request = Events(id);
        using var response = await client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, Token);
        Assert.Equal("text/event-stream", response.Content.Headers.ContentType!.MediaType);
        using (var running = await ClaimAsync(worker, id))
        {
            await running.WriteAsync(new ExecutionEvent.StatusChanged(ExecutionStatus.Running), Token);
            await running.WriteAsync(new ExecutionEvent.Log("line\nbreak"), Token);
            await running.EndAsync(new AttemptEnd(ExecutionStatus.Completed, "1"));
        }

        var all = await response.Content.ReadAsStringAsync(Token);
        Assert.Equal(["1", "2", "3", "4"], Lines(all, "id: "));
        Assert.Equal(["status", "status", "log", "status"], Lines(all, "event: "));
        Assert.All(Lines(all, "data: "), d => Assert.Equal(id, JsonSerializer.Deserialize<JsonElement>(d).GetProperty("executionId").GetGuid()));
        using var again = Events(id);
        again.Headers.Add("Last-Event-ID", "2");
        using var rest = await client.SendAsync(again, Token);
        Assert.Equal(["3", "4"], Lines(await rest.Content.ReadAsStringAsync(Token), "id: "));
    }

    [Fact]
    public async Task What_retention_removed_is_one_gap_over_every_transport()
    {
        var id = (await gateway.StartAsync()).GetProperty("id").GetGuid();
        await using var worker = await ServiceHarness.CreateAsync(gateway.Store);
        using (var running = await ClaimAsync(worker, id))
        {
            for (var i = 2; i < 8; i++)
                await running.WriteAsync(new ExecutionEvent.Log("line"), Token);
            await running.EndAsync(new AttemptEnd(ExecutionStatus.Completed, "\"done\""));
        }

        await gateway.Store.TrimEventsAsync(default, TimeProvider.System.GetUtcNow().AddHours(1), 10_000, Token);
        string[] expected = ["""status {"status":"PENDING"}""", """gap {"from":2,"to":7}""", """status {"status":"COMPLETED","output":"done"}"""];

        using var socket = await ConnectAsync();
        await SendAsync(socket, $$"""{"type":"subscribe","executionId":"{{id}}"}""");
        Assert.Equal("subscribed", TypeOf(await ReceiveAsync(socket)));
        Assert.Equal(expected, new[] { Told(await ReceiveAsync(socket)), Told(await ReceiveAsync(socket)), Told(await ReceiveAsync(socket)) });
        await SendAsync(socket, $$"""{"type":"subscribe","executionId":"{{id}}","after":4}""");
        Assert.Equal("subscribed", TypeOf(await ReceiveAsync(socket)));
        Assert.Equal(new[] { """gap {"from":5,"to":7}""", expected[2] }, new[] { Told(await ReceiveAsync(socket)), Told(await ReceiveAsync(socket)) });

        using var client = gateway.Client();
        using var stream = await client.SendAsync(Events(id), Token);
        Assert.Equal(expected, Lines(await stream.Content.ReadAsStringAsync(Token), "data: ").Select(l => Told(JsonSerializer.Deserialize<JsonElement>(l))));

        var (_, page, _) = await gateway.SendAsync(HttpMethod.Get, $"/api/v1/executions/{id}/events?after=1");
        Assert.Equal(expected.Skip(1), page.GetProperty("items").EnumerateArray().Select(Told));

        static string Told(JsonElement message) => $"{TypeOf(message)} {message.GetProperty("data").GetRawText()}";
    }

    [Fact]
    public async Task A_page_of_events_says_where_the_next_begins_and_that_trimmed_ones_are_missing()
    {
        var id = (await gateway.StartAsync()).GetProperty("id").GetGuid();
        var (_, page, _) = await gateway.SendAsync(HttpMethod.Get, $"/api/v1/executions/{id}/events");
        Assert.Equal(("1", 1), (page.GetProperty("next_cursor").GetString(), page.GetProperty("items").GetArrayLength()));
        await gateway.SendAsync(HttpMethod.Post, $"/api/v1/executions/{id}/cancel");
        var (_, rest, _) = await gateway.SendAsync(HttpMethod.Get, $"/api/v1/executions/{id}/events?after=1");
        Assert.Equal(["CANCELLED"], rest.GetProperty("items").EnumerateArray().Select(e => e.GetProperty("data").GetProperty("status").GetString()!));
        var (_, end, _) = await gateway.SendAsync(HttpMethod.Get, $"/api/v1/executions/{id}/events?after=2");
        Assert.Equal((0, JsonValueKind.Null), (end.GetProperty("items").GetArrayLength(), end.GetProperty("next_cursor").ValueKind));
        var (_, one, _) = await gateway.SendAsync(HttpMethod.Get, $"/api/v1/executions/{id}/events?limit=1");
        Assert.Equal(("1", "PENDING"), (one.GetProperty("next_cursor").GetString(), Assert.Single(one.GetProperty("items").EnumerateArray()).GetProperty("data").GetProperty("status").GetString()));
    }

    [Fact]
    public async Task Who_does_not_read_is_closed_with_1013_and_can_resume()
    {
        // More than the sockets' buffers and the queue hold together.
        var id = (await gateway.StartAsync()).GetProperty("id").GetGuid();
        await using var worker = await ServiceHarness.CreateAsync(gateway.Store);
        using (var running = await ClaimAsync(worker, id))
        {
            for (var i = 0; i < 600; i++)
                await running.WriteAsync(new ExecutionEvent.Log(new string('x', 60_000)), Token);
            await running.EndAsync(new AttemptEnd(ExecutionStatus.Completed, "1"));
        }

        var slow = gateway.Services.GetRequiredService<WebSocketConnections>();
        var before = slow.ClosedAsSlow;
        using var socket = await ConnectAsync();
        await SendAsync(socket, $$"""{"type":"subscribe","executionId":"{{id}}"}""");
        await Programs.UntilAsync(() => Task.FromResult(slow.ClosedAsSlow > before), "the slow reader is noticed");
        var last = await ReadToAsync(socket, long.MaxValue);
        Assert.Equal((WebSocketCloseStatus)1013, socket.CloseStatus);
        Assert.InRange(last, 1, 601);

        // Who reads on gets the rest. A machine that is busy elsewhere may be too slow a reader as well: it is told so, and resumes.
        for (long had = -1; last < 602; had = last)
        {
            Assert.True(last > had, $"Nothing came after {last}.");
            using var again = await ConnectAsync();
            await SendAsync(again, $$"""{"type":"subscribe","executionId":"{{id}}","after":{{last}}}""");
            last = await ReadToAsync(again, 602, last);
            Assert.Contains(again.CloseStatus, (WebSocketCloseStatus?[])[null, (WebSocketCloseStatus)1013]);
        }
    }

    /// <summary>Reads until that number or the close, checking that each follows on; answers the last number.</summary>
    private static async Task<long> ReadToAsync(ClientWebSocket socket, long until, long last = 0)
    {
        var buffer = new byte[1 << 20];
        while (last < until)
        {
            var length = 0;
            ValueWebSocketReceiveResult received;
            do
            {
                received = await socket.ReceiveAsync(buffer.AsMemory(length), Token);
                length += received.Count;
            }
            while (!received.EndOfMessage);
            if (received.MessageType == WebSocketMessageType.Close)
                return last;
            var message = JsonSerializer.Deserialize<JsonElement>(buffer.AsSpan(0, length));
            if (message.TryGetProperty("seq", out var seq))
                Assert.Equal(++last, seq.GetInt64());
        }

        return last;
    }

    private Uri Address => new UriBuilder(gateway.Address) { Scheme = "ws", Path = "/ws" }.Uri;

    private static HttpRequestMessage Events(Guid id)
    {
        var request = new HttpRequestMessage(HttpMethod.Get, $"/api/v1/executions/{id}/events");
        request.Headers.Accept.Add(new("text/event-stream"));
        return request;
    }

    private static string[] Lines(string stream, string prefix) =>
        [.. stream.Split('\n').Where(l => l.StartsWith(prefix, StringComparison.Ordinal)).Select(l => l[prefix.Length..])];

    private static string TypeOf(JsonElement message) => message.GetProperty("type").GetString()!;

    private static async Task SendAsync(ClientWebSocket socket, string message) =>
        await socket.SendAsync(Encoding.UTF8.GetBytes(message), WebSocketMessageType.Text, endOfMessage: true, Token);

    private static async Task<JsonElement> ReceiveAsync(ClientWebSocket socket)
    {
        var buffer = new byte[64 * 1024];
        var received = await socket.ReceiveAsync(buffer.AsMemory(), Token);
        Assert.Equal((WebSocketMessageType.Text, true), (received.MessageType, received.EndOfMessage));
        return JsonSerializer.Deserialize<JsonElement>(buffer.AsSpan(0, received.Count));
    }

    private async Task<ClientWebSocket> ConnectAsync(Role role = Role.Admin)
    {
        var socket = new ClientWebSocket();
        socket.Options.SetRequestHeader("Authorization", "Bearer " + GatewayServer.KeyOf(role));
        await socket.ConnectAsync(Address, Token);
        return socket;
    }

    /// <summary>Claims until it has that one, giving the others an end.</summary>
    private async Task<RunningExecution> ClaimAsync(ServiceHarness worker, Guid id)
    {
        RunningExecution? wanted = null;
        await Programs.UntilAsync(
            async () =>
            {
                foreach (var claim in await gateway.Store.ClaimAsync("w", 10, TimeSpan.FromMinutes(1), Token))
                {
                    var running = worker.Recorder.Open(claim);
                    if (claim.Execution.Id == id)
                        wanted = running;
                    else
                        await running.EndAsync(new AttemptEnd(ExecutionStatus.Completed, "1"));
                }

                return wanted is not null;
            },
            "the execution is claimed");
        return wanted!;
    }
}
