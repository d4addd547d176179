using System.Text.Json;
using System.Text.Json.Nodes;
using OsMEN.Executions.Catalog;
using OsMEN.Gateway.Alerts.Rules;
using OsMEN.Gateway.Alerts.State;

namespace OsMEN.Gateway.Alerts.Notices;

/// <summary>Reads <c>inhibitions</c> of <c>monitoring/alerts.yaml</c>. They are written into a committed file, so variables of the environment are not replaced.</summary>
internal static class InhibitionReader
{
    private const int Most = 200;

    public static List<Inhibition> Read(JsonNode? node, List<FieldError> errors)
    {
        if (node is null) return [];
        if (node is not JsonArray list || list.Count > Most)
        {
            errors.Add(new("inhibitions", $"must be a list of at most {Most}"));
            return [];
        }
        using var json = JsonDocument.Parse(list.ToJsonString());
        return [.. json.RootElement.EnumerateArray().Select((e, i) => Read(e, $"inhibitions[{i}].", errors))];
    }

    private static Inhibition Read(JsonElement element, string prefix, List<FieldError> errors)
    {
        var fields = new JsonFields(element, prefix, errors);
        var read = new Inhibition(
            Silence.ReadMatchers(fields.Take("source"), $"{prefix}source", errors), Silence.ReadMatchers(fields.Take("target"), $"{prefix}target", errors), fields.Texts("equal"));
        fields.RefuseOthers();
        foreach (var (side, matchers) in new[] { ("source", read.Source), ("target", read.Target) })
            foreach (var matcher in matchers.Where(m => !PrometheusNames.IsLabel(m.Label))) errors.Add(new($"{prefix}{side}", $"has {matcher.Label}, which is no label's name"));
        foreach (var label in read.Equal.Where(l => !PrometheusNames.IsLabel(l))) errors.Add(new($"{prefix}equal", $"has {label}, which is no label's name"));
        return read;
    }
}
