using System.Globalization;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using OsMEN.Gateway.Alerts;
using OsMEN.Gateway.Alerts.Channels;
using OsMEN.Gateway.Alerts.Notices;
using OsMEN.Gateway.Alerts.Rules;
using OsMEN.Tests.Infrastructure;

namespace OsMEN.Tests.Alerts;

/// <summary>What each kind of channel says on the wire, and what it never says.</summary>
public sealed class ChannelTests : IAsyncLifetime
{
    private static readonly DateTimeOffset At = new(2026, 1, 2, 3, 4, 5, TimeSpan.Zero);
    private static readonly NoticeAlert Alert = new(
        "a1", "f1", "HighCost", AlertSeverity.Critical, new() { ["alertname"] = "HighCost", ["severity"] = "critical" }, 12, "Models cost <$12> & more", "Over $10.", "docs/operations.md#highcost", At, null);

    private readonly ChannelHttp _http = new();
    private HttpReceiver? _receiver;

    private HttpReceiver Receiver => _receiver!;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync() => _receiver = await HttpReceiver.StartAsync();

    public async ValueTask DisposeAsync()
    {
        _http.Dispose();
        await Receiver.DisposeAsync();
    }

    [Fact]
    public async Task A_webhook_is_signed_with_its_time()
    {
        await SendAsync("""hook: {type: webhook, url: "$URL/in?token=abc", secret: s3cret, allow_private: true}""", Firing());
        var request = Assert.Single(Receiver.Requests);
        var signed = WebhookChannel.Sign("s3cret", request.Headers["X-OsMEN-Timestamp"], Encoding.UTF8.GetBytes(request.Body));
        Assert.Equal(("/in", "n1", $"sha256={signed}"), (request.Path, request.Headers["X-OsMEN-Id"], request.Headers["X-OsMEN-Signature"]));
        Assert.NotEqual(signed, WebhookChannel.Sign("other", request.Headers["X-OsMEN-Timestamp"], Encoding.UTF8.GetBytes(request.Body)));
        var body = JsonDocument.Parse(request.Body).RootElement;
        Assert.Equal(("firing", "HighCost", 12), (body.GetProperty("status").GetString(), body.GetProperty("alerts")[0].GetProperty("rule").GetString(), body.GetProperty("alerts")[0].GetProperty("value").GetInt32()));
    }

    [Fact]
    public async Task A_mail_goes_to_addresses_of_any_letters_where_the_server_takes_them_and_says_so_where_not()
    {
        await using var server = new SmtpReceiver { TakesAnyLetters = true };
        var yaml = string.Create(CultureInfo.InvariantCulture, $"hook: {{type: email, host: 127.0.0.1, port: {server.Port}, tls: none, from: osmen@example.com, to: jörg@example.com, allow_private: true}}");
        await SendAsync(yaml, Firing());
        Assert.Equal(["jörg@example.com"], Assert.Single(server.Mails).To);
        server.TakesAnyLetters = false;
        var failed = await Assert.ThrowsAsync<DeliveryException>(() => SendAsync(yaml, Firing()));
        Assert.Equal("takes no addresses with other letters than ASCII (SMTPUTF8)", failed.Message);
        Assert.Single(server.Mails);
    }

    [Fact]
    public async Task Accepted_recipients_get_the_mail_and_refused_ones_are_named()
    {
        await using var server = new SmtpReceiver { RefusedRecipients = ["b@example.com"] };
        var failed = await Assert.ThrowsAsync<DeliveryException>(() => SendAsync(Email(server, "tls: none", "\"a@example.com, b@example.com, c@example.com\""), Firing()));
        Assert.Equal(("delivered, but refused for b@example.com (550)", Timeout.InfiniteTimeSpan), (failed.Message, failed.RetryAfter));
        Assert.Equal(["a@example.com", "c@example.com"], Assert.Single(server.Mails).To);
    }

