using System.Globalization;
using System.Text;
using OsMEN.Executions.Catalog;

namespace OsMEN.Gateway.Alerts.Rules;

/// <summary><c>monitoring/prometheus/rules/alerts.yaml</c>, from <c>monitoring/alerts.yaml</c>.</summary>
internal static class PrometheusRules
{
    /// <summary>The file for the rules of the solution in <paramref name="root"/>.</summary>
    /// <exception cref="FormatException">The rules cannot be used; the message names every problem with its line.</exception>
    public static string Write(string root)
    {
        // What is generated is the same everywhere, so variables in rules have their defaults here.
        var file = AlertYaml.ReadFile(Path.Combine(root, "monitoring", "alerts.yaml"), static _ => null);
        return file.Problems.Count == 0 ? Write(file.Rules) : throw new FormatException(string.Join('\n', file.Problems));
    }

    public static string Write(IEnumerable<AlertRule> rules)
    {
        var text = new StringBuilder("""
            # Written from monitoring/alerts.yaml by "dotnet run --project Gateway -- generate".
            groups:
              - name: alerts
                rules:

            """.ReplaceLineEndings("\n"));
        foreach (var rule in rules.Where(r => r.Enabled))
        {
            foreach (var level in rule.Levels)
                Append(text, rule, PrometheusExpression.Of(rule, level), [("severity", JsonFields.WireName(level.Severity))], Texts(rule, level.Threshold, rule.Query.Window));
            foreach (var rate in rule.BurnRates)
            {
                var (window, check) = (DurationText.Format(rate.Long), DurationText.Format(rate.Short));
                Append(
                    text, rule, PrometheusExpression.Of(rule, rate),
                    [("severity", JsonFields.WireName(rate.Severity)), ("long_window", window), ("short_window", check)],
                    Texts(rule, rate.Factor * (1 - rule.Objective ?? 0), rate.Long, rate.Factor));
            }
        }
        return text.ToString();
    }

    private static void Append(StringBuilder text, AlertRule rule, string expression, IEnumerable<(string Name, string Value)> labels, Func<string, string> texts)
    {
        text.Append("      - alert: ").Append(rule.Name).Append("\n        expr: |-\n");
        foreach (var line in expression.Split('\n')) text.Append("          ").Append(line).Append('\n');
        if (rule.For > TimeSpan.Zero) text.Append("        for: ").Append(DurationText.Format(rule.For)).Append('\n');
        text.Append("        labels:\n");
        foreach (var (name, value) in labels) text.Append(CultureInfo.InvariantCulture, $"          {name}: {value}\n");
        text.Append("        annotations:\n");
        (string Name, string Text)[] annotations = [("summary", AlertText.Fill(rule.Summary, texts)), ("description", AlertText.Fill(rule.Description, texts)), ("runbook_url", rule.Runbook)];
        foreach (var (name, value) in annotations)
            text.Append("          ").Append(name).Append(": '").Append(value.Replace("'", "''", StringComparison.Ordinal).ReplaceLineEndings(" ").Trim()).Append("'\n");
    }

    // Prometheus fills in labels and the value when the alert fires; the rest is known now.
    private static Func<string, string> Texts(AlertRule rule, double threshold, TimeSpan window, double factor = 0) => name => name switch
    {
        "value" => rule.Unit switch
        {
            AlertUnit.Percent => "{{ $value | humanizePercentage }}",
            AlertUnit.Seconds => "{{ $value | humanizeDuration }}",
            AlertUnit.Bytes => "{{ $value | humanize1024 }}B",
            AlertUnit.Dollars => "{{ printf \"$%.2f\" $value }}",
            _ => "{{ $value | humanize }}",
        },
        "threshold" => AlertText.Format(threshold, rule.Unit),
        "for" => DurationText.Format(rule.For),
        "window" => DurationText.Format(window),
        "objective" => AlertText.Format(rule.Objective ?? 0, AlertUnit.Percent),
        "factor" => AlertText.Plain(factor),
        _ => $"{{{{ $labels.{name} }}}}",
    };
}
