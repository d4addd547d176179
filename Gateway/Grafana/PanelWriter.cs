using System.Globalization;
using System.Text.Json.Nodes;

namespace OsMEN.Gateway.Grafana;

/// <summary>A panel in Grafana's JSON.</summary>
internal static class PanelWriter
{
    public static JsonObject At(int x, int y, int width, int height) => new() { ["x"] = x, ["y"] = y, ["w"] = width, ["h"] = height };

    /// <exception cref="FormatException">The panel's source is wrong.</exception>
    public static JsonObject Write(int id, PanelSource panel, JsonObject at) => new()
    {
        ["id"] = id,
        ["type"] = panel.Type,
        ["title"] = panel.Title,
        ["description"] = panel.Needs is { } exporter ? $"{panel.Description} Needs {exporter}." : panel.Description,
        ["datasource"] = Datasources.Reference(panel.Type == "alertlist" ? "grafana" : panel.Datasource),
        ["gridPos"] = at,
        ["fieldConfig"] = new JsonObject { ["defaults"] = Defaults(panel), ["overrides"] = Overrides(panel) },
        ["options"] = Options(panel),
        ["targets"] = Targets(panel),
    };

    private static JsonArray Targets(PanelSource panel)
    {
        QuerySource[] queries = panel.Query is { } one ? [new(one, panel.Legend)] : panel.Queries ?? [];
        if (queries.Length == 0 && panel.Type != "alertlist") throw new FormatException($"panel {panel.Title} has no query");
        var targets = new JsonArray();
        foreach (var (i, query) in queries.Index()) targets.Add((JsonNode)Target(panel, query, ((char)('A' + i)).ToString()));
        return targets;
    }

    private static JsonObject Target(PanelSource panel, QuerySource query, string id)
    {
        var target = new JsonObject { ["refId"] = id, ["datasource"] = Datasources.Reference(panel.Datasource) };
        if (panel.Datasource == "postgres")
        {
            target["rawQuery"] = true;
            target["rawSql"] = query.Expr;
            target["editorMode"] = "code";
            target["format"] = panel.Type == "timeseries" ? "time_series" : "table";
            return target;
        }

        target["expr"] = query.Expr;
        target["legendFormat"] = query.Legend ?? "";
        if (panel.Datasource == "loki")
        {
            target["queryType"] = "range";
            target["editorMode"] = "code";
            return target;
        }

        // A table or a share of a whole is of now; a line has a past.
        var instant = panel.Type is "table" or "piechart" or "bargauge";
        target["instant"] = instant;
        target["range"] = !instant;
        target["format"] = panel.Type switch { "table" => "table", "heatmap" => "heatmap", _ => "time_series" };
        if (panel.Exemplars) target["exemplar"] = true;
        return target;
    }

    private static JsonObject Defaults(PanelSource panel)
    {
        var defaults = new JsonObject { ["unit"] = panel.Unit };
        if (panel.Max is { } max) (defaults["min"], defaults["max"]) = (0, max);
        if (panel.Decimals is { } decimals) defaults["decimals"] = decimals;
        var steps = new JsonArray(new JsonObject { ["color"] = panel.Values is null ? "green" : "red", ["value"] = null });
        foreach (var (from, color) in panel.Thresholds ?? [])
            steps.Add((JsonNode)new JsonObject { ["color"] = color, ["value"] = double.Parse(from, CultureInfo.InvariantCulture) });
        defaults["thresholds"] = new JsonObject { ["mode"] = "absolute", ["steps"] = steps };
        if (panel.Type == "timeseries")
        {
            defaults["color"] = new JsonObject { ["mode"] = "palette-classic" };
            defaults["custom"] = new JsonObject
            {
                ["fillOpacity"] = panel.Stack ? 30 : 8,
                ["lineWidth"] = 1,
                ["showPoints"] = "never",
                ["stacking"] = new JsonObject { ["mode"] = panel.Stack ? "normal" : "none", ["group"] = "A" },
                ["thresholdsStyle"] = new JsonObject { ["mode"] = panel.Thresholds is not null ? "dashed" : "off" },
            };
        }
        if (panel.Values is { } names) defaults["mappings"] = Mappings(names);
        if (panel.Link is { } board)
        {
            defaults["links"] = new JsonArray(new JsonObject
            {
                ["title"] = $"Board {board}",
                ["url"] = $"/d/{Boards.Uid(board)}?${{__url_time_range}}&var-agent=${{__field.labels.agent_id:percentencode}}",
            });
        }
        return defaults;
    }

