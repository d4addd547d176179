using System.Globalization;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;

namespace OsMEN.Tests.Monitoring;

/// <summary>Every PromQL expression of boards, rules, packs and documents, ready to be asked: Grafana's variables are filled in.</summary>
internal static partial class MonitoringExpressions
{
    private static readonly HashSet<string> Words = new(StringComparer.OrdinalIgnoreCase)
    {
        "and", "or", "unless", "bool", "offset", "by", "without", "on", "ignoring", "group_left", "group_right", "inf", "nan", "atan2", "start", "end",
    };

    /// <summary>Where each stands (<c>board overview: Services</c>, <c>rule maos: maos_tasks_total</c>), and the expression.</summary>
    public static IEnumerable<(string Source, string Expression)> All() => [.. OfBoards(), .. OfRules(), .. OfDocuments()];

    public static IEnumerable<(string Source, string Expression)> OfBoards() =>
        from board in MonitoringFiles.Boards
        from panel in MonitoringFiles.Panels(board.Value)
        from target in panel["targets"]?.AsArray() ?? []
        where target["datasource"]!["type"]!.GetValue<string>() == "prometheus"
        select ($"board {board.Key}: {panel["title"]}", WithoutVariables(target["expr"]!.GetValue<string>()));

    public static IEnumerable<(string Source, string Expression)> OfRules() =>
        MonitoringFiles.Rules().Select(r => ($"rule {r.File}: {r.Rule["record"] ?? r.Rule["alert"]}", r.Rule["expr"]!.GetValue<string>()));

    /// <summary>The queries of the five documents, with what is written instead of a wrong one, and those of docs/queries.md.</summary>
    public static IEnumerable<(string Source, string Expression)> OfDocuments() =>
    [
        .. from document in MonitoringFiles.Documents["documents"]!.AsArray()
           from query in document["queries"]!.AsArray()
           from text in new[] { query["text"], query["instead"] }
           where text is not null
           select ($"document {document["name"]}", text.GetValue<string>()),
        .. Block().Matches(File.ReadAllText(MonitoringFiles.Full("docs/queries.md")))
            .SelectMany(m => Queries(m.Groups["text"].Value)).Select(q => ("docs/queries.md", q)),
    ];

    /// <summary>The names of the metrics that an expression asks for.</summary>
    public static IReadOnlySet<string> MetricsOf(string expression)
    {
        var bare = Grouping().Replace(Brackets().Replace(Strings().Replace(expression, "\"\""), " "), " ");
        return Name().Matches(bare).Select(m => m.Value).Where(n => !Words.Contains(n)).ToHashSet(StringComparer.Ordinal);
    }

    /// <summary>As if every variable stood for all of its values.</summary>
    public static string WithoutVariables(string expression) => Variable().Replace(
        expression.Replace("$__rate_interval", "5m", StringComparison.Ordinal).Replace("$__range", "1h", StringComparison.Ordinal).Replace("$__interval", "1m", StringComparison.Ordinal), ".*");

    /// <summary>Without the threshold at its end, below which an expression rightly has no result.</summary>
    public static string WithoutThreshold(string expression) => Threshold().Replace(expression, "");

    /// <summary>A file of rules with each expression once: what promtool parses. A rule's place tells which it was.</summary>
    public static string RulesFile(IReadOnlyList<string> expressions)
    {
        var rules = new JsonArray([.. expressions.Select((e, i) => new JsonObject { ["record"] = string.Create(CultureInfo.InvariantCulture, $"expression:{i}"), ["expr"] = e })]);
        return new JsonObject { ["groups"] = new JsonArray(new JsonObject { ["name"] = "expressions", ["rules"] = rules }) }.ToJsonString();
    }

    // Queries of one block stand apart by an empty line; a comment is no query.
    private static IEnumerable<string> Queries(string block) => block.Split("\n\n", StringSplitOptions.RemoveEmptyEntries)
        .Select(q => string.Join('\n', q.Split('\n').Where(l => !l.StartsWith('#'))).Trim()).Where(q => q.Length > 0);

    [GeneratedRegex(@"^```promql\n(?<text>.*?)^```", RegexOptions.Multiline | RegexOptions.Singleline, 1000)]
    private static partial Regex Block();

    [GeneratedRegex("\"(\\\\.|[^\"\\\\])*\"", RegexOptions.None, 1000)]
    private static partial Regex Strings();

    [GeneratedRegex(@"\{[^}]*\}|\[[^\]]*\]", RegexOptions.None, 1000)]
    private static partial Regex Brackets();

    [GeneratedRegex(@"\b(by|without|on|ignoring|group_left|group_right)\s*\([^)]*\)", RegexOptions.None, 1000)]
    private static partial Regex Grouping();

    [GeneratedRegex(@"(?<![\w:.])[a-zA-Z_:][\w:]*(?![\w:]|\s*\()", RegexOptions.None, 1000)]
    private static partial Regex Name();

    [GeneratedRegex(@"\s*(==|!=|<=|>=|<|>)\s*[0-9.]+\s*$", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Threshold();

    [GeneratedRegex(@"\$\{\w+(:\w+)?\}|\$\w+", RegexOptions.None, 1000)]
    private static partial Regex Variable();
}
