using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;
using FsCheck;
using FsCheck.Fluent;
using OsMEN.Gateway.Security;

namespace OsMEN.Tests.Gateway;

/// <summary>Whatever is sent, the answer is a 4xx with a reason (or a success, if it happens to be valid), never a 5xx.</summary>
public sealed class HostileInputTests(GatewayServer gateway) : IClassFixture<GatewayServer>
{
    private const int Cases = 300;

    private static readonly string[] Odd =
        ["\0", "\ud800", "\udfff\ud800", "\u202e", "\ufeff", "🌍", "é", "../", "..%2f", "%00", "%c0%ae", "\r\n", "'", "\"", ";--", "{}", "[]", "null", "1e999", "-0", "\\u0000", "\\ud800", " ", ""];

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Any_bytes_as_a_body()
    {
        foreach (var bytes in Sample(ArbMap.Default.GeneratorFor<byte[]>()))
            await AssertRefusedAsync(HttpMethod.Post, "/api/v1/agents/daily_brief/executions", Json(new ByteArrayContent(bytes)));
    }

    [Fact]
    public async Task Any_JSON_as_a_body()
    {
        foreach (var json in Sample(JsonText(4)))
            await AssertRefusedAsync(HttpMethod.Post, "/api/v1/agents/daily_brief/executions", Json(new ByteArrayContent(Encoding.UTF8.GetBytes(json))));
    }

    [Fact]
    public async Task Any_value_in_any_field()
    {
        var fields = Gen.Elements("input", "priority", "idempotency_key", "run_at", "timeout", "max_attempts", "budget_usd", "metadata");
        foreach (var (field, value) in Sample(fields.Zip(JsonText(2))))
            await AssertRefusedAsync(HttpMethod.Post, "/api/v1/agents/daily_brief/executions", Json(new StringContent($$"""{"input":"x","{{field}}":{{value}}}""")));
    }

    [Fact]
    public async Task Any_definition_of_an_agent()
    {
        var fields = Gen.Elements("id", "description", "type", "instructions", "model", "temperature", "tools", "command", "image", "environment", "limits", "example");
        foreach (var (field, value) in Sample(fields.Zip(JsonText(2))))
            await AssertRefusedAsync(HttpMethod.Put, "/api/v1/agents/hostile", Json(new StringContent($$"""{"description":"d","instructions":"i","{{field}}":{{value}}}""")));
    }

    [Fact]
    public async Task Any_text_in_ids_and_queries()
    {
        foreach (var text in Sample(OddText()))
        {
            var escaped = Uri.EscapeDataString(Whole(text));
            await AssertRefusedAsync(HttpMethod.Get, $"/api/v1/executions/{escaped}");
            await AssertRefusedAsync(HttpMethod.Get, $"/api/v1/executions/{escaped}/events?after={escaped}");
            await AssertRefusedAsync(HttpMethod.Get, $"/api/v1/agents/{escaped}");
            await AssertRefusedAsync(HttpMethod.Post, $"/api/v1/agents/{escaped}/executions", Json(new StringContent("""{"input":"x"}""")));
            await AssertRefusedAsync(HttpMethod.Get, $"/api/v1/executions?cursor={escaped}&status={escaped}&agent={escaped}&user={escaped}&since={escaped}");
            await AssertRefusedAsync(HttpMethod.Delete, $"/api/v1/keys/{escaped}");
        }
    }

    [Fact]
    public async Task Any_raw_request_line_and_headers()
    {
        foreach (var text in Sample(OddText(), 100))
        {
            await AssertRefusedAsync($"GET /{text} HTTP/1.1\r\nHost: x\r\n\r\n");
            await AssertRefusedAsync($"GET /api/v1/agents HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {text}\r\n\r\n");
            await AssertRefusedAsync($"POST /api/v1/agents/daily_brief/executions HTTP/1.1\r\nHost: x\r\nX-Api-Key: {GatewayServer.KeyOf(Role.Admin)}\r\nContent-Type: application/json\r\nIdempotency-Key: {text}\r\nContent-Length: 2\r\n\r\n{{}}");
        }
    }

