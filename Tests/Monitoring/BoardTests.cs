using System.Text.Json.Nodes;

namespace OsMEN.Tests.Monitoring;

/// <summary>Grafana's boards are whole: what they are made of, where they lie, and what they ask.</summary>
public sealed class BoardTests
{
    private static readonly string[] Names =
        ["agent-executions", "agent-performance", "alerts", "api-performance", "costs", "database", "logs", "overview", "storage", "system-health"];

    public static TheoryData<string> Boards => [.. Names];

    [Fact]
    public void There_are_ten_boards() => Assert.Equal(Names, MonitoringFiles.Boards.Keys.Order(StringComparer.Ordinal));

    [Theory]
    [MemberData(nameof(Boards))]
    public void A_board_has_its_own_uid_variables_that_it_uses_and_links(string name)
    {
        var board = MonitoringFiles.Boards[name];
        Assert.Equal($"osmen-{name}", board["uid"]!.GetValue<string>());
        Assert.True(board["schemaVersion"]!.GetValue<int>() >= 39);
        var variables = board["templating"]!["list"]!.AsArray().Select(v => v!["name"]!.GetValue<string>()).ToArray();
        Assert.Equal("datasource", variables[0]);
        var used = board.ToJsonString();
        Assert.All(variables, v => Assert.True(used.Contains($"${v}", StringComparison.Ordinal) || used.Contains($"${{{v}}}", StringComparison.Ordinal), v));
        Assert.Equal("osmen", board["links"]![0]!["tags"]![0]!.GetValue<string>());
    }

    [Theory]
    [MemberData(nameof(Boards))]
    public void Panels_have_ids_of_their_own_and_do_not_overlap(string name)
    {
        var panels = MonitoringFiles.Panels(MonitoringFiles.Boards[name]).ToArray();
        var ids = panels.Select(p => p["id"]!.GetValue<int>()).ToArray();
        Assert.Equal(ids.Distinct(), ids);
        var titles = panels.Where(p => Type(p) != "row").Select(p => p["title"]!.GetValue<string>()).ToArray();
        Assert.Equal(titles.Distinct(StringComparer.Ordinal), titles);
        var taken = new HashSet<(int, int)>();
        foreach (var panel in panels)
        {
            var (x, y, w, h) = (At(panel, "x"), At(panel, "y"), At(panel, "w"), At(panel, "h"));
            Assert.True(x >= 0 && w > 0 && h > 0 && x + w <= 24, Title(panel));
            for (var i = x; i < x + w; i++)
            {
                for (var j = y; j < y + h; j++) Assert.True(taken.Add((i, j)), $"{Title(panel)} lies on another panel");
            }
        }
    }

    [Theory]
    [MemberData(nameof(Boards))]
    public void Every_panel_has_a_unit_a_description_queries_and_a_datasource_that_is_provisioned(string name)
    {
        string[] provisioned = ["${datasource}", "-- Grafana --", .. Provisioned()];
        foreach (var panel in MonitoringFiles.Panels(MonitoringFiles.Boards[name]).Where(p => Type(p) != "row"))
        {
            Assert.True(panel["fieldConfig"]!["defaults"]!["unit"]!.GetValue<string>().Length > 0, Title(panel));
            Assert.True(panel["description"]!.GetValue<string>().EndsWith('.'), Title(panel));
            Assert.Contains(panel["datasource"]!["uid"]!.GetValue<string>(), provisioned);
            Assert.True(panel["targets"]!.AsArray().Count > 0 || Type(panel) == "alertlist", Title(panel));
            Assert.All(panel["targets"]!.AsArray(), t => Assert.Contains(t!["datasource"]!["uid"]!.GetValue<string>(), provisioned));
        }
    }

    [Theory]
    [MemberData(nameof(Boards))]
    public void A_click_on_a_value_leads_to_a_board_that_there_is(string name)
    {
        var links = MonitoringFiles.Panels(MonitoringFiles.Boards[name]).SelectMany(p => p["fieldConfig"]?["defaults"]?["links"]?.AsArray() ?? []).Select(l => l!["url"]!.GetValue<string>());
        Assert.All(links, l => Assert.Contains(l.Split('/', '?')[2], Names.Select(n => $"osmen-{n}")));
    }

