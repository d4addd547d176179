using OsMEN.Executions.Catalog;
using OsMEN.Gateway.Alerts.State;

namespace OsMEN.Gateway.Alerts;

/// <summary>Counts what the history holds.</summary>
internal static class StatisticsReader
{
    private const int Noisiest = 10;

    /// <param name="alerts">Of the history, those that fired or ended within the hours.</param>
    public static AlertStatistics Of(IReadOnlyList<Alert> alerts, int hours, DateTimeOffset now)
    {
        var since = now - TimeSpan.FromHours(hours);
        Alert[] fired = [.. alerts.Where(a => a.FiredAt >= since)];
        return new(
            hours,
            fired.Length,
            alerts.Count(a => a.State == AlertState.Firing),
            alerts.Count(a => a.AcknowledgedAt >= since),
            alerts.Count(a => a.ResolvedAt >= since),
            Enum.GetValues<Rules.AlertSeverity>().ToDictionary(JsonFields.WireName, s => fired.Count(a => a.Severity == s)),
            Mean(alerts.Where(a => a.AcknowledgedAt >= since).Select(a => a.AcknowledgedAt!.Value - a.FiredAt!.Value)),
            ToResolve(alerts, since),
            [
                .. alerts.GroupBy(a => a.Rule, StringComparer.Ordinal)
                    .Select(g => new RuleStatistics(g.Key, g.Count(a => a.FiredAt >= since), Math.Round(g.Sum(a => Firing(a, since, now).TotalSeconds), 3), ToResolve(g, since)))
                    .OrderByDescending(r => r.Fired).ThenByDescending(r => r.FiringSeconds).ThenBy(r => r.Rule, StringComparer.Ordinal).Take(Noisiest),
            ]);
    }

    private static TimeSpan Firing(Alert alert, DateTimeOffset since, DateTimeOffset now)
    {
        var from = alert.FiredAt > since ? alert.FiredAt.Value : since;
        var until = alert.ResolvedAt ?? now;
        return until > from ? until - from : TimeSpan.Zero;
    }

    private static double? ToResolve(IEnumerable<Alert> alerts, DateTimeOffset since) =>
        Mean(alerts.Where(a => a.ResolvedAt >= since).Select(a => a.ResolvedAt!.Value - a.FiredAt!.Value));

    private static double? Mean(IEnumerable<TimeSpan> times)
    {
        TimeSpan[] all = [.. times];
        return all.Length == 0 ? null : Math.Round(all.Average(t => t.TotalSeconds), 3);
    }
}
