using System.Net.Http.Headers;
using System.Text;
using OsMEN.Gateway.Alerts.Notices;

namespace OsMEN.Gateway.Alerts.Channels;

/// <summary>A text message to one number by Twilio: https://www.twilio.com/docs/messaging/api/message-resource.</summary>
internal sealed class SmsChannel(ChannelHttp http) : INoticeChannel
{
    private const string Address = "https://api.twilio.com";

    // Two messages' worth; a text message is no place for a runbook.
    private const int MaxText = 300;

    public async Task SendAsync(ChannelSettings settings, string id, Notice notice, CancellationToken cancellationToken)
    {
        var text = settings.Text is null ? $"{NoticeText.Title(settings, notice)} {notice.Alerts[0].Summary}" : NoticeText.Body(settings, notice);
        if (notice.MayRepeat) text = $"{NoticeText.MayRepeat} {text}";
        var root = settings["url"] is { Length: > 0 } url ? url.TrimEnd('/') : Address;
        using var request = new HttpRequestMessage(HttpMethod.Post, $"{root}/2010-04-01/Accounts/{Uri.EscapeDataString(settings["account_sid"])}/Messages.json")
        {
            Content = new FormUrlEncodedContent([new("To", settings["to"]), new("From", settings["from"]), new("Body", text.Length <= MaxText ? text : $"{text[..(MaxText - 1)]}…")]),
        };
        request.Headers.Authorization = new AuthenticationHeaderValue("Basic", Convert.ToBase64String(Encoding.UTF8.GetBytes($"{settings["account_sid"]}:{settings["auth_token"]}")));
        await http.SendAsync(settings, request, cancellationToken);
    }
}
