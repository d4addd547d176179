using System.Diagnostics.Metrics;
using OsMEN.Executions.Catalog;
using OsMEN.Gateway.Alerts.Rules;
using OsMEN.ServiceDefaults.Metrics;

namespace OsMEN.Gateway.Alerts;

/// <summary>Alerts that fire, and notices of them.</summary>
internal sealed class AlertMetrics
{
    private readonly Counter<long> _notices;

    public AlertMetrics(MetricFactory metrics)
    {
        metrics.ObservableGauge(MetricCatalog.AlertsActive, () => Enum.GetValues<AlertSeverity>().Select(s =>
            new Measurement<double>(Firing.GetValueOrDefault(s), new KeyValuePair<string, object?>("severity", JsonFields.WireName(s)))));
        _notices = metrics.Counter(MetricCatalog.Notifications);
    }

    /// <summary>How many alerts of each severity fire, as the database last had it.</summary>
    public IReadOnlyDictionary<AlertSeverity, long> Firing { get; set; } = new Dictionary<AlertSeverity, long>();

    /// <summary>Shows a channel of the configuration at 0.</summary>
    public void Expect(string channel)
    {
        Add(0, channel, "ok");
        Add(0, channel, "error");
    }

    /// <summary>One attempt to deliver a notice.</summary>
    public void Sent(string channel, bool ok) => Add(1, channel, ok ? "ok" : "error");

    private void Add(int count, string channel, string status) => _notices.Add(count, new("channel", channel), new("status", status));
}
