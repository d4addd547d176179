using System.Text.Json;
using OsMEN.Executions.Catalog;
using OsMEN.ServiceDefaults.Metrics;

namespace OsMEN.Gateway.Alerts.Rules;

/// <summary>Reads what a rule measures.</summary>
internal sealed class AlertQueryReader(KnownMetrics metrics, List<FieldError> errors)
{
    /// <summary>The query, or null where its metric is not known. Errors are noted either way.</summary>
    /// <param name="fields">The rule's; the query's are taken from it.</param>
    /// <param name="prefix">The rule's field.</param>
    /// <param name="isBurnRate">Whether the windows stand elsewhere.</param>
    public AlertQuery? Read(JsonFields fields, string prefix, bool isBurnRate)
    {
        var selector = Selector(fields, prefix);
        var hasFunction = fields.Text("function");
        var quantile = fields.Number("quantile");
        var window = fields.Duration("window");
        var aggregation = fields.Choice("aggregation", Aggregation.Sum);
        var by = fields.Texts("by");
        var divisors = Divisors(fields.Take("divide_by"), prefix);
        var minEvents = fields.Number("min_events") ?? 0;
        var fromZero = fields.Flag("from_zero") ?? false;
        var shared = fields.Flag("shared") ?? false;
        if (selector is null) return null;

        var function = Function();
        CheckWindow();
        foreach (var (i, label) in by.Index())
            foreach (var metric in divisors.Append(selector).Select(s => s.Metric).Where(m => !m.HasLabel(label)))
                Refuse($"by[{i}]", $"{metric.Name} has no label {label}; it has: {LabelsOf(metric)}");
        if (by.Distinct(StringComparer.Ordinal).Count() != by.Count) Refuse("by", "has a label twice");
        if (function == SeriesFunction.Quantile && quantile is not (> 0 and < 1)) Refuse("quantile", "must be a number between 0 and 1, such as 0.95");
        if (function != SeriesFunction.Quantile && quantile is not null) Refuse("quantile", "needs function: quantile");
        if (function == SeriesFunction.Value && divisors.Any(d => d.Metric.Kind != MetricKind.Gauge)) Refuse("divide_by", "must be a gauge, as what it divides is");
        if (function == SeriesFunction.Quantile && divisors.Count > 0) Refuse("divide_by", "cannot stand beside function: quantile");
        if (minEvents < 0) Refuse("min_events", "must not be negative");
        if (minEvents > 0 && function != SeriesFunction.Quantile && (divisors.Count == 0 || divisors.Any(d => d.Metric.Kind == MetricKind.Gauge)))
            Refuse("min_events", "needs a quantile, or a share of counted events");
        if (fromZero && function != SeriesFunction.Increase) Refuse("from_zero", "needs function: increase");
        if (shared && function != SeriesFunction.Value) Refuse("shared", "needs function: value");
        return new()
        {
            Selector = selector,
            Function = function,
            Quantile = quantile ?? 0,
            Window = window ?? TimeSpan.Zero,
            Aggregation = aggregation,
            By = by,
            Divisors = divisors,
            MinEvents = minEvents,
            FromZero = fromZero,
            Shared = shared,
        };

        SeriesFunction Function()
        {
            SeriesFunction[] allowed = selector.Metric.Kind switch
            {
                MetricKind.Counter => [SeriesFunction.Rate, SeriesFunction.Increase],
                MetricKind.Gauge => [SeriesFunction.Value],
                _ => [SeriesFunction.Quantile],
            };
            foreach (var known in allowed)
                if (JsonFields.WireName(known) == (hasFunction ?? JsonFields.WireName(SeriesFunction.Value))) return known;
            var kind = JsonFields.WireName(selector.Metric.Kind);
            Refuse("function", $"must be one of: {string.Join(", ", allowed.Select(JsonFields.WireName))}, since {selector.Metric.Name} is a {kind}");
            return allowed[0];
        }

        void CheckWindow()
        {
            if (isBurnRate && window is not null) Refuse("window", "is given by each burn rate");
            else if (function == SeriesFunction.Value && window is not null) Refuse("window", "is for counters and histograms; a gauge's value is the one now");
            else if (!isBurnRate && function != SeriesFunction.Value && window is null) Refuse("window", "is missing");
            else if (window < TimeSpan.FromMinutes(1)) Refuse("window", "must be at least 1m, four scrapes");
        }

        void Refuse(string field, string message) => errors.Add(new(prefix + field, message));
    }

    private MetricSelector? Selector(JsonFields fields, string prefix)
    {
        var name = fields.Text("metric");
        var (where, whereNot) = (fields.Take("where"), fields.Take("where_not"));
        if (name is null || metrics.Find(name) is not { } metric)
        {
            errors.Add(new($"{prefix}metric", name is null ? "is missing" : $"{name} is no metric of the catalogue (docs/metrics.md, without prefix) nor one of outside_metrics"));
            return null;
        }
        return new(metric, [.. Filters(where, metric, $"{prefix}where", false), .. Filters(whereNot, metric, $"{prefix}where_not", true)]);
    }

    // One selector, or a list of those that count together.
    private List<MetricSelector> Divisors(JsonElement element, string prefix)
    {
        List<MetricSelector> read = [];
        if (element.ValueKind == JsonValueKind.Undefined) return read;
        (JsonElement Element, string Field)[] each = element.ValueKind == JsonValueKind.Array
            ? [.. element.EnumerateArray().Take(10).Select((item, i) => (item, $"{prefix}divide_by[{i}]"))]
            : [(element, $"{prefix}divide_by")];
        foreach (var (item, field) in each)
        {
            var fields = new JsonFields(item, $"{field}.", errors);
            if (Selector(fields, $"{field}.") is not { } selector) continue;
            fields.RefuseOthers();
            if (selector.Metric.Kind == MetricKind.Histogram) errors.Add(new($"{field}.metric", "must be a counter or a gauge"));
            read.Add(selector);
        }
        return read;
    }

    // label: value, or label: [value, value]
    private List<LabelFilter> Filters(JsonElement element, KnownMetric metric, string field, bool excludes)
    {
        List<LabelFilter> read = [];
        if (element.ValueKind == JsonValueKind.Undefined) return read;
        if (element.ValueKind != JsonValueKind.Object || !JsonFields.IsUnicode(element))
        {
            errors.Add(new(field, "must be an object with named fields, of valid Unicode"));
            return read;
        }
        foreach (var property in element.EnumerateObject())
        {
            var name = $"{field}.{property.Name}";
            IEnumerable<JsonElement> values = property.Value.ValueKind == JsonValueKind.Array ? property.Value.EnumerateArray() : [property.Value];
            string[] texts = [.. values.Select(ValueOf).OfType<string>()];
            if (!metric.HasLabel(property.Name)) errors.Add(new(name, $"{metric.Name} has no such label; it has: {LabelsOf(metric)}"));
            else if (texts.Length == 0 || texts.Length != values.Count()) errors.Add(new(name, "must be a text or a list of texts"));
            else read.Add(new(property.Name, texts, excludes));
        }
        return read;

        // 404 without quotes is a number in YAML, and a status code here.
        static string? ValueOf(JsonElement value) => value.ValueKind switch
        {
            JsonValueKind.String => value.GetString(),
            JsonValueKind.Number => value.GetRawText(),
            _ => null,
        };
    }

    private static string LabelsOf(KnownMetric metric) => string.Join(", ", metric.Labels.Concat(KnownMetric.OriginLabels));
}
