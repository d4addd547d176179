using System.Collections.Frozen;
using System.Text.Json;

namespace OsMEN.Gateway.Dashboard;

/// <summary>Grafana's boards as they lie beside this program, to be imported where nobody provisions them.</summary>
internal sealed class GrafanaFiles
{
    private readonly FrozenDictionary<string, string> _boards = Directory.Exists(Folder)
        ? Directory.EnumerateFiles(Folder, "*.json").ToFrozenDictionary(f => Path.GetFileNameWithoutExtension(f), File.ReadAllText, StringComparer.Ordinal)
        : FrozenDictionary<string, string>.Empty;

    private static string Folder => Path.Combine(AppContext.BaseDirectory, "grafana");

    public IReadOnlyList<BoardView> List() =>
        [.. _boards.OrderBy(b => b.Key, StringComparer.Ordinal).Select(b => new BoardView(b.Key, Title(b.Value), $"{DashboardApi.Path}/grafana/{b.Key}"))];

    /// <summary>The board's JSON, or null.</summary>
    public string? Find(string name) => _boards.GetValueOrDefault(name);

    private static string Title(string json)
    {
        using var board = JsonDocument.Parse(json);
        return board.RootElement.GetProperty("title").GetString() ?? "";
    }
}
