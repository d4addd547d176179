using System.Net;
using System.Text.Json;
using OsMEN.Gateway.Security;
using OsMEN.Tests.Gateway;
using OsMEN.Tests.Infrastructure;

namespace OsMEN.Tests.Alerts;

/// <summary>Rules, alerts, silences and channels by the API, over the gateway's own metrics.</summary>
public sealed class AlertsApiTests : IAsyncLifetime
{
    private const string Rule = """{"summary":"There are {value}","description":"d","metric":"build_info","where":{"service":"gateway"},"threshold":0,"severity":"critical"}""";

    private readonly string _file = Path.Combine(Path.GetTempPath(), $"{Path.GetRandomFileName()}.yaml");
    private HttpReceiver? _hook;
    private GatewayServer? _gateway;

    private GatewayServer Gateway => _gateway!;

    public async ValueTask InitializeAsync()
    {
        _hook = await HttpReceiver.StartAsync();
        await File.WriteAllTextAsync(_file, $$"""
            rules:
              - {name: FromFile, summary: s, description: d, metric: agents, threshold: 1000000, severity: info}
            channels:
              hook: {type: webhook, url: "{{_hook.Address}}hidden", secret: s3cret, allow_private: true}
              slack: {type: slack, url: "${OSMEN_TEST_UNSET}"}
            routes:
              - {channels: [hook, slack], group_wait: 0s, group_interval: 1s}
            """);
        _gateway = new GatewayServer(new(StringComparer.Ordinal)
        {
            ["MONITORING_CONFIG_PATH"] = _file, ["Alerts:Interval"] = "00:00:00.2", ["Alerts:SendInterval"] = "00:00:00.1", ["Alerts:LeaderRenewal"] = "00:00:01",
        });
        await Gateway.InitializeAsync();
    }

    public async ValueTask DisposeAsync()
    {
        await Gateway.DisposeAsync();
        await _hook!.DisposeAsync();
        File.Delete(_file);
    }

    [Fact]
    public async Task A_rule_of_the_API_fires_is_acknowledged_told_and_resolved()
    {
        var (put, rule) = await SendAsync("PUT", "/alerts/rules/TooManyBuilds", Rule);
        Assert.Equal((HttpStatusCode.OK, "api", "admin-user"), (put, rule.GetProperty("source").GetString(), rule.GetProperty("changed_by").GetString()));
        Assert.Equal("sum (osmen_build_info{service=\"gateway\"}) > 0", rule.GetProperty("expressions")[0].GetString());
        var alert = await FiringAsync();
        Assert.Equal(("firing", "critical", "There are 1"), (alert.GetProperty("state").GetString(), alert.GetProperty("severity").GetString(), alert.GetProperty("summary").GetString()));
        await Programs.UntilAsync(() => Task.FromResult(!_hook!.Requests.IsEmpty), "the notice");
        using (var client = Gateway.Client())
            await Programs.UntilAsync(async () => (await client.GetStringAsync("/metrics")).Split('\n').Any(l => l.StartsWith($"{Gateway.Prefix}alerts_active{{", StringComparison.Ordinal) && l.EndsWith("severity=\"critical\"} 1", StringComparison.Ordinal)), "the gauge");

        var id = alert.GetProperty("id").GetString();
        Assert.Equal(HttpStatusCode.Forbidden, (await SendAsync("POST", $"/alerts/{id}/acknowledge", null, Role.User)).Status);
        var (acknowledged, after) = await SendAsync("POST", $"/alerts/{id}/acknowledge", """{"note":"on it"}""", Role.Operator);
        Assert.Equal((HttpStatusCode.OK, "acknowledged", "operator-user", "on it"), (acknowledged, after.GetProperty("state").GetString(), after.GetProperty("acknowledged_by").GetString(), after.GetProperty("note").GetString()));
        Assert.Empty(await ItemsAsync("/alerts?severity=info"));
        Assert.Single(await ItemsAsync("/alerts?state=acknowledged"));

        Assert.Equal(HttpStatusCode.NoContent, (await SendAsync("DELETE", "/alerts/rules/TooManyBuilds")).Status);
        await Programs.UntilAsync(async () => (await ItemsAsync("/alerts?state=resolved")).Count == 1, "the end");
        await Programs.UntilAsync(() => Task.FromResult(_hook!.Requests.Count == 2), "the notice of the end");
        Assert.Equal(["firing", "resolved"], _hook!.Requests.Select(r => JsonDocument.Parse(r.Body).RootElement.GetProperty("status").GetString()));
        Assert.Equal(HttpStatusCode.Conflict, (await SendAsync("POST", $"/alerts/{id}/acknowledge")).Status);
        Assert.Equal("resolved", Assert.Single(await ItemsAsync("/alerts/history?hours=1")).GetProperty("state").GetString());
        var (_, statistics) = await SendAsync("GET", "/alerts/statistics");
        Assert.Equal((1, 0, 1, 1, "TooManyBuilds"), (
            statistics.GetProperty("fired").GetInt32(), statistics.GetProperty("firing").GetInt32(), statistics.GetProperty("acknowledged").GetInt32(), statistics.GetProperty("resolved").GetInt32(),
            statistics.GetProperty("noisiest_rules")[0].GetProperty("rule").GetString()));
        Assert.True(statistics.GetProperty("mean_time_to_acknowledge_seconds").GetDouble() <= statistics.GetProperty("mean_time_to_resolve_seconds").GetDouble());
    }

