using System.Text.Json;
using OsMEN.Executions.Catalog;

namespace OsMEN.Gateway.Alerts.Rules;

/// <summary>Reads one rule, noting everything that is wrong with it.</summary>
internal sealed class AlertRuleReader(KnownMetrics metrics, string runbook, List<FieldError> errors)
{
    private static readonly string[] Placeholders = ["value", "threshold", "for", "window", "objective", "factor"];

    /// <summary>The rule, or null where something that everything else needs is missing. Errors are noted either way.</summary>
    public AlertRule? Read(JsonElement element, string prefix)
    {
        var fields = new JsonFields(element, prefix, errors);
        var name = fields.Text("name");
        if (name is null || name.Length > 100 || !PrometheusNames.IsLabel(name)) Refuse("name", "must be letters, digits and _, not a digit first, such as HighErrorRate");
        var summary = Required("summary");
        var description = Required("description");
        var section = fields.Text("runbook") ?? name?.ToLowerInvariant();
        var unit = fields.Choice("unit", AlertUnit.Number);
        var burning = fields.Take("burn_rates");
        var query = new AlertQueryReader(metrics, errors).Read(fields, prefix, isBurnRate: burning.ValueKind != JsonValueKind.Undefined);
        var comparison = ReadComparison();
        var levels = ReadLevels();
        var objective = fields.Number("objective");
        var burnRates = ReadBurnRates(burning);
        var @for = fields.Duration("for") ?? TimeSpan.Zero;
        var noData = fields.Choice("no_data", NoData.Ok);
        var enabled = fields.Flag("enabled") ?? true;
        fields.RefuseOthers();
        if (name is null || query is null) return null;

        CheckBurnRates();
        foreach (var (field, text) in (ReadOnlySpan<(string, string)>)[("summary", summary), ("description", description)])
            foreach (var placeholder in AlertText.Placeholder().Matches(text).Select(m => m.Groups["name"].Value))
                if (!Placeholders.Contains(placeholder, StringComparer.Ordinal) && !query.By.Contains(placeholder, StringComparer.Ordinal))
                    Refuse(field, $"has {{{placeholder}}}, but there are: {string.Join(", ", Placeholders.Concat(query.By))}");
        if (noData == NoData.Firing && query.Divisors.Count > 0) Refuse("no_data", "can be firing for a metric alone, not for a share");
        return new()
        {
            Name = name,
            Summary = summary,
            Description = description,
            Runbook = $"{runbook}#{section}",
            Query = query,
            Unit = unit,
            Comparison = comparison,
            Levels = [.. levels.OrderByDescending(l => l.Severity)],
            Objective = objective,
            BurnRates = burnRates,
            For = @for,
            NoData = noData,
            Enabled = enabled,
        };

        string Required(string field)
        {
            var text = fields.Text(field) ?? "";
            if (text.Length is 0 or > 1000) Refuse(field, "must be a text of 1 to 1000 characters");
            return text;
        }

        Comparison ReadComparison()
        {
            if (fields.Text("comparison") is not { } sign) return Comparison.Above;
            if (!ComparisonSign.TryParse(sign, out var read)) Refuse("comparison", $"must be one of: {string.Join(", ", ComparisonSign.All)}");
            return read;
        }

        List<AlertLevel> ReadLevels()
        {
            var severity = fields.Take("severity");
            var threshold = fields.Number("threshold");
            var instead = fields.Take("levels");
            if (instead.ValueKind != JsonValueKind.Undefined)
            {
                if (severity.ValueKind != JsonValueKind.Undefined || threshold is not null) Refuse("levels", "stand instead of severity and threshold");
                var each = new JsonFields(instead, $"{prefix}levels.", errors);
                List<AlertLevel> read = [];
                foreach (var level in Enum.GetValues<AlertSeverity>())
                    if (each.Number(JsonFields.WireName(level)) is { } number) read.Add(new(level, number));
                each.RefuseOthers();
                return read;
            }
            if (severity.ValueKind == JsonValueKind.Undefined && threshold is null) return [];
            if (threshold is null) Refuse("threshold", "is missing");
            if (severity.ValueKind == JsonValueKind.Undefined) Refuse("severity", "is missing");
            return [new(Severity(severity, "severity"), threshold ?? 0)];
        }

        List<BurnRate> ReadBurnRates(JsonElement list)
        {
            if (list.ValueKind == JsonValueKind.Undefined) return [];
            if (list.ValueKind != JsonValueKind.Array || list.GetArrayLength() is 0 or > 10)
            {
                Refuse("burn_rates", "must be a list of 1 to 10");
                return [];
            }
            return [.. list.EnumerateArray().Select((item, i) => ReadBurnRate(item, $"burn_rates[{i}]"))];
        }

        BurnRate ReadBurnRate(JsonElement item, string field)
        {
            var each = new JsonFields(item, $"{prefix}{field}.", errors);
            var factor = each.Number("factor") ?? 0;
            var (longWindow, shortWindow) = (each.Duration("long") ?? TimeSpan.Zero, each.Duration("short") ?? TimeSpan.Zero);
            var severity = Severity(each.Take("severity"), $"{field}.severity");
            each.RefuseOthers();
            if (factor <= 0) Refuse($"{field}.factor", "must be a number over 0");
            if (shortWindow <= TimeSpan.Zero || shortWindow >= longWindow) Refuse($"{field}.short", "must be a duration shorter than long");
            return new(factor, longWindow, shortWindow, severity);
        }

        void CheckBurnRates()
        {
            if (burnRates.Count == 0)
            {
                if (levels.Count == 0) Refuse("severity", "is missing: a rule has severity and threshold, or levels, or burn_rates");
                if (objective is not null) Refuse("objective", "needs burn_rates");
                return;
            }
            if (levels.Count > 0) Refuse("burn_rates", "stand instead of severity, threshold and levels");
            if (objective is not (> 0 and < 1)) Refuse("objective", "must be the share of good events that is promised, such as 0.999");
            if (query.Divisors.Count == 0) Refuse("burn_rates", "need a share: metric counts bad events, divide_by all of them");
        }

        AlertSeverity Severity(JsonElement value, string field)
        {
            if (value.ValueKind == JsonValueKind.String)
                foreach (var severity in Enum.GetValues<AlertSeverity>())
                    if (value.ValueEquals(JsonFields.WireName(severity))) return severity;
            if (value.ValueKind != JsonValueKind.Undefined) Refuse(field, $"must be one of: {string.Join(", ", Enum.GetValues<AlertSeverity>().Select(JsonFields.WireName))}");
            else if (field != "severity") Refuse(field, "is missing");
            return AlertSeverity.Warning;
        }

        void Refuse(string field, string message) => errors.Add(new(prefix + field, message));
    }
}