    [Fact]
    public async Task Mail_that_every_recipient_is_refused_for_is_retried()
    {
        await using var server = new SmtpReceiver { RefusedRecipients = ["a@example.com", "b@example.com"] };
        var failed = await Assert.ThrowsAsync<DeliveryException>(() => SendAsync(Email(server, "tls: none", "\"a@example.com, b@example.com\""), Firing()));
        Assert.Equal(("refused all recipients: a@example.com (550), b@example.com (550)", null), (failed.Message, failed.RetryAfter));
        Assert.Empty(server.Mails);
    }

    [Fact]
    public async Task Mail_carries_its_id_its_group_and_its_text()
    {
        await using var server = new SmtpReceiver();
        await SendAsync(Email(server, "tls: none, title: \"Überlast, {name}\"", "\"On call <a@example.com>\""), Firing());
        var mail = Assert.Single(server.Mails);
        Assert.Equal(
            ("Überlast, HighCost", "<n1@example.com>", "<g1@example.com>", "auto-generated", "On call <a@example.com>", At),
            (mail.Subject, mail.Header("Message-ID"), mail.Header("References"), mail.Header("Auto-Submitted"), mail.Header("To"), mail.Message.Date));
        Assert.Equal("Models cost <$12> & more\nOver $10.\nSince 2026-01-02 03:04:05 UTC. Runbook: docs/operations.md#highcost", mail.Message.TextBody!.ReplaceLineEndings("\n").TrimEnd());
    }

    [Theory]
    [InlineData(SmtpTls.Implicit, "tls: implicit")]
    [InlineData(SmtpTls.StartTls, "tls: starttls")]
    [InlineData(SmtpTls.StartTls, "timeout: 10s")]
    public async Task Mail_is_encrypted(SmtpTls tls, string settings)
    {
        await using var server = new SmtpReceiver(tls);
        await EncryptedAsync(server, settings);
    }

    [Theory]
    [InlineData("tls: starttls")]
    [InlineData("timeout: 10s")]
    public async Task Port_465_is_encrypted_from_the_first_byte(string settings)
    {
        SmtpReceiver server;
        try
        {
            server = new SmtpReceiver(SmtpTls.Implicit, ChannelSettings.ImplicitTlsPort);
        }
        catch (SocketException e) when (e.SocketErrorCode is SocketError.AccessDenied or SocketError.AddressAlreadyInUse)
        {
            Assert.Skip("Port 465 is taken, or needs more rights than this user has.");
            return;
        }

        await using (server)
            await EncryptedAsync(server, settings);
    }

    [Fact]
    public async Task Mail_is_not_sent_to_a_server_without_the_encryption_that_is_required()
    {
        await using var plain = new SmtpReceiver();
        var failed = await Assert.ThrowsAsync<DeliveryException>(() => SendAsync(Email(plain, "tls: starttls"), Firing()));
        Assert.Equal("offers no STARTTLS; tls: implicit or none may be right", failed.Message);
        await using var untrusted = new SmtpReceiver(SmtpTls.Implicit);
        failed = await Assert.ThrowsAsync<DeliveryException>(() => SendAsync(Email(untrusted, "tls: implicit"), Firing()));
        Assert.Equal("failed the TLS handshake; its certificate may not be trusted, or its port may expect another kind of TLS", failed.Message);
        Assert.Empty(plain.Mails.Concat(untrusted.Mails));
    }

    [Fact]
    public async Task Mail_is_delivered_even_if_the_server_does_not_answer_the_goodbye()
    {
        using var limit = new CancellationTokenSource();
        await using var server = new SmtpReceiver();
        server.BeforeQuit = async token =>
        {
            await limit.CancelAsync();
            await Task.Delay(Timeout.InfiniteTimeSpan, token);
        };
        await new EmailChannel().SendAsync(Read(Email(server, "tls: none")), "n1", Firing(), limit.Token);
        Assert.Single(server.Mails);
    }

    [Fact]
    public async Task Mail_that_gets_no_answer_in_time_fails()
    {
        var time = new ManualTimeProvider();
        await using var server = new SmtpReceiver();
        server.During = async token =>
        {
            time.Advance(TimeSpan.FromSeconds(5));
            await Task.Delay(Timeout.InfiniteTimeSpan, token);
        };
        var failed = await Assert.ThrowsAsync<DeliveryException>(() => new NoticeChannels(_http, new AlertMetrics(Metering.Factory()), time)
            .SendAsync(Read(Email(server, "tls: none, timeout: 5s")), "n1", Firing(), Token));
        Assert.Equal(("did not answer in time", true), (failed.Message, failed.MayHaveArrived));
    }