    [Fact]
    public async Task A_silence_is_made_listed_covers_and_is_ended()
    {
        var (made, silence) = await SendAsync("POST", "/alerts/silences", """{"matchers":{"alertname":"TooMany*"},"duration":"1h","comment":"a test"}""", Role.Operator);
        Assert.Equal((HttpStatusCode.Created, "active", "operator-user"), (made, silence.GetProperty("state").GetString(), silence.GetProperty("created_by").GetString()));
        await SendAsync("PUT", "/alerts/rules/TooManyBuilds", Rule);
        var alert = await FiringAsync();
        Assert.Equal(("silenced", silence.GetProperty("id").GetString()), (alert.GetProperty("state").GetString(), alert.GetProperty("silenced_by").GetString()));
        Assert.Empty(_hook!.Requests);
        Assert.Equal(HttpStatusCode.NoContent, (await SendAsync("DELETE", $"/alerts/silences/{silence.GetProperty("id").GetString()}", null, Role.Operator)).Status);
        Assert.Equal(HttpStatusCode.NotFound, (await SendAsync("DELETE", $"/alerts/silences/{silence.GetProperty("id").GetString()}")).Status);
        Assert.Equal("expired", Assert.Single(await ItemsAsync("/alerts/silences")).GetProperty("state").GetString());
        await Programs.UntilAsync(() => Task.FromResult(!_hook.Requests.IsEmpty), "the notice");
    }

    [Fact]
    public async Task A_silence_that_recurs_is_shown_with_its_next_window_until_somebody_ends_it()
    {
        var (made, silence) = await SendAsync(
            "POST", "/alerts/silences", """{"matchers":{"alertname":"TooMany*"},"recurring":{"cron":"0 2 29 2 *","duration":"2h","time_zone":"Europe/Berlin"},"comment":"leap days"}""", Role.Operator);
        Assert.Equal(
            (HttpStatusCode.Created, "pending", """{"cron":"0 2 29 2 *","duration":"2h","time_zone":"Europe/Berlin"}""", JsonValueKind.Null),
            (made, silence.GetProperty("state").GetString(), silence.GetProperty("recurring").GetRawText(), silence.GetProperty("ends_at").ValueKind));
        var window = silence.GetProperty("window");
        var starts = window.GetProperty("starts_at").GetDateTimeOffset();
        Assert.Equal((2, 29, 1, TimeSpan.FromHours(2)), (starts.Month, starts.Day, starts.Hour, window.GetProperty("ends_at").GetDateTimeOffset() - starts));
        var listed = Assert.Single(await ItemsAsync("/alerts/silences"));
        Assert.All(["id", "state", "matchers", "recurring", "window", "comment", "created_by"], field => Assert.Equal(silence.GetProperty(field).GetRawText(), listed.GetProperty(field).GetRawText()));
        Assert.Equal(HttpStatusCode.NoContent, (await SendAsync("DELETE", $"/alerts/silences/{silence.GetProperty("id").GetString()}", null, Role.Operator)).Status);
        var ended = Assert.Single(await ItemsAsync("/alerts/silences"));
        Assert.Equal(("expired", JsonValueKind.Null), (ended.GetProperty("state").GetString(), ended.GetProperty("window").ValueKind));
    }

