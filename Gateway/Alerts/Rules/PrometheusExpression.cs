using System.Globalization;
using System.Text;
using OsMEN.Executions.Catalog;
using OsMEN.ServiceDefaults.Metrics;

namespace OsMEN.Gateway.Alerts.Rules;

/// <summary>A rule's condition in PromQL. Its value is what the rule measures, so that an alert can show it.</summary>
internal static class PrometheusExpression
{
    public const string Prefix = "osmen_";

    // The share of bad events in both windows; the long one's is shown.
    public static string Of(AlertRule rule, BurnRate rate)
    {
        var budget = 1 - (decimal)(rule.Objective ?? 0);
        var limit = string.Create(CultureInfo.InvariantCulture, $"> {rate.Factor} * {budget}");
        return $"{Value(rule.Query, rate.Long)} {limit}\nand {Value(rule.Query, rate.Short)} {limit}{EnoughEvents(rule.Query, rate.Long)}";
    }

    public static string Of(AlertRule rule, AlertLevel level)
    {
        var threshold = level.Threshold.ToString("R", CultureInfo.InvariantCulture);
        var missing = rule.NoData == NoData.Firing ? Missing(rule.Query.Selector) : "";
        return $"{Value(rule.Query, rule.Query.Window)} {rule.Comparison.Sign()} {threshold}{EnoughEvents(rule.Query, rule.Query.Window)}{missing}";
    }

    private static string Value(AlertQuery query, TimeSpan window)
    {
        var value = query.Function == SeriesFunction.Quantile
            ? string.Create(CultureInfo.InvariantCulture, $"histogram_quantile({query.Quantile}, sum by ({string.Join(", ", query.By.Append("le"))}) (rate({Selector(query.Selector, "_bucket")}[{DurationText.Format(window)}])))")
            : Term(query, query.Selector, window);

        // Without traffic a share is 0/0 or x/0, neither of which is a finding.
        return query.Divisors.Count == 0 ? value : $"{value}\n  / ({string.Join(" + ", query.Divisors.Select(d => Term(query, d, window)))} > 0)";
    }

    private static string Term(AlertQuery query, MetricSelector metric, TimeSpan window)
    {
        var aggregation = Aggregated(JsonFields.WireName(query.Aggregation), query.By);
        var selector = Selector(metric);
        var range = DurationText.Format(window);
        if (metric.Metric.Kind == MetricKind.Counter)
        {
            return query switch
            {
                { Function: SeriesFunction.Rate } => $"{aggregation} (rate({selector}[{range}]))",
                { FromZero: false } => $"{aggregation} (increase({selector}[{range}]))",
                _ => $"{aggregation} (({selector} unless last_over_time({selector}[{range}] offset {range})) or increase({selector}[{range}]))",
            };
        }
        if (!query.Shared) return $"{aggregation} ({selector})";
        var once = Aggregated("max", metric.Metric.Labels);
        return query.Aggregation == Aggregation.Max || metric.Metric.Labels.All(l => query.By.Contains(l, StringComparer.Ordinal))
            ? $"{Aggregated("max", query.By)} ({selector})"
            : $"{aggregation} ({once} ({selector}))";
    }

    private static string EnoughEvents(AlertQuery query, TimeSpan window)
    {
        if (query.MinEvents <= 0) return "";
        var sum = Aggregated("sum", query.By);
        var range = DurationText.Format(window);
        var events = query.Function == SeriesFunction.Quantile
            ? [Selector(query.Selector, "_count")]
            : query.Divisors.Select(d => Selector(d));
        var counted = string.Join(" + ", events.Select(e => $"{sum} (increase({e}[{range}]))"));
        return string.Create(CultureInfo.InvariantCulture, $"\nand {counted} >= {query.MinEvents}");
    }

    // One absent() for each value that the filters name, so that one job's silence is not covered by another's data.
    private static string Missing(MetricSelector selector) => string.Concat(Each(selector).Select(s => $"\nor absent({Selector(s)})"));

    /// <summary>The selector once for each value of the first filter that lists several.</summary>
    public static IEnumerable<MetricSelector> Each(MetricSelector selector)
    {
        var named = selector.Filters.FirstOrDefault(f => !f.Excludes && f.Values.Count > 1 && !f.Values.Any(v => v.Contains('*', StringComparison.Ordinal)));
        return named is null ? [selector] : named.Values.Select(v => selector with { Filters = [.. selector.Filters.Select(f => f == named ? f with { Values = [v] } : f)] });
    }

    private static string Aggregated(string aggregation, IReadOnlyList<string> by) => by.Count == 0 ? aggregation : $"{aggregation} by ({string.Join(", ", by)})";

    private static string Selector(MetricSelector selector, string suffix = "")
    {
        var name = $"{(selector.Metric.IsOurs ? Prefix : "")}{selector.Metric.Name}{suffix}";
        return selector.Filters.Count == 0 ? name : $"{name}{{{string.Join(", ", selector.Filters.Select(Matcher))}}}";
    }

    private static string Matcher(LabelFilter filter)
    {
        if (filter.Values.Count == 1 && !filter.Values[0].Contains('*', StringComparison.Ordinal))
            return $"{filter.Label}{(filter.Excludes ? "!=" : "=")}{Quoted(filter.Values[0])}";
        return $"{filter.Label}{(filter.Excludes ? "!~" : "=~")}{Quoted(string.Join('|', filter.Values.Select(Pattern)))}";
    }

    // PromQL anchors its patterns at both ends.
    private static string Pattern(string value)
    {
        var pattern = new StringBuilder();
        foreach (var c in value)
            _ = c switch
            {
                '*' => pattern.Append(".*"),
                _ when @"\.+?()|[]{}^$".Contains(c, StringComparison.Ordinal) => pattern.Append('\\').Append(c),
                _ => pattern.Append(c),
            };
        return pattern.ToString();
    }

    private static string Quoted(string text) =>
        $"\"{text.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\"", "\\\"", StringComparison.Ordinal).Replace("\n", "\\n", StringComparison.Ordinal)}\"";
}
