using System.Globalization;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using OsMEN.Gateway.Alerts.Measuring;
using OsMEN.Tests.Monitoring;

namespace OsMEN.Tests.Alerts;

/// <summary>A series with its values, one each interval from time 0; null where there is none.</summary>
internal sealed record PromtoolSeries(string Text, string Values, string Metric, LabelSet Labels, IReadOnlyList<double?> Samples);

/// <summary>One test of a file: its series, and which alerts fire when.</summary>
internal sealed record PromtoolTest(string Name, TimeSpan Interval, IReadOnlyList<PromtoolSeries> Series, IReadOnlyList<(TimeSpan At, string Alert, IReadOnlyList<string> Expected)> Expectations);

/// <summary>A file for <c>promtool test rules</c>, read so that another engine can be given the same.</summary>
internal sealed partial record PromtoolFile(TimeSpan EvaluationInterval, IReadOnlyList<PromtoolTest> Tests)
{
    public static PromtoolFile Read(string path)
    {
        var root = MonitoringFiles.Yaml(path);
        return new(
            Duration(root["evaluation_interval"]),
            [.. root["tests"]!.AsArray().Select(t => new PromtoolTest(
                t!["name"]!.GetValue<string>(),
                Duration(t["interval"]),
                [.. (t["input_series"]?.AsArray() ?? []).Select(s => ReadSeries(s!["series"]!.GetValue<string>(), s["values"]!.ToString()))],
                [.. t["alert_rule_test"]!.AsArray().Select(e => (Duration(e!["eval_time"]), e["alertname"]!.GetValue<string>(), Expected(e["exp_alerts"])))]))]);
    }

    /// <summary>An alert as a line: labels without the name, and texts.</summary>
    public static string Line(IEnumerable<KeyValuePair<string, string>> labels, string summary, string description, string runbook) =>
        $"{string.Join(", ", labels.Where(l => l.Key != "alertname").OrderBy(l => l.Key, StringComparer.Ordinal).Select(l => $"{l.Key}={l.Value}"))} | {summary} | {description} | {runbook}";

    private static IReadOnlyList<string> Expected(JsonNode? alerts) =>
        [.. (alerts?.AsArray() ?? []).Select(a => Line(
            (a!["exp_labels"]?.AsObject() ?? []).Select(l => KeyValuePair.Create(l.Key, l.Value!.ToString())),
            a["exp_annotations"]!["summary"]!.ToString(), a["exp_annotations"]!["description"]!.ToString(), a["exp_annotations"]!["runbook_url"]!.ToString())).Order(StringComparer.Ordinal)];

    private static PromtoolSeries ReadSeries(string text, string values)
    {
        var (metric, labels, _) = ExpositionReader.Read($"{text.Replace(", ", ",", StringComparison.Ordinal)} 0", _ => true).Single();
        return new(text, values, metric, labels, [.. values.Split(' ', StringSplitOptions.RemoveEmptyEntries).SelectMany(Expand)]);
    }

    // "a+bxn" is n+1 values, "axn" too, "_xn" is n times nothing.
    private static IEnumerable<double?> Expand(string item)
    {
        if (item == "stale") return [Sample.Stale];
        var match = Item().Match(item);
        Assert.True(match.Success, item);
        var times = match.Groups["times"] is { Success: true, Value: var n } ? int.Parse(n, CultureInfo.InvariantCulture) : (int?)null;
        if (match.Groups["start"].Value == "_") return Enumerable.Repeat<double?>(null, times ?? 1);
        var (start, step) = (Number(match.Groups["start"].Value), match.Groups["step"] is { Success: true, Value: var s } ? Number(s) : 0);
        var values = new double?[(times ?? 0) + 1];
        for (var i = 0; i < values.Length; i++) values[i] = i == 0 ? start : values[i - 1] + step;
        return values;
    }

    private static double Number(string text) => text is "inf" or "Inf" or "+Inf" ? double.PositiveInfinity : double.Parse(text, CultureInfo.InvariantCulture);

    // "1h30m", which the catalogue's durations have not.
    private static TimeSpan Duration(JsonNode? node) => Unit().Matches(node?.ToString() ?? "1m").Aggregate(TimeSpan.Zero, (sum, m) =>
        sum + (int.Parse(m.Groups["n"].Value, CultureInfo.InvariantCulture) * (m.Groups["unit"].Value switch { "d" => TimeSpan.FromDays(1), "h" => TimeSpan.FromHours(1), "m" => TimeSpan.FromMinutes(1), _ => TimeSpan.FromSeconds(1) })));

    [GeneratedRegex(@"^(?<start>_|-?[0-9.e]+|[+-]?[iI]nf)(?<step>[+-][0-9.e]+)?(x(?<times>\d+))?$", RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Item();

    [GeneratedRegex("(?<n>[0-9]+)(?<unit>d|h|m|s)", RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Unit();
}