    [Theory]
    [InlineData("POST", "/alerts/silences", """{"matchers":{"a":"b"},"recurring":{"cron":"0 2 * *","duration":"2h"},"comment":"c"}""", "recurring.cron")]
    [InlineData("POST", "/alerts/silences", """{"matchers":{"a":"b"},"recurring":{"cron":"0 2 * * 0"},"comment":"c"}""", "recurring.duration")]
    [InlineData("POST", "/alerts/silences", """{"matchers":{"a":"b"},"recurring":{"cron":"0 2 * * 0","duration":"2h","time_zone":"Berlin"},"comment":"c"}""", "recurring.time_zone")]
    [InlineData("POST", "/alerts/silences", """{"matchers":{"a":"b"},"recurring":{"cron":"0 2 * * 0","duration":"2h"},"duration":"2h","comment":"c"}""", "duration")]
    [InlineData("POST", "/alerts/silences", """{"matchers":{"a":"b"},"recurring":{"cron":"0 2 29 2 *","duration":"2h"},"starts_at":"2101-01-01T00:00:00Z","ends_at":"2101-02-01T00:00:00Z","comment":"c"}""", "recurring.cron")]
    [InlineData("PUT", "/alerts/rules/X", """{"summary":"s","description":"d","metric":"nothing","threshold":1,"severity":"info"}""", "metric")]
    [InlineData("PUT", "/alerts/rules/X", """{"name":"Y","summary":"s","description":"d","metric":"agents","threshold":1,"severity":"info"}""", "name")]
    [InlineData("PUT", "/alerts/rules/X", """{"summary":"s","description":"d","metric":"agents","treshold":1,"severity":"info"}""", "treshold")]
    [InlineData("PUT", "/alerts/rules/X", "[]", "")]
    [InlineData("POST", "/alerts/silences", """{"matchers":{},"duration":"1h","comment":"c"}""", "matchers")]
    [InlineData("POST", "/alerts/silences", """{"matchers":{"a":"b"},"comment":"c"}""", "ends_at")]
    [InlineData("POST", "/alerts/silences", """{"matchers":{"a":"b"},"duration":"1h"}""", "comment")]
    [InlineData("POST", "/alerts/silences", """{"matchers":{"a":"b"},"starts_at":"soon","duration":"1h","comment":"c"}""", "starts_at")]
    [InlineData("GET", "/alerts?severity=urgent", null, "severity")]
    [InlineData("GET", "/alerts?state=open", null, "state")]
    [InlineData("GET", "/alerts/history?hours=0", null, "hours")]
    public async Task Bad_input_is_named_and_changes_nothing(string method, string path, string? body, string field)
    {
        var (status, problem) = await SendAsync(method, path, body);
        Assert.Equal(HttpStatusCode.BadRequest, status);
        Assert.True(problem.GetProperty("errors").TryGetProperty(field, out _), problem.GetRawText());
        Assert.Equal(["FromFile"], (await ItemsAsync("/alerts/rules")).Select(r => r.GetProperty("name").GetString()));
        Assert.Empty(await ItemsAsync("/alerts/silences"));
    }

    [Fact]
    public async Task A_rule_of_the_file_is_replaced_hidden_and_put_again()
    {
        var (_, rule) = await SendAsync("GET", "/alerts/rules/FromFile");
        Assert.Equal("file", rule.GetProperty("source").GetString());
        Assert.Equal(HttpStatusCode.NoContent, (await SendAsync("DELETE", "/alerts/rules/FromFile")).Status);
        Assert.Equal(HttpStatusCode.NotFound, (await SendAsync("GET", "/alerts/rules/FromFile")).Status);
        Assert.Equal(HttpStatusCode.OK, (await SendAsync("PUT", "/alerts/rules/FromFile", rule.GetProperty("definition").GetRawText())).Status);
        Assert.Equal("api", Assert.Single(await ItemsAsync("/alerts/rules")).GetProperty("source").GetString());
    }

    [Fact]
    public async Task A_channel_is_tried_and_shows_nothing_of_its_configuration()
    {
        Assert.Equal(HttpStatusCode.NoContent, (await SendAsync("POST", "/alerts/channels/hook/test")).Status);
        Assert.Equal("[TEST] Test (info)", JsonDocument.Parse(Assert.Single(_hook!.Requests).Body).RootElement.GetProperty("title").GetString());
        _hook.Status = 500;
        var (failed, problem) = await SendAsync("POST", "/alerts/channels/hook/test");
        Assert.Equal((HttpStatusCode.BadGateway, "The channel answered 500 InternalServerError."), (failed, problem.GetProperty("detail").GetString()));
        Assert.Equal(HttpStatusCode.Conflict, (await SendAsync("POST", "/alerts/channels/slack/test")).Status);
        Assert.Equal(HttpStatusCode.NotFound, (await SendAsync("POST", "/alerts/channels/none/test")).Status);
        var (_, list) = await SendAsync("GET", "/alerts/channels", null, Role.Viewer);
        Assert.Equal("""[{"name":"hook","type":"webhook","state":"on","unset":[]},{"name":"slack","type":"slack","state":"off","unset":["OSMEN_TEST_UNSET"]}]""", list.GetProperty("items").GetRawText());
    }

