using System.Globalization;
using System.Net.Http.Headers;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using OsMEN.Executions.Catalog;
using OsMEN.Gateway.Alerts.Notices;

namespace OsMEN.Gateway.Alerts.Channels;

/// <summary>
/// A signed request to anybody. <c>X-OsMEN-Signature: sha256=</c> and the HMAC-SHA256, in hexadecimal, of <c>X-OsMEN-Timestamp</c>, a full
/// stop and the body. Who receives it checks that, refuses what is older than some minutes, and tells repetitions by <c>X-OsMEN-Id</c>.
/// </summary>
internal sealed class WebhookChannel(ChannelHttp http, TimeProvider time) : INoticeChannel
{
    public async Task SendAsync(ChannelSettings settings, string id, Notice notice, CancellationToken cancellationToken)
    {
        var body = Encoding.UTF8.GetBytes(Body(settings, id, notice).ToJsonString());
        var timestamp = time.GetUtcNow().ToUnixTimeSeconds().ToString(CultureInfo.InvariantCulture);
        using var request = new HttpRequestMessage(HttpMethod.Post, settings["url"])
        {
            Content = new ByteArrayContent(body) { Headers = { ContentType = new MediaTypeHeaderValue("application/json") } },
        };
        request.Headers.Add("X-OsMEN-Id", id);
        request.Headers.Add("X-OsMEN-Timestamp", timestamp);
        request.Headers.Add("X-OsMEN-Signature", $"sha256={Sign(settings["secret"], timestamp, body)}");
        await http.SendAsync(settings, request, cancellationToken);
    }

    public static string Sign(string secret, string timestamp, ReadOnlySpan<byte> body) =>
        Convert.ToHexStringLower(HMACSHA256.HashData(Encoding.UTF8.GetBytes(secret), (byte[])[.. Encoding.UTF8.GetBytes($"{timestamp}."), .. body]));

    private static JsonObject Body(ChannelSettings settings, string id, Notice notice) => new()
    {
        ["id"] = id,
        ["group"] = notice.Group,
        ["status"] = notice.Fires ? "firing" : "resolved",
        ["may_repeat"] = notice.MayRepeat,
        ["reason"] = JsonFields.WireName(notice.Reason),
        ["severity"] = JsonFields.WireName(notice.Severity),
        ["title"] = NoticeText.Title(settings, notice),
        ["text"] = NoticeText.Body(settings, notice),
        ["at"] = notice.At.ToString("O", CultureInfo.InvariantCulture),
        ["alerts"] = new JsonArray([.. notice.Alerts.Select(a => new JsonObject
        {
            ["id"] = a.Id,
            ["fingerprint"] = a.Fingerprint,
            ["rule"] = a.Rule,
            ["status"] = a.ResolvedAt is null ? "firing" : "resolved",
            ["severity"] = JsonFields.WireName(a.Severity),
            ["labels"] = new JsonObject(a.Labels.Select(l => KeyValuePair.Create(l.Key, (JsonNode?)l.Value))),
            ["value"] = a.Value,
            ["summary"] = a.Summary,
            ["description"] = a.Description,
            ["runbook"] = a.Runbook,
            ["fired_at"] = a.FiredAt.ToString("O", CultureInfo.InvariantCulture),
            ["resolved_at"] = a.ResolvedAt?.ToString("O", CultureInfo.InvariantCulture),
            ["resolution"] = a.Resolution,
        })]),
    };
}
