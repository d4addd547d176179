using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using OsMEN.Executions.Catalog;
using OsMEN.ServiceDefaults.Metrics;
using YamlDotNet.Core;

namespace OsMEN.Gateway.Alerts.Rules;

/// <summary>Reads <c>monitoring/alerts.yaml</c>.</summary>
internal static class AlertYaml
{
    private const int MaxBytes = 1024 * 1024;
    private const int MaxRules = 1000;

    /// <summary>The file's rules, or what is wrong with it. Variables in rules are replaced from <paramref name="variable"/>.</summary>
    public static AlertFile ReadFile(string path, Func<string, string?> variable)
    {
        try
        {
            if (new FileInfo(path).Length > MaxBytes) return Refused(new CatalogProblem(path, 0, $"is over {MaxBytes / 1024} KB"));
            return Read(path, new UTF8Encoding(false, throwOnInvalidBytes: true).GetString(File.ReadAllBytes(path)), variable);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or DecoderFallbackException)
        {
            return Refused(new CatalogProblem(path, 0, e is DecoderFallbackException ? "is not UTF-8 text" : $"cannot be read: {e.Message}"));
        }
    }

    /// <summary>As <see cref="ReadFile"/>, of a text; <paramref name="path"/> is for problems.</summary>
    public static AlertFile Read(string path, string text, Func<string, string?> variable)
    {
        try
        {
            var (root, lines) = YamlJson.Read(text.TrimStart('\uFEFF'));
            List<FieldError> errors = [];
            if (root is JsonObject map && map["rules"] is { } rules) map["rules"] = EnvironmentText.Replace(rules.DeepClone(), "rules", variable, errors);
            using var json = JsonDocument.Parse(root?.ToJsonString() ?? "null");
            var read = Document(json.RootElement, errors);
            return read with { Problems = [.. errors.Select(e => new CatalogProblem(path, YamlJson.LineOf(e.Field, lines), $"{e.Field} {e.Message}".TrimStart()))] };
        }
        catch (YamlException e)
        {
            return Refused(YamlJson.ProblemOf(path, e));
        }
    }

    private static AlertFile Refused(CatalogProblem problem) => new([], [problem]);

    private static AlertFile Document(JsonElement root, List<FieldError> errors)
    {
        var fields = new JsonFields(root, "", errors);
        var runbook = fields.Text("runbook") ?? "docs/operations.md";
        var metrics = new KnownMetrics();
        Outside(fields.Take("outside_metrics"), metrics, errors);
        var rules = fields.Take("rules");

        // Where alerts are sent is read by Notices/RoutingYaml; the rules do not depend on it.
        fields.Take("channels");
        fields.Take("routes");
        fields.Take("inhibitions");
        fields.RefuseOthers();
        if (rules.ValueKind != JsonValueKind.Array || rules.GetArrayLength() is 0 or > MaxRules)
        {
            errors.Add(new("rules", $"must be a list of 1 to {MaxRules} rules"));
            return new([], []);
        }
        var reader = new AlertRuleReader(metrics, runbook, errors);
        List<AlertRule> read = [];
        Dictionary<string, string> definitions = new(StringComparer.Ordinal);
        foreach (var (i, element) in rules.EnumerateArray().Index())
        {
            if (reader.Read(element, $"rules[{i}].") is not { } rule) continue;
            if (!definitions.TryAdd(rule.Name, element.GetRawText())) errors.Add(new($"rules[{i}].name", $"{rule.Name} is another rule's name already"));
            read.Add(rule);
        }
        return new(read, []) { Definitions = definitions, Metrics = metrics, Runbook = runbook };
    }

    // name: {kind: gauge, labels: [a, b]}
    private static void Outside(JsonElement element, KnownMetrics metrics, List<FieldError> errors)
    {
        if (element.ValueKind == JsonValueKind.Undefined) return;
        if (element.ValueKind != JsonValueKind.Object)
        {
            errors.Add(new("outside_metrics", "must be an object with named fields"));
            return;
        }
        foreach (var property in element.EnumerateObject())
        {
            var field = $"outside_metrics.{property.Name}";
            var fields = new JsonFields(property.Value, $"{field}.", errors);
            var metric = new KnownMetric(property.Name, fields.Choice("kind", MetricKind.Gauge), fields.Texts("labels"), IsOurs: false);
            fields.RefuseOthers();
            if (!PrometheusNames.IsMetric(property.Name)) errors.Add(new(field, "is no metric's name"));
            else if (!metrics.TryAdd(metric)) errors.Add(new(field, "is a metric of ours"));
        }
    }
}