    // A table of a view has columns of several units; they have the same names everywhere.
    private static JsonArray Overrides(PanelSource panel)
    {
        var overrides = new JsonArray();
        if (panel is not { Type: "table", Datasource: "postgres" }) return overrides;
        foreach (var (columns, unit) in (ReadOnlySpan<(string, string)>)[("/_rate$/", "percentunit"), ("/_time$/", "s"), ("/_tokens$/", "short"), ("/_cost$/", "currencyUSD"), ("date", "time:YYYY-MM-DD")])
        {
            overrides.Add((JsonNode)new JsonObject
            {
                ["matcher"] = new JsonObject { ["id"] = columns.StartsWith('/') ? "byRegexp" : "byName", ["options"] = columns },
                ["properties"] = new JsonArray(new JsonObject { ["id"] = "unit", ["value"] = unit }),
            });
        }
        return overrides;
    }

    private static JsonArray Mappings(string names)
    {
        (string Text, string Color)[] values = names switch
        {
            "health" => [("unhealthy", "red"), ("degraded", "orange"), ("healthy", "green")],
            "up" => [("down", "red"), ("up", "green")],
            _ => throw new FormatException($"values holds {names}; allowed: health, up"),
        };
        var options = new JsonObject();
        foreach (var (i, value) in values.Index())
            options[i.ToString(CultureInfo.InvariantCulture)] = new JsonObject { ["text"] = value.Text, ["color"] = value.Color, ["index"] = i };
        return new(new JsonObject { ["type"] = "value", ["options"] = options });
    }

    private static JsonObject Options(PanelSource panel) => panel.Type switch
    {
        "stat" => new()
        {
            ["colorMode"] = panel.Values is null ? "value" : "background",
            ["graphMode"] = panel.Values is null && panel.Datasource == "prometheus" ? "area" : "none",
            ["justifyMode"] = "auto",
            ["textMode"] = "auto",
            ["reduceOptions"] = Last(),
        },
        "gauge" or "bargauge" => new() { ["reduceOptions"] = Last(), ["orientation"] = panel.Type == "bargauge" ? "horizontal" : "auto", ["displayMode"] = "basic" },
        "piechart" => new() { ["reduceOptions"] = Last(), ["pieType"] = "donut", ["legend"] = new JsonObject { ["displayMode"] = "table", ["placement"] = "right", ["values"] = new JsonArray("value", "percent") } },
        "timeseries" => new()
        {
            ["legend"] = new JsonObject { ["displayMode"] = "table", ["placement"] = "bottom", ["showLegend"] = true, ["calcs"] = new JsonArray("mean", "lastNotNull") },
            ["tooltip"] = new JsonObject { ["mode"] = "multi", ["sort"] = "desc" },
        },
        "table" => new() { ["showHeader"] = true, ["cellHeight"] = "sm" },
        "logs" => new() { ["showTime"] = true, ["wrapLogMessage"] = true, ["enableLogDetails"] = true, ["sortOrder"] = "Descending", ["dedupStrategy"] = "none" },
        "heatmap" => new() { ["calculate"] = false, ["yAxis"] = new JsonObject { ["unit"] = panel.Unit }, ["color"] = new JsonObject { ["scheme"] = "Oranges", ["mode"] = "scheme" } },
        "state-timeline" => new() { ["showValue"] = "auto", ["mergeValues"] = true, ["rowHeight"] = 0.8 },
        "alertlist" => new()
        {
            ["alertName"] = "",
            ["datasource"] = "Alertmanager",
            ["viewMode"] = "list",
            ["groupMode"] = "default",
            ["maxItems"] = 50,
            ["sortOrder"] = 3,
            ["stateFilter"] = new JsonObject { ["firing"] = true, ["pending"] = true, ["noData"] = false, ["normal"] = false, ["error"] = true },
        },
        _ => throw new FormatException($"panel {panel.Title} has the type {panel.Type}; allowed: stat, gauge, bargauge, piechart, timeseries, table, logs, heatmap, state-timeline, alertlist"),
    };

    private static JsonObject Last() => new() { ["calcs"] = new JsonArray("lastNotNull"), ["fields"] = "", ["values"] = false };
}
