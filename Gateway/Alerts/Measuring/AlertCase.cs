using OsMEN.Executions.Catalog;
using OsMEN.Gateway.Alerts.Rules;

namespace OsMEN.Gateway.Alerts.Measuring;

/// <summary>One condition of a rule: one of its levels, or one of its burn rates.</summary>
internal sealed record AlertCase(AlertRule Rule, AlertSeverity Severity, double Threshold, BurnRate? Burn)
{
    /// <summary>Over which time it looks back; zero for a gauge.</summary>
    public TimeSpan Window => Burn?.Long ?? Rule.Query.Window;

    /// <summary>What tells this case's alerts from those of the rule's others.</summary>
    public IReadOnlyList<KeyValuePair<string, string>> Labels { get; } =
    [
        new("alertname", Rule.Name), new("severity", JsonFields.WireName(Severity)),
        .. Burn is null ? [] : new KeyValuePair<string, string>[] { new("long_window", DurationText.Format(Burn.Long)), new("short_window", DurationText.Format(Burn.Short)) },
    ];

    public string Expression => Burn is null ? PrometheusExpression.Of(Rule, new AlertLevel(Severity, Threshold)) : PrometheusExpression.Of(Rule, Burn);

    public static IEnumerable<AlertCase> Of(AlertRule rule) =>
    [
        .. rule.Levels.Select(l => new AlertCase(rule, l.Severity, l.Threshold, null)),
        .. rule.BurnRates.Select(b => new AlertCase(rule, b.Severity, b.Factor * (double)(1 - (decimal)(rule.Objective ?? 0)), b)),
    ];

    /// <summary>A text of the rule, filled in for one alert.</summary>
    public string Fill(string template, Finding finding) => AlertText.Fill(template, name => name switch
    {
        "value" => HumanNumber.Format(finding.Value, Rule.Unit),
        "threshold" => AlertText.Format(Burn is null ? Threshold : Burn.Factor * (1 - Rule.Objective ?? 0), Rule.Unit),
        "for" => DurationText.Format(Rule.For),
        "window" => DurationText.Format(Window),
        "objective" => AlertText.Format(Rule.Objective ?? 0, AlertUnit.Percent),
        "factor" => AlertText.Plain(Burn?.Factor ?? 0),
        _ => finding.Labels[name],
    });
}

/// <summary>A combination of labels for which a condition holds, and what was measured.</summary>
internal sealed record Finding(LabelSet Labels, double Value);
