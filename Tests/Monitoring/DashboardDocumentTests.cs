namespace OsMEN.Tests.Monitoring;

/// <summary>docs/dashboards.md names what there is, for every panel of the five documents.</summary>
public sealed class DashboardDocumentTests
{
    private static readonly (string Document, string Panel, string Board, string Ours)[] Rows =
    [
        .. File.ReadLines(MonitoringFiles.Full("docs/dashboards.md")).Select(l => l.Split('|', StringSplitOptions.TrimEntries))
            .Where(c => c.Length == 6 && c[1] is not ("document" or "---")).Select(c => (c[1], c[2], c[3], c[4])),
    ];

    [Fact]
    public void Every_panel_of_the_documents_has_its_row() => Assert.Equal(
        MonitoringFiles.Documents["documents"]!.AsArray().SelectMany(d => MonitoringFiles.Texts(d!["panels"]).Select(p => (d["name"]!.GetValue<string>(), p))),
        Rows.Select(r => (r.Document, r.Panel)));

    [Fact]
    public void Every_panel_that_it_names_is_there()
    {
        var panels = MonitoringFiles.Boards.SelectMany(b => MonitoringFiles.Panels(b.Value).Where(p => p["type"]!.GetValue<string>() != "row").Select(p => (b.Key, p["title"]!.GetValue<string>()))).ToHashSet();
        Assert.Equal([], Rows.Select(r => (r.Board, r.Ours)).Where(r => !panels.Contains(r)));
    }
}
