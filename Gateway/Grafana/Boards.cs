using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace OsMEN.Gateway.Grafana;

/// <summary>Grafana's boards, from their sources.</summary>
internal static class Boards
{
    public const string Sources = "monitoring/grafana/boards";

    // What a file of Grafana's own looks like; > and " of a query stay readable.
    private static readonly JsonSerializerOptions Readable = new() { WriteIndented = true, NewLine = "\n", Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>Every board of the solution in <paramref name="root"/>: the path of Grafana's file, and its text.</summary>
    /// <exception cref="FormatException">A source is wrong.</exception>
    public static IEnumerable<(string Path, string Text)> All(string root)
    {
        foreach (var source in Directory.EnumerateFiles(Path.Combine(root, Sources), "*.yaml").Order(StringComparer.Ordinal))
        {
            var name = Path.GetFileNameWithoutExtension(source);
            yield return ($"monitoring/grafana/dashboards/{name}.json", Write(name, $"{Sources}/{name}.yaml", File.ReadAllText(source)));
        }
    }

    private static string Write(string name, string path, string text)
    {
        var board = BoardSource.Read(path, text);
        try
        {
            return Json(name, board).ToJsonString(Readable) + "\n";
        }
        catch (FormatException e)
        {
            throw new FormatException($"{path}: {e.Message}", e);
        }
    }

    private static JsonObject Json(string name, BoardSource board) => new()
    {
        ["uid"] = Uid(name),
        ["title"] = $"OsMEN: {board.Title}",
        ["description"] = board.Description,
        ["tags"] = new JsonArray("osmen"),
        ["timezone"] = "browser",
        ["schemaVersion"] = 41,
        ["version"] = 1,
        ["editable"] = false,
        ["graphTooltip"] = 1,
        ["refresh"] = "30s",
        ["time"] = new JsonObject { ["from"] = "now-1h", ["to"] = "now" },
        ["links"] = new JsonArray(new JsonObject
        {
            ["type"] = "dashboards",
            ["title"] = "Boards",
            ["tags"] = new JsonArray("osmen"),
            ["asDropdown"] = true,
            ["includeVars"] = true,
            ["keepTime"] = true,
        }),
        ["templating"] = new JsonObject { ["list"] = BoardVariables.Write(board.Variables) },
        ["annotations"] = new JsonObject { ["list"] = new JsonArray(Alerts()) },
        ["panels"] = Panels(board.Rows),
    };

    public static string Uid(string name) => $"osmen-{name}";

    // Alerts that fire, as marks in every graph.
    private static JsonObject Alerts() => new()
    {
        ["name"] = "Alerts",
        ["datasource"] = Datasources.Reference("prometheus"),
        ["enable"] = true,
        ["hide"] = false,
        ["iconColor"] = "red",
        ["expr"] = "ALERTS{alertstate=\"firing\"}",
        ["titleFormat"] = "{{alertname}}",
        ["textFormat"] = "{{severity}} {{component}}",
        ["step"] = "60s",
    };

    private static JsonArray Panels(RowSource[] rows)
    {
        const int columns = 24;
        var panels = new JsonArray();
        var (id, y) = (0, 0);
        foreach (var row in rows)
        {
            panels.Add((JsonNode)new JsonObject
            {
                ["id"] = ++id,
                ["type"] = "row",
                ["title"] = row.Title,
                ["collapsed"] = false,
                ["gridPos"] = PanelWriter.At(0, y, columns, 1),
                ["panels"] = new JsonArray(),
            });
            y++;
            var (x, line) = (0, 0);
            foreach (var panel in row.Panels)
            {
                var width = panel.Width ?? columns / Math.Min(row.Panels.Length, 4);
                if (x + width > columns) (x, y, line) = (0, y + line, 0);
                var height = panel.Height ?? (panel.Type is "stat" or "gauge" ? 4 : 8);
                panels.Add((JsonNode)PanelWriter.Write(++id, panel, PanelWriter.At(x, y, width, height)));
                x += width;
                line = Math.Max(line, height);
            }
            y += line;
        }
        return panels;
    }
}
