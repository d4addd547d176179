using System.Globalization;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json.Nodes;
using OsMEN.Gateway.Alerts.Notices;

namespace OsMEN.Gateway.Alerts.Channels;

/// <summary>
/// Alertmanager's API v2. It takes an alert that it hears no more of for ended, so each is said to end when the next notice of it would be
/// overdue.
/// </summary>
internal sealed class AlertmanagerChannel(ChannelHttp http) : INoticeChannel
{
    public async Task SendAsync(ChannelSettings settings, string id, Notice notice, CancellationToken cancellationToken)
    {
        var alerts = new JsonArray([.. notice.Alerts.Select(a => new JsonObject
        {
            ["labels"] = new JsonObject(a.Labels.Select(l => KeyValuePair.Create(l.Key, (JsonNode?)l.Value))),
            ["annotations"] = new JsonObject { ["summary"] = a.Summary, ["description"] = a.Description, ["runbook_url"] = a.Runbook },
            ["startsAt"] = Time(a.FiredAt),
            ["endsAt"] = Time(a.ResolvedAt ?? notice.At + notice.ValidFor),
        })]);
        using var request = new HttpRequestMessage(HttpMethod.Post, $"{settings["url"].TrimEnd('/')}/api/v2/alerts") { Content = SlackChannel.JsonContent(alerts) };
        if (settings["username"].Length > 0)
            request.Headers.Authorization = new AuthenticationHeaderValue("Basic", Convert.ToBase64String(Encoding.UTF8.GetBytes($"{settings["username"]}:{settings["password"]}")));
        await http.SendAsync(settings, request, cancellationToken);
    }

    private static string Time(DateTimeOffset at) => at.ToString("O", CultureInfo.InvariantCulture);
}