    [Fact]
    public async Task Mail_server_at_a_private_address_is_not_reached_where_that_is_forbidden()
    {
        await using var server = new SmtpReceiver();
        var failed = await Assert.ThrowsAsync<DeliveryException>(() => SendAsync(Email(server, "tls: none, allow_private: false"), Firing()));
        Assert.Equal("the address is not a public one; allow_private: true allows it", failed.Message);
        Assert.Empty(server.Mails);
    }

    [Fact]
    public async Task Slack_gets_a_text_without_markup_of_its_own()
    {
        await SendAsync("""hook: {type: slack, url: "$URL/services/T/B/X", allow_private: true}""", Firing());
        Assert.Equal(
            "{\"text\":\"*[FIRING] HighCost (critical)*\\nModels cost &lt;$12&gt; &amp; more\\nOver $10.\\nSince 2026-01-02 03:04:05 UTC. Runbook: docs/operations.md#highcost\"}",
            JsonSerializer.Serialize(JsonDocument.Parse(Assert.Single(Receiver.Requests).Body), new JsonSerializerOptions { Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping }));
    }

    [Fact]
    public async Task PagerDuty_gets_one_incident_for_a_group_from_its_start_to_its_end()
    {
        const string yaml = """hook: {type: pagerduty, routing_key: "0123", url: "$URL/v2/enqueue", allow_private: true}""";
        await SendAsync(yaml, Firing());
        await SendAsync(yaml, Resolved());
        Assert.Equal(
            [("0123", "trigger", "osmen-g1", "critical"), ("0123", "resolve", "osmen-g1", "critical")],
            Receiver.Requests.Select(r => JsonDocument.Parse(r.Body).RootElement).Select(b => (
                b.GetProperty("routing_key").GetString()!, b.GetProperty("event_action").GetString()!, b.GetProperty("dedup_key").GetString()!,
                b.GetProperty("payload").GetProperty("severity").GetString()!)));
    }

    [Fact]
    public async Task A_text_message_goes_by_Twilio_with_the_account_s_token()
    {
        await SendAsync("""hook: {type: sms, account_sid: AC1, auth_token: t0k, from: "+15550001", to: "+15550002", url: $URL, allow_private: true}""", Firing());
        var request = Assert.Single(Receiver.Requests);
        Assert.Equal(
            ("/2010-04-01/Accounts/AC1/Messages.json", "Basic QUMxOnQwaw==", "To=%2B15550002&From=%2B15550001&Body=%5BFIRING%5D+HighCost+%28critical%29+Models+cost+%3C%2412%3E+%26+more"),
            (request.Path, request.Headers["Authorization"], request.Body));
    }

    [Fact]
    public async Task Alertmanager_gets_alerts_that_end_by_themselves_where_no_more_is_heard()
    {
        const string yaml = "hook: {type: alertmanager, url: $URL}";
        await SendAsync(yaml, Firing());
        await SendAsync(yaml, Resolved());
        Assert.Equal(
            [("HighCost", At, At.AddHours(5)), ("HighCost", At, At.AddMinutes(1))],
            Receiver.Requests.Select(r => JsonDocument.Parse(r.Body).RootElement[0]).Select(a => (
                a.GetProperty("labels").GetProperty("alertname").GetString()!, a.GetProperty("startsAt").GetDateTimeOffset(), a.GetProperty("endsAt").GetDateTimeOffset())));
    }

    [Fact]
    public async Task A_real_Alertmanager_takes_them()
    {
        await using var server = await AlertmanagerServer.StartAsync(OsMEN.Tests.Monitoring.MonitoringFiles.Full("monitoring/alertmanager/alertmanager.yml"));
        var now = TimeProvider.System.GetUtcNow();
        await SendAsync($"hook: {{type: alertmanager, url: \"{server.Http.BaseAddress}\"}}", Firing() with { At = now, Alerts = [Alert with { FiredAt = now }] });
        var answer = await server.Http.GetStringAsync("/api/v2/alerts", Token);
        Assert.Equal("HighCost", JsonDocument.Parse(answer).RootElement[0].GetProperty("labels").GetProperty("alertname").GetString());
    }

