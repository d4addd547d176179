using System.Globalization;
using System.Text;
using OsMEN.Executions.Catalog;
using OsMEN.Gateway.Alerts.Notices;
using OsMEN.Gateway.Alerts.Rules;
using OsMEN.Gateway.Alerts.State;

namespace OsMEN.Gateway.Alerts.Channels;

/// <summary>A notice in words: the channel's own template, or ours.</summary>
internal static class NoticeText
{
    private const string DefaultTitle = "[{status}] {name} ({severity})";
    private const int MostAlerts = 20;

    /// <summary>For channels whose receivers cannot tell a repetition.</summary>
    public const string MayRepeat = "Perhaps told before: an earlier attempt got no answer.";

    public static string Title(ChannelSettings settings, Notice notice) => Fill(settings.Title ?? DefaultTitle, notice).ReplaceLineEndings(" ");

    public static string Body(ChannelSettings settings, Notice notice) => Fill(settings.Text ?? "{alerts}", notice);

    private static string Fill(string template, Notice notice) => AlertText.Fill(template, name => name switch
    {
        "status" => Status(notice),
        "name" => string.Join(", ", notice.Alerts.Select(a => a.Rule).Distinct(StringComparer.Ordinal)),
        "severity" => JsonFields.WireName(notice.Severity),
        "firing" => notice.Alerts.Count(a => a.ResolvedAt is null).ToString(CultureInfo.InvariantCulture),
        "resolved" => notice.Alerts.Count(a => a.ResolvedAt is not null).ToString(CultureInfo.InvariantCulture),
        _ => Alerts(notice),
    });

    private static string Status(Notice notice)
    {
        var count = notice.Alerts.Count(a => a.ResolvedAt is null);
        var status = notice switch
        {
            { Reason: NoticeReason.Test } => "TEST",
            { Fires: false } => "RESOLVED",
            { Reason: NoticeReason.Repeated } => "STILL FIRING",
            { Reason: NoticeReason.Escalated } => "NOT ACKNOWLEDGED",
            _ => "FIRING",
        };
        return count > 1 ? string.Create(CultureInfo.InvariantCulture, $"{status}: {count}") : status;
    }

    private static string Resolved(NoticeAlert alert) => alert switch
    {
        { ResolvedAt: null } => "",
        { Resolution: AlertResolution.RuleOff } => "Resolved, as its rule was switched off: ",
        { Resolution: AlertResolution.RuleRemoved } => "Resolved, as its rule was removed: ",
        _ => "Resolved: ",
    };

    private static string Alerts(Notice notice)
    {
        var text = new StringBuilder();
        foreach (var alert in notice.Alerts.Take(MostAlerts))
        {
            text.Append(Resolved(alert)).Append(alert.Summary).Append('\n').Append(alert.Description).Append('\n');
            text.Append(CultureInfo.InvariantCulture, $"Since {alert.FiredAt:yyyy-MM-dd HH:mm:ss} UTC. Runbook: {alert.Runbook}\n\n");
        }
        if (notice.Alerts.Count > MostAlerts) text.Append(CultureInfo.InvariantCulture, $"and {notice.Alerts.Count - MostAlerts} more\n");
        return text.ToString().TrimEnd();
    }
}
