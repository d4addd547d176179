using System.Globalization;
using OsMEN.Gateway.Alerts.Rules;
using OsMEN.ServiceDefaults.Metrics;

namespace OsMEN.Gateway.Alerts.Measuring;

/// <summary>
/// Measures rules over the samples in memory. Step for step what <see cref="PrometheusExpression"/> writes for Prometheus, with its
/// semantics: a test holds both against the same series.
/// </summary>
/// <param name="prefix">Before the names of our metrics.</param>
internal sealed class RuleMeasure(SampleStore store, string prefix)
{
    /// <summary>Where the case's condition holds at a time, in Unix milliseconds.</summary>
    public IReadOnlyList<Finding> Evaluate(AlertCase alertCase, long at)
    {
        var (rule, query) = (alertCase.Rule, alertCase.Rule.Query);
        var found = Value(query, alertCase.Window, at).Where(f => Holds(rule, alertCase, f.Value));
        if (alertCase.Burn is { } burn)
        {
            var soon = ByKey(Value(query, burn.Short, at).Where(f => Holds(rule, alertCase, f.Value)));
            found = found.Where(f => soon.ContainsKey(f.Labels.Key));
        }
        if (query.MinEvents > 0)
        {
            var events = ByKey(Events(query, alertCase.Window, at).Where(f => f.Value >= query.MinEvents));
            found = found.Where(f => events.ContainsKey(f.Labels.Key));
        }
        return rule.NoData == NoData.Firing ? [.. found, .. Missing(query.Selector, at)] : [.. found];
    }

    /// <summary>Which metrics rules ask for, by their exposed names, and how far back.</summary>
    public static IReadOnlyDictionary<string, TimeSpan> Needs(IEnumerable<AlertRule> rules, string prefix)
    {
        Dictionary<string, TimeSpan> needs = new(StringComparer.Ordinal);
        foreach (var alertCase in rules.SelectMany(AlertCase.Of))
        {
            var query = alertCase.Rule.Query;
            foreach (var selector in query.Divisors.Append(query.Selector))
            {
                var kept = alertCase.Window * (query.FromZero ? 2 : 1) + TimeSpan.FromMinutes(10);
                string[] suffixes = selector.Metric.Kind == MetricKind.Histogram ? ["_bucket", "_count"] : [""];
                foreach (var suffix in suffixes)
                {
                    var name = Name(selector, prefix) + suffix;
                    if (needs.GetValueOrDefault(name) < kept) needs[name] = kept;
                }
            }
        }
        return needs;
    }

    private static bool Holds(AlertRule rule, AlertCase alertCase, double value) =>
        (alertCase.Burn is null ? rule.Comparison : Comparison.Above).Holds(value, alertCase.Threshold);

    private static string Name(MetricSelector selector, string prefix) => (selector.Metric.IsOurs ? prefix : "") + selector.Metric.Name;

    private static Dictionary<string, Finding> ByKey(IEnumerable<Finding> findings) => findings.ToDictionary(f => f.Labels.Key, StringComparer.Ordinal);

    private IEnumerable<Finding> Value(AlertQuery query, TimeSpan window, long at)
    {
        if (query.Function == SeriesFunction.Quantile) return Quantiles(query, window, at);
        var measured = Term(query, query.Selector, window, at);
        if (query.Divisors.Count == 0) return measured;
        var whole = ByKey(Sum([.. query.Divisors.Select(d => Term(query, d, window, at))]).Where(f => f.Value > 0));
        return measured.Where(f => whole.ContainsKey(f.Labels.Key)).Select(f => f with { Value = f.Value / whole[f.Labels.Key].Value });
    }

    // a + b of PromQL: only what is in both.
    private static IEnumerable<Finding> Sum(IReadOnlyList<IEnumerable<Finding>> terms) => terms.Skip(1).Aggregate(terms[0], (sum, term) =>
    {
        var other = ByKey(term);
        return sum.Where(f => other.ContainsKey(f.Labels.Key)).Select(f => f with { Value = f.Value + other[f.Labels.Key].Value });
    });

