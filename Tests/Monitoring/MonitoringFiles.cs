using System.Runtime.CompilerServices;
using System.Text.Json.Nodes;
using OsMEN.Executions.Catalog;

namespace OsMEN.Tests.Monitoring;

/// <summary>The repository's monitoring files, and what five documents ask of them.</summary>
internal static class MonitoringFiles
{
    public static string Root { get; } = Path.GetFullPath(Path.Combine(Path.GetDirectoryName(ThisFile())!, "..", ".."));

    public static JsonNode Documents { get; } = Yaml("Tests/Monitoring/documents.yaml");

    /// <summary>Metrics of others, by name: who exports them.</summary>
    public static IReadOnlyDictionary<string, string> Outside { get; } =
        Documents["outside"]!.AsObject().SelectMany(e => Texts(e.Value).Select(name => (name, e.Key))).ToDictionary(e => e.name, e => e.Key, StringComparer.Ordinal);

    /// <summary>Grafana's boards by their file's name.</summary>
    public static IReadOnlyDictionary<string, JsonNode> Boards { get; } = Directory.GetFiles(Full("monitoring/grafana/dashboards"), "*.json").Order(StringComparer.Ordinal)
        .ToDictionary(f => Path.GetFileNameWithoutExtension(f), f => JsonNode.Parse(File.ReadAllText(f))!, StringComparer.Ordinal);

    /// <summary>Every rule, with the name of its file.</summary>
    public static IEnumerable<(string File, JsonNode Rule)> Rules() =>
        from file in Directory.GetFiles(Full("monitoring/prometheus/rules"), "*.yaml").Order(StringComparer.Ordinal)
        from g in Yaml(file)["groups"]!.AsArray()
        from rule in g!["rules"]!.AsArray()
        select (Path.GetFileNameWithoutExtension(file), rule);

    public static JsonNode Yaml(string path) => YamlJson.Read(File.ReadAllText(Full(path))).Root!;

    public static string Text(string path) => File.ReadAllText(Full(path)).ReplaceLineEndings("\n");

    public static string Full(string path) => Path.Combine(Root, path);

    public static IEnumerable<JsonNode> Panels(JsonNode board) => board["panels"]!.AsArray().Select(p => p!);

    public static IEnumerable<string> Texts(JsonNode? list) => list?.AsArray().Select(t => t!.GetValue<string>()) ?? [];

    private static string ThisFile([CallerFilePath] string path = "") => path;
}
