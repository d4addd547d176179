using System.Text.Json.Nodes;

namespace OsMEN.Gateway.Grafana;

/// <summary>What a reader chooses at the top of a board. Each may hold several values, and holds all at first.</summary>
internal static class BoardVariables
{
    // By name: what it is called, and where its values come from.
    private static readonly Dictionary<string, (string Label, string Query)> Known = new(StringComparer.Ordinal)
    {
        ["job"] = ("Service", "label_values(osmen_build_info, job)"),
        ["instance"] = ("Replica", "label_values(osmen_build_info{job=~\"$job\"}, instance)"),
        ["agent"] = ("Agent", "label_values(osmen_agent_executions_total, agent_id)"),
        ["platform"] = ("Platform", "label_values(osmen_llm_requests_total, platform)"),
        ["model"] = ("Model", "label_values(osmen_llm_requests_total{platform=~\"$platform\"}, model)"),
    };

    // Typed in, empty at first.
    private static readonly Dictionary<string, string> Typed = new(StringComparer.Ordinal) { ["execution"] = "Execution id", ["text"] = "Text" };

    /// <exception cref="FormatException">There is no such variable.</exception>
    public static JsonArray Write(IEnumerable<string> names)
    {
        var list = new JsonArray(new JsonObject
        {
            ["name"] = "datasource",
            ["label"] = "Metrics",
            ["type"] = "datasource",
            ["query"] = "prometheus",
            ["current"] = new JsonObject { ["text"] = "Prometheus", ["value"] = "prometheus" },
            ["hide"] = 0,
        });
        foreach (var name in names)
        {
            if (Typed.TryGetValue(name, out var label))
            {
                list.Add((JsonNode)new JsonObject { ["name"] = name, ["label"] = label, ["type"] = "textbox", ["query"] = "", ["current"] = new JsonObject { ["text"] = "", ["value"] = "" }, ["hide"] = 0 });
                continue;
            }
            if (!Known.TryGetValue(name, out var variable)) throw new FormatException($"there is no variable {name}; there are {string.Join(", ", Known.Keys.Concat(Typed.Keys))}");
            list.Add((JsonNode)new JsonObject
            {
                ["name"] = name,
                ["label"] = variable.Label,
                ["type"] = "query",
                ["datasource"] = Datasources.Reference("prometheus"),
                ["query"] = new JsonObject { ["query"] = variable.Query, ["refId"] = name },
                ["definition"] = variable.Query,
                ["refresh"] = 2,
                ["sort"] = 1,
                ["multi"] = true,
                ["includeAll"] = true,
                ["allValue"] = ".*",
                ["current"] = new JsonObject { ["text"] = "All", ["value"] = "$__all" },
                ["hide"] = 0,
            });
        }
        return list;
    }
}