    [Fact]
    public async Task A_body_nested_too_deep_or_endless()
    {
        await AssertRefusedAsync(HttpMethod.Post, "/api/v1/agents/daily_brief/executions", Json(new StringContent("{\"input\":" + new string('[', 100_000))));
        await AssertRefusedAsync(HttpMethod.Post, "/api/v1/agents/daily_brief/executions", Json(new StringContent("{\"input\":{\"a\":" + string.Concat(Enumerable.Repeat("{\"a\":", 70)) + "1" + new string('}', 72))));
        await AssertRefusedAsync(HttpMethod.Post, "/api/v1/agents/daily_brief/executions", Json(new StringContent("{\"input\":\"" + new string('x', 5_000_000))));
    }

    private static List<T> Sample<T>(Gen<T> generator, int count = Cases) => [.. generator.Sample(count, 20)];

    private static Gen<string> OddText() => Gen.Choose(1, 4).SelectMany(n => Gen.ArrayOf(Gen.OneOf(Gen.Elements(Odd), ArbMap.Default.GeneratorFor<string>().Select(s => s ?? "")), n)).Select(parts => string.Concat(parts));

    private static Gen<string> JsonText(int depth)
    {
        var leaf = Gen.OneOf(
            Gen.Elements("null", "true", "false", "0", "-1", "1.5", "1e400", "99999999999999999999", "\"\\ud800\"", "\"\\u0000\"", "\"2030-01-31T08:00:00Z\"", "\"5m\""),
            OddText().Select(t => System.Text.Json.JsonSerializer.Serialize(t)),
            ArbMap.Default.GeneratorFor<int>().Select(i => i.ToString(CultureInfo.InvariantCulture)));
        if (depth == 0)
            return leaf;
        var inner = JsonText(depth - 1);
        return Gen.OneOf(
            leaf,
            Gen.Choose(0, 3).SelectMany(n => Gen.ArrayOf(inner, n)).Select(items => $"[{string.Join(',', items)}]"),
            Gen.Choose(0, 3).SelectMany(n => Gen.ArrayOf(OddText().Zip(inner), n)).Select(p => $"{{{string.Join(',', p.Select(x => $"{System.Text.Json.JsonSerializer.Serialize(x.Item1)}:{x.Item2}"))}}}"));
    }

    private static HttpContent Json(HttpContent content)
    {
        content.Headers.ContentType = new("application/json");
        return content;
    }

    // Half a surrogate pair cannot be escaped.
    private static string Whole(string text) => string.Concat(text.EnumerateRunes());

    private async Task AssertRefusedAsync(HttpMethod method, string path, HttpContent? body = null)
    {
        var sent = body is null ? "" : await body.ReadAsStringAsync(Token);
        using var client = gateway.Client();
        using var request = new HttpRequestMessage(method, path) { Content = body };
        using var response = await client.SendAsync(request, Token);
        var answer = await response.Content.ReadAsStringAsync(Token);
        var valid = (int)response.StatusCode < 300;

        // Bytes that no address can hold are refused by the server, before there is a request to answer.
        var atTheDoor = response.StatusCode == HttpStatusCode.BadRequest && path.Contains("%00", StringComparison.Ordinal) && answer.Length == 0;
        Assert.True(
            valid || atTheDoor || ((int)response.StatusCode < 500 && response.Content.Headers.ContentType?.MediaType == "application/problem+json" && answer.Contains("\"title\"", StringComparison.Ordinal)),
            $"{method} {path} {sent[..Math.Min(sent.Length, 300)]}: {(int)response.StatusCode} {answer}");
    }

    private async Task AssertRefusedAsync(string request)
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        await socket.ConnectAsync(IPAddress.Loopback, gateway.Address.Port, Token);
        await socket.SendAsync(Encoding.UTF8.GetBytes(request), Token);
        var buffer = new byte[64];
        var read = await socket.ReceiveAsync(buffer, Token);
        var line = Encoding.ASCII.GetString(buffer, 0, read);
        Assert.True(line.StartsWith("HTTP/1.1 4", StringComparison.Ordinal) || line.StartsWith("HTTP/1.1 2", StringComparison.Ordinal) || line.StartsWith("HTTP/1.1 505", StringComparison.Ordinal), $"{request} → {line}");
    }
}