    [Fact]
    public async Task A_rule_is_switched_off_and_on_by_an_administrator_and_its_alert_says_why_it_is_over()
    {
        await SendAsync("PUT", "/alerts/rules/TooManyBuilds", Rule);
        await FiringAsync();
        Assert.Equal(HttpStatusCode.Forbidden, (await SendAsync("PUT", "/alerts/rules/TooManyBuilds", """{"enabled":false}""", Role.Operator)).Status);
        var (status, off) = await SendAsync("PUT", "/alerts/rules/TooManyBuilds", """{"enabled":false}""");
        Assert.Equal((HttpStatusCode.OK, "api", false, false), (status, off.GetProperty("source").GetString(), off.GetProperty("enabled").GetBoolean(), off.GetProperty("definition").GetProperty("enabled").GetBoolean()));
        await Programs.UntilAsync(async () => (await ItemsAsync("/alerts?state=resolved")).Count == 1, "the end");
        Assert.Equal("rule_off", (await ItemsAsync("/alerts?state=resolved"))[0].GetProperty("resolution").GetString());
        Assert.Equal([("FromFile", true), ("TooManyBuilds", false)], (await ItemsAsync("/alerts/rules")).Select(r => (r.GetProperty("name").GetString()!, r.GetProperty("enabled").GetBoolean())));
        var (_, file) = await SendAsync("PUT", "/alerts/rules/FromFile", """{"enabled":false}""");
        Assert.Equal(("file", "admin-user", false), (file.GetProperty("source").GetString(), file.GetProperty("changed_by").GetString(), file.GetProperty("enabled").GetBoolean()));
        Assert.Equal("""{"enabled":{"after":false}}""", (await ItemsAsync("/api/v1/audit?target=FromFile"))[0].GetProperty("changes").GetRawText());
        Assert.Equal(HttpStatusCode.OK, (await SendAsync("PUT", "/alerts/rules/TooManyBuilds", """{"enabled":true}""")).Status);
        await FiringAsync();
        Assert.Equal(HttpStatusCode.BadRequest, (await SendAsync("PUT", "/alerts/rules/None", """{"enabled":false}""")).Status);
    }

    [Theory]
    [InlineData("PUT", "/alerts/rules/Any", "{}")]
    [InlineData("PUT", "/alerts/rules/Any", """{"summary":"s","description":"d","metric":"build_info","where":{"service":"a","service":"b"},"threshold":0,"severity":"info"}""")]
    [InlineData("PUT", "/alerts/rules/Any", """{"summary":"s","description":"d","metric":"build_info","where":{"service":"\ud800"},"threshold":0,"severity":"info"}""")]
    [InlineData("PUT", "/alerts/rules/Any", """{"summary":"s","description":"d","metric":"build_info","threshold":0,"for":"99999999999h","severity":"info"}""")]
    [InlineData("POST", "/alerts/silences", """{"matchers":{"a":"1","a":"2"},"duration":"1h","comment":"c"}""")]
    [InlineData("POST", "/alerts/silences", """{"matchers":{"\ud800":"1"},"duration":"1h","comment":"c"}""")]
    [InlineData("POST", "/alerts/silences", """{"matchers":{"a":"1"},"duration":"99999999999h","comment":"c"}""")]
    public async Task What_is_no_rule_and_no_silence_is_a_bad_request_and_changes_nothing(string method, string path, string body)
    {
        Assert.Equal((body, HttpStatusCode.BadRequest), (body, (await SendAsync(method, path, body)).Status));
        Assert.Equal(["FromFile"], (await ItemsAsync("/alerts/rules")).Select(r => r.GetProperty("name").GetString()));
        Assert.Empty(await ItemsAsync("/alerts/silences"));
    }

    private async Task<JsonElement> FiringAsync()
    {
        JsonElement found = default;
        await Programs.UntilAsync(async () => (await ItemsAsync("/alerts")) is [var alert, ..] && (found = alert).GetProperty("state").GetString() != "pending", "the alert");
        return found;
    }

    private async Task<IReadOnlyList<JsonElement>> ItemsAsync(string path) => [.. (await SendAsync("GET", path)).Body.GetProperty("items").EnumerateArray()];

    private async Task<(HttpStatusCode Status, JsonElement Body)> SendAsync(string method, string path, string? body = null, Role role = Role.Admin)
    {
        var (status, answer, _) = await Gateway.SendAsync(new HttpMethod(method), path, body, GatewayServer.KeyOf(role));
        return (status, answer);
    }
}
