using System.Globalization;
using System.Text.Json.Nodes;
using OsMEN.Executions.Catalog;
using OsMEN.Gateway.Alerts.Notices;

namespace OsMEN.Gateway.Alerts.Channels;

/// <summary>PagerDuty's Events API v2: https://developer.pagerduty.com/docs/events-api-v2. One incident for each group of alerts.</summary>
internal sealed class PagerDutyChannel(ChannelHttp http) : INoticeChannel
{
    private const string Address = "https://events.pagerduty.com/v2/enqueue";
    private const int MaxSummary = 1024;

    public async Task SendAsync(ChannelSettings settings, string id, Notice notice, CancellationToken cancellationToken)
    {
        var isTest = notice.Reason == NoticeReason.Test;
        var title = NoticeText.Title(settings, notice);
        var body = new JsonObject
        {
            ["routing_key"] = settings["routing_key"],
            ["event_action"] = notice.Fires ? "trigger" : "resolve",
            ["dedup_key"] = $"osmen-{notice.Group}",
            ["payload"] = new JsonObject
            {
                ["summary"] = title.Length <= MaxSummary ? title : title[..MaxSummary],
                ["source"] = "osmen",
                ["severity"] = isTest ? "info" : JsonFields.WireName(notice.Severity),
                ["timestamp"] = notice.At.ToString("O", CultureInfo.InvariantCulture),
                ["class"] = notice.Alerts[0].Rule,
                ["custom_details"] = new JsonObject { ["text"] = NoticeText.Body(settings, notice) },
            },
        };
        using var request = new HttpRequestMessage(HttpMethod.Post, settings["url"] is { Length: > 0 } url ? url : Address) { Content = SlackChannel.JsonContent(body) };
        await http.SendAsync(settings, request, cancellationToken);
    }
}