    [Fact]
    public void An_exemplar_leads_to_its_trace_and_its_logs_and_a_log_line_to_its_trace()
    {
        var sources = MonitoringFiles.Yaml("monitoring/grafana/provisioning/datasources/osmen.yaml")["datasources"]!.AsArray()
            .ToDictionary(d => d!["uid"]!.GetValue<string>(), d => d!["jsonData"]!, StringComparer.Ordinal);
        Assert.Equal(["alertmanager", "jaeger", "loki", "postgres", "prometheus"], sources.Keys.Order(StringComparer.Ordinal));
        var exemplars = sources["prometheus"]["exemplarTraceIdDestinations"]!.AsArray();
        Assert.Equal("jaeger", exemplars[0]!["datasourceUid"]!.GetValue<string>());
        Assert.Contains("\"datasource\":\"loki\"", exemplars[1]!["url"]!.GetValue<string>(), StringComparison.Ordinal);
        Assert.Equal("jaeger", sources["loki"]["derivedFields"]![0]!["datasourceUid"]!.GetValue<string>());
        Assert.Equal("loki", sources["jaeger"]["tracesToLogsV2"]!["datasourceUid"]!.GetValue<string>());
        Assert.Equal("prometheus", sources["jaeger"]["tracesToMetrics"]!["datasourceUid"]!.GetValue<string>());
    }

    [Fact]
    public void The_provisioning_holds_no_secret_and_no_address()
    {
        foreach (var source in MonitoringFiles.Yaml("monitoring/grafana/provisioning/datasources/osmen.yaml")["datasources"]!.AsArray())
        {
            Assert.StartsWith("$", source!["url"]!.GetValue<string>(), StringComparison.Ordinal);
            foreach (var (_, secret) in source["secureJsonData"]?.AsObject() ?? []) Assert.StartsWith("$", secret!.GetValue<string>(), StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData("titel: x", "titel")]
    [InlineData("title: x", "description")]
    [InlineData("title: x\ndescription: x\nvariables: []\nrows: [{title: r, panels: [{title: p, type: pie, unit: none, description: d, query: up}]}]", "panel p has the type pie; allowed: stat")]
    [InlineData("title: x\ndescription: x\nvariables: []\nrows: [{title: r, panels: [{title: p, type: stat, unit: none, description: d}]}]", "panel p has no query")]
    [InlineData("title: x\ndescription: x\nvariables: [job, shop]\nrows: []", "there is no variable shop")]
    public void A_wrong_source_is_refused_with_its_place(string text, string reason)
    {
        var folder = Directory.CreateTempSubdirectory("osmen-boards-");
        try
        {
            Directory.CreateDirectory(Path.Combine(folder.FullName, OsMEN.Gateway.Grafana.Boards.Sources));
            File.WriteAllText(Path.Combine(folder.FullName, OsMEN.Gateway.Grafana.Boards.Sources, "x.yaml"), text);
            var refused = Assert.Throws<FormatException>(() => OsMEN.Gateway.Grafana.Boards.All(folder.FullName).ToArray());
            Assert.StartsWith("monitoring/grafana/boards/x.yaml: ", refused.Message, StringComparison.Ordinal);
            Assert.Contains(reason, refused.Message, StringComparison.Ordinal);
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    private static IEnumerable<string> Provisioned() =>
        MonitoringFiles.Yaml("monitoring/grafana/provisioning/datasources/osmen.yaml")["datasources"]!.AsArray().Select(d => d!["uid"]!.GetValue<string>());

    private static string Type(JsonNode panel) => panel["type"]!.GetValue<string>();

    private static string Title(JsonNode panel) => panel["title"]!.GetValue<string>();

    private static int At(JsonNode panel, string side) => panel["gridPos"]![side]!.GetValue<int>();
}
