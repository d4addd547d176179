using System.Security.Cryptography;
using System.Text;
using OsMEN.Gateway.Alerts.Measuring;
using OsMEN.ServiceDefaults;

namespace OsMEN.Gateway.Alerts.State;

/// <summary>What one case was found to be; null findings where it could not be told.</summary>
/// <param name="MayResolve">False while what is measured does not yet reach far enough back to say that a condition no longer holds.</param>
internal sealed record CaseFindings(AlertCase Case, IReadOnlyList<Finding>? Findings, bool MayResolve = true);

/// <summary>What an evaluation changes.</summary>
/// <param name="Written">Alerts that are new or changed, as they now are.</param>
/// <param name="Removed">Pending ones whose condition holds no more.</param>
/// <param name="LeftOut">Alerts beyond what is kept.</param>
internal sealed record AlertChanges(IReadOnlyList<Alert> Written, IReadOnlyList<Alert> Removed, int LeftOut);

/// <summary>The life of alerts, as Prometheus has it: pending for as long as the rule asks, then firing, then resolved at the first evaluation without it.</summary>
internal static class AlertStates
{
    /// <summary>More alerts of one rule at once are left out.</summary>
    public const int MaxOfRule = 500;

    /// <param name="active">Those that are pending or fire.</param>
    /// <param name="findings">One for each case of each rule; alerts of other rules resolve, as their rule is gone or off.</param>
    /// <param name="whyOver">One of <see cref="AlertResolution"/> for a rule's name; ended unless said.</param>
    public static AlertChanges Next(IReadOnlyList<Alert> active, IReadOnlyList<CaseFindings> findings, DateTimeOffset now, Func<string, string>? whyOver = null)
    {
        var known = active.ToDictionary(a => a.Fingerprint, StringComparer.Ordinal);
        List<Alert> written = [];
        List<Alert> removed = [];
        HashSet<string> kept = new(StringComparer.Ordinal);
        var leftOut = 0;
        foreach (var (alertCase, found, mayResolve) in findings)
        {
            if (found is null || !mayResolve) kept.UnionWith(active.Where(a => IsOf(a, alertCase)).Select(a => a.Fingerprint));
            foreach (var finding in found?.Take(MaxOfRule) ?? [])
            {
                var labels = finding.Labels.With(alertCase.Labels);
                var fingerprint = FingerprintOf(labels);
                kept.Add(fingerprint);
                var alert = Held(known.GetValueOrDefault(fingerprint) ?? New(alertCase, labels, fingerprint, now), alertCase, finding, now);
                if (!known.TryGetValue(fingerprint, out var before) || before != alert) written.Add(alert);
            }
            leftOut += Math.Max(0, (found?.Count ?? 0) - MaxOfRule);
        }
        foreach (var gone in active.Where(a => !kept.Contains(a.Fingerprint)))
        {
            if (gone.State == AlertState.Pending) removed.Add(gone);
            else written.Add(gone with { State = AlertState.Resolved, ResolvedAt = now, Resolution = whyOver?.Invoke(gone.Rule) ?? AlertResolution.Ended });
        }
        return new(written, removed, leftOut);
    }

    public static string FingerprintOf(LabelSet labels) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(labels.Key)).AsSpan(0, 8));

    private static bool IsOf(Alert alert, AlertCase alertCase) => alertCase.Labels.All(l => alert.Labels[l.Key] == l.Value);

    private static Alert New(AlertCase alertCase, LabelSet labels, string fingerprint, DateTimeOffset now) => new()
    {
        Id = OrderedIds.New(now).ToString(),
        Rule = alertCase.Rule.Name,
        Fingerprint = fingerprint,
        Labels = labels,
        Severity = alertCase.Severity,
        State = AlertState.Pending,
        Value = 0,
        Summary = "",
        Description = "",
        Runbook = alertCase.Rule.Runbook,
        ActiveAt = now,
    };

    private static Alert Held(Alert alert, AlertCase alertCase, Finding finding, DateTimeOffset now)
    {
        var fires = alert.State == AlertState.Pending && now - alert.ActiveAt >= alertCase.Rule.For;
        return alert with
        {
            State = fires ? AlertState.Firing : alert.State,
            FiredAt = fires ? now : alert.FiredAt,
            Value = finding.Value,
            Summary = alertCase.Fill(alertCase.Rule.Summary, finding),
            Description = alertCase.Fill(alertCase.Rule.Description, finding),
            Runbook = alertCase.Rule.Runbook,
        };
    }
}
