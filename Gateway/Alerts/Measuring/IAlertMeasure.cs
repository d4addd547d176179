using OsMEN.Gateway.Alerts.Rules;
using OsMEN.Gateway.Alerts.State;

namespace OsMEN.Gateway.Alerts.Measuring;

/// <summary>Where rules are measured: over the instances' own metrics, or by Prometheus.</summary>
internal interface IAlertMeasure
{
    /// <summary>Collects what the rules need. Every gateway does, so that the one that takes over knows the past.</summary>
    Task CollectAsync(IReadOnlyList<AlertRule> rules, CancellationToken cancellationToken);

    /// <summary>Measures every case now. What could not be told has null findings.</summary>
    Task<IReadOnlyList<CaseFindings>> MeasureAsync(IReadOnlyList<AlertCase> cases, CancellationToken cancellationToken);
}
