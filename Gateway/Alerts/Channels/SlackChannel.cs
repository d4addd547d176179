using System.Net.Http.Headers;
using System.Text.Json.Nodes;
using OsMEN.Gateway.Alerts.Notices;

namespace OsMEN.Gateway.Alerts.Channels;

/// <summary>Slack's incoming webhooks: https://api.slack.com/messaging/webhooks.</summary>
internal sealed class SlackChannel(ChannelHttp http) : INoticeChannel
{
    private const int MaxText = 30_000;

    public async Task SendAsync(ChannelSettings settings, string id, Notice notice, CancellationToken cancellationToken)
    {
        var text = $"*{Escaped(NoticeText.Title(settings, notice))}*\n{(notice.MayRepeat ? $"_{NoticeText.MayRepeat}_\n" : "")}{Escaped(NoticeText.Body(settings, notice))}";
        using var request = new HttpRequestMessage(HttpMethod.Post, settings["url"]) { Content = JsonContent(new JsonObject { ["text"] = text.Length <= MaxText ? text : text[..MaxText] }) };
        await http.SendAsync(settings, request, cancellationToken);
    }

    public static ByteArrayContent JsonContent(JsonNode json) =>
        new(System.Text.Encoding.UTF8.GetBytes(json.ToJsonString())) { Headers = { ContentType = new MediaTypeHeaderValue("application/json") } };

    private static string Escaped(string text) =>
        text.Replace("&", "&amp;", StringComparison.Ordinal).Replace("<", "&lt;", StringComparison.Ordinal).Replace(">", "&gt;", StringComparison.Ordinal);
}