    [Fact]
    public async Task A_channel_s_own_texts_are_filled_in()
    {
        await SendAsync("""hook: {type: webhook, url: $URL, secret: x, allow_private: true, title: "{name}: {firing} of {severity}", text: "{alerts}!"}""", Firing());
        var body = JsonDocument.Parse(Assert.Single(Receiver.Requests).Body).RootElement;
        Assert.Equal("HighCost: 1 of critical", body.GetProperty("title").GetString());
        Assert.EndsWith("#highcost!", body.GetProperty("text").GetString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_error_says_what_happened_and_no_secret()
    {
        Receiver.Status = 403;
        Receiver.Answer = "no: T0PS3CRET";
        var refused = await Assert.ThrowsAsync<DeliveryException>(() => SendAsync("""hook: {type: slack, url: "$URL/T0PS3CRET", allow_private: true}""", Firing()));
        Assert.Equal("answered 403 Forbidden", refused.Message);
        var unreachable = await Assert.ThrowsAsync<DeliveryException>(() => SendAsync("""hook: {type: slack, url: "http://127.0.0.1:1/T0PS3CRET", allow_private: true}""", Firing()));
        Assert.Equal("could not be reached: ConnectionError", unreachable.Message);
    }

    [Theory]
    [InlineData("$URL")]
    [InlineData("http://localhost:$PORT")]
    [InlineData("http://[::ffff:127.0.0.1]:$PORT")]
    [InlineData("http://169.254.169.254/latest/meta-data")]
    public async Task A_private_address_is_not_reached_unless_allowed(string url)
    {
        var refused = await Assert.ThrowsAsync<DeliveryException>(() => SendAsync($"hook: {{type: webhook, url: \"{url}\", secret: x}}", Firing()));
        Assert.Equal("the address is not a public one; allow_private: true allows it", refused.Message);
        Assert.Empty(Receiver.Requests);
    }

    [Theory]
    [InlineData("type: webhook, secret: x")]
    [InlineData("type: slack")]
    [InlineData("type: pagerduty, routing_key: k")]
    [InlineData("type: sms, account_sid: A, auth_token: B, from: \"+1\", to: \"+2\"")]
    [InlineData("type: alertmanager")]
    public async Task A_redirect_is_a_failure_and_is_not_followed(string channel)
    {
        await using var elsewhere = await HttpReceiver.StartAsync();
        (Receiver.Status, Receiver.Location) = (307, elsewhere.Address);
        var refused = await Assert.ThrowsAsync<DeliveryException>(() => SendAsync($"hook: {{{channel}, url: $URL, allow_private: true}}", Firing()));
        Assert.Equal("answered 307 RedirectKeepVerb", refused.Message);
        Assert.Single(Receiver.Requests);
        Assert.Empty(elsewhere.Requests);
    }

    [Theory]
    [InlineData("type: webhook, secret: x", false)]
    [InlineData("type: slack", false)]
    [InlineData("type: pagerduty, routing_key: k", false)]
    [InlineData("type: sms, account_sid: A, auth_token: B, from: \"+1\", to: \"+2\"", false)]
    [InlineData("type: alertmanager", true)]
    public void Only_what_usually_stands_in_ones_own_network_is_reached_there_unasked(string channel, bool mayReachPrivate) => Assert.Equal(
        mayReachPrivate, Assert.Single(RoutingYaml.Read("alerts.yaml", $"channels:\n  hook: {{{channel}, url: http://example.com}}\n", static _ => null).Channels).AllowPrivate);

    [Fact]
    public void A_channel_without_its_variables_is_off_and_one_with_defaults_is_on()
    {
        var file = RoutingYaml.Read(
            "alerts.yaml",
            "channels:\n  a: {type: slack, url: \"${SLACK}\"}\n  b: {type: webhook, url: \"${URL:-http://example.com}\", secret: \"${KEY}\"}\n  c: {type: sms, account_sid: A, auth_token: B, from: \"${FROM}\", to: \"+1\"}\nroutes:\n  - {severity: critical, channels: [a, b, c]}\n",
            name => name switch { "KEY" => "123", "FROM" => "+15550001", _ => null });
        Assert.Empty(file.Problems);
        Assert.Equal(["a off SLACK", "b on ", "c on "], file.Channels.Select(c => $"{c.Name} {(c.IsOn ? "on" : "off")} {string.Join(',', c.Unset)}"));
        Assert.Equal(("123", "+15550001"), (file.Find("b")!["secret"], file.Find("c")!["from"]));
        Assert.Null(file.Find("a"));
    }

    [Theory]
    [InlineData("channels:\n  a: {type: pigeon}", 2, "channels.a.type must be one of: email, slack, webhook, pagerduty, sms, alertmanager")]
    [InlineData("channels:\n  a: {type: webhook, url: \"http://x\"}", 2, "channels.a.secret is missing")]
    [InlineData("channels:\n  a: {type: slack, url: \"T0PS3CRET\"}", 2, "channels.a.url must be an absolute http or https address")]
    [InlineData("channels:\n  a: {type: slack, url: \"http://x\", retries: 3}", 2, "channels.a.retries is no known key; there are:")]
    [InlineData("channels:\n  a: {type: slack, url: \"http://x\", title: \"{color}\"}", 2, "channels.a.title has {color}, but there are:")]
    [InlineData("channels:\n  a: {type: email, host: h, from: osmen, to: a@b.c}", 2, "channels.a.from must be email addresses")]
    [InlineData("routes:\n  - {severity: urgent, channels: []}", 2, "routes[0].severity has urgent, which is none")]
    [InlineData("routes:\n  - {channels: [x]}", 2, "routes[0].channels names x, which is no channel")]
    [InlineData("routes:\n  - {channels: [], escalation: [{after: 0s, channels: []}]}", 2, "routes[0].escalation[0].after must be a duration")]
    public void What_is_wrong_is_said_with_its_line(string yaml, int line, string reason)
    {
        var file = RoutingYaml.Read("alerts.yaml", yaml, static _ => null);
        Assert.Contains(file.Problems, p => p.Line == line && p.Reason.StartsWith(reason, StringComparison.Ordinal));
        Assert.DoesNotContain(file.Problems, p => p.Reason.Contains("T0PS3CRET", StringComparison.Ordinal));
    }

    private static Notice Firing() => new("g1", NoticeReason.Changed, [Alert], At, TimeSpan.FromHours(5));

    private static Notice Resolved() => Firing() with { Alerts = [Alert with { ResolvedAt = At.AddMinutes(1) }] };

    private ChannelSettings Read(string channel)
    {
        var yaml = channel.Replace("$URL", Receiver.Address.ToString().TrimEnd('/'), StringComparison.Ordinal).Replace("$PORT", Receiver.Address.Port.ToString(System.Globalization.CultureInfo.InvariantCulture), StringComparison.Ordinal);
        var file = RoutingYaml.Read("alerts.yaml", $"channels:\n  {yaml}\n", static _ => null);
        Assert.Empty(file.Problems);
        return file.Channels[0];
    }

    private async Task SendAsync(string channel, Notice notice) =>
        await new NoticeChannels(_http, new AlertMetrics(Metering.Factory()), TimeProvider.System).SendAsync(Read(channel), "n1", notice, Token);

    private static string Email(SmtpReceiver server, string settings, string to = "a@example.com") =>
        string.Create(CultureInfo.InvariantCulture, $"hook: {{type: email, host: 127.0.0.1, port: {server.Port}, from: osmen@example.com, to: {to}, {settings}}}");

    private async Task EncryptedAsync(SmtpReceiver server, string settings)
    {
        var channel = new EmailChannel((_, certificate, _, _) => certificate?.GetCertHashString() == server.Certificate!.Thumbprint);
        await channel.SendAsync(Read(Email(server, settings)), "n1", Firing(), Token);
        Assert.True(Assert.Single(server.Mails).IsEncrypted);
    }
}