    private IEnumerable<Finding> Term(AlertQuery query, MetricSelector selector, TimeSpan window, long at)
    {
        var series = store.Select(Name(selector, prefix), selector.Filters);
        if (selector.Metric.Kind == MetricKind.Counter)
            return Aggregate(query.Aggregation, query.By, query.FromZero ? FromZero(series, window, at) : Grown(series, window, at, query.Function == SeriesFunction.Rate));
        var values = Now(series, at);
        if (!query.Shared) return Aggregate(query.Aggregation, query.By, values);
        var labels = selector.Metric.Labels;
        return query.Aggregation == Aggregation.Max || labels.All(l => query.By.Contains(l, StringComparer.Ordinal))
            ? Aggregate(Aggregation.Max, query.By, values)
            : Aggregate(query.Aggregation, query.By, Aggregate(Aggregation.Max, labels, values));
    }

    private static IEnumerable<Finding> Now(IEnumerable<SampleSeries> series, long at)
    {
        foreach (var one in series)
            if (one.TryGetValue(at, out var value)) yield return new(one.Labels, value);
    }

    private static IEnumerable<Finding> Grown(IEnumerable<SampleSeries> series, TimeSpan window, long at, bool perSecond)
    {
        foreach (var one in series)
            if (one.Increase(at - (long)window.TotalMilliseconds, at) is { } grown) yield return new(one.Labels, perSecond ? grown / window.TotalSeconds : grown);
    }

    private static IEnumerable<Finding> FromZero(IEnumerable<SampleSeries> series, TimeSpan window, long at)
    {
        var length = (long)window.TotalMilliseconds;
        foreach (var one in series)
        {
            if (one.StartsHere && !one.HasAny(at - (2 * length), at - length) && one.TryGetValue(at, out var value)) yield return new(one.Labels, value);
            else if (one.Increase(at - length, at) is { } grown) yield return new(one.Labels, grown);
        }
    }

    private IEnumerable<Finding> Events(AlertQuery query, TimeSpan window, long at) =>
        query.Function == SeriesFunction.Quantile
            ? Aggregate(Aggregation.Sum, query.By, Grown(store.Select($"{Name(query.Selector, prefix)}_count", query.Selector.Filters), window, at, perSecond: false))
            : Sum([.. query.Divisors.Select(d => Aggregate(Aggregation.Sum, query.By, Grown(store.Select(Name(d, prefix), d.Filters), window, at, perSecond: false)))]);

    private IEnumerable<Finding> Quantiles(AlertQuery query, TimeSpan window, long at)
    {
        var rates = Grown(store.Select($"{Name(query.Selector, prefix)}_bucket", query.Selector.Filters), window, at, perSecond: true);
        foreach (var group in Aggregate(Aggregation.Sum, [.. query.By, "le"], rates).GroupBy(f => f.Labels.Without("le").Key, StringComparer.Ordinal))
        {
            List<HistogramQuantile.Bucket> buckets = [];
            foreach (var bucket in group)
                if (UpperBound(bucket.Labels["le"]) is { } bound) buckets.Add(new(bound, bucket.Value));
            yield return new(group.First().Labels.Without("le"), HistogramQuantile.Of(query.Quantile, buckets));
        }
    }

    private static double? UpperBound(string le) =>
        le == "+Inf" ? double.PositiveInfinity : double.TryParse(le, NumberStyles.Float, CultureInfo.InvariantCulture, out var bound) ? bound : null;

    private static IEnumerable<Finding> Aggregate(Aggregation aggregation, IReadOnlyList<string> by, IEnumerable<Finding> values) =>
        values.Select(v => (Labels: v.Labels.Keep(by), v.Value)).GroupBy(v => v.Labels.Key, StringComparer.Ordinal).Select(g => new Finding(g.First().Labels, aggregation switch
        {
            Aggregation.Max => g.Max(v => v.Value),
            Aggregation.Min => g.Min(v => v.Value),
            Aggregation.Avg => g.Average(v => v.Value),
            _ => g.Sum(v => v.Value),
        }));

    // absent() for each value that the filters name.
    private IEnumerable<Finding> Missing(MetricSelector selector, long at)
    {
        foreach (var one in PrometheusExpression.Each(selector))
        {
            if (Now(store.Select(Name(one, prefix), one.Filters), at).Any()) continue;
            yield return new(new(one.Filters.Where(f => f is { Excludes: false, Values.Count: 1 } && !f.Values[0].Contains('*', StringComparison.Ordinal))
                .Select(f => KeyValuePair.Create(f.Label, f.Values[0]))), 1);
        }
    }
}
