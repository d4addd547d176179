using System.Globalization;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using YamlDotNet.Core;
using YamlDotNet.Core.Events;

namespace OsMEN.Executions.Catalog;

/// <summary>
/// Turns one YAML document into JSON, and tells on which line each field stands (<c>limits.timeout</c> → 12).
/// Plain scalars are typed by YAML 1.2's core schema. Anchors and tags are refused, so a small file stays small in memory.
/// </summary>
public sealed partial class YamlJson
{
    private const int MaxDepth = 32;

    private readonly Dictionary<string, int> _lines = new(StringComparer.Ordinal);
    private readonly Parser _parser;

    private YamlJson(string text) => _parser = new Parser(new StringReader(text));

    /// <exception cref="YamlException">The text is no YAML, or more than what is allowed of it.</exception>
    public static (JsonNode? Root, IReadOnlyDictionary<string, int> Lines) Read(string text)
    {
        var reader = new YamlJson(text);
        try
        {
            return (reader.Document(), reader._lines);
        }
        catch (Exception e) when (e is not (YamlException or OutOfMemoryException))
        {
            // The parser's own checks, such as a tag that is no URI, throw whatever is at hand.
            var at = reader._parser.Current?.End ?? Mark.Empty;
            throw new YamlException(at, at, $"is no YAML: {e.Message}", e);
        }
    }

    /// <summary>A field that isn't there has no line: then the one of what should hold it, else the first.</summary>
    public static int LineOf(string field, IReadOnlyDictionary<string, int> lines)
    {
        for (var name = field; name.Length > 0;)
        {
            if (lines.TryGetValue(name, out var line))
            {
                return line;
            }
            name = name[..Math.Max(0, name.LastIndexOfAny(['.', '[']))];
        }
        return 1;
    }

    /// <summary>The problem that an exception of <see cref="Read"/> tells. The parser's own messages lead with the position, which the problem has already.</summary>
    public static CatalogProblem ProblemOf(string path, YamlException error) => new(path, (int)error.Start.Line, Position().Replace(error.Message, ""));

    private JsonNode? Document()
    {
        _parser.Consume<StreamStart>();
        if (_parser.Accept<StreamEnd>(out _))
        {
            return null;
        }
        _parser.Consume<DocumentStart>();
        var root = Value("", 0);
        _parser.Consume<DocumentEnd>();
        return _parser.Accept<DocumentStart>(out var second) ? throw Error(second, "has more than one document") : root;
    }

    private JsonNode? Value(string path, int depth)
    {
        if (_parser.Accept<AnchorAlias>(out var alias))
        {
            throw Error(alias, "aliases are not supported");
        }
        if (_parser.Accept<NodeEvent>(out var node) && (!node.Anchor.IsEmpty || (!node.Tag.IsEmpty && !node.Tag.IsNonSpecific)))
        {
            throw Error(node, "anchors and tags are not supported");
        }
        if (depth > MaxDepth)
        {
            throw Error(_parser.Current!, $"is nested more than {MaxDepth} deep");
        }
        if (_parser.TryConsume<SequenceStart>(out _))
        {
            return Sequence(path, depth);
        }
        return _parser.TryConsume<MappingStart>(out _) ? Mapping(path, depth) : Typed(_parser.Consume<Scalar>());
    }

    private JsonArray Sequence(string path, int depth)
    {
        var array = new JsonArray();
        while (!_parser.TryConsume<SequenceEnd>(out _))
        {
            var item = $"{path}[{array.Count}]";
            _lines[item] = Line(_parser.Current!.Start);
            array.Add(Value(item, depth + 1));
        }
        return array;
    }

    private JsonObject Mapping(string path, int depth)
    {
        var map = new JsonObject();
        while (!_parser.TryConsume<MappingEnd>(out _))
        {
            if (!_parser.TryConsume<Scalar>(out var key))
            {
                throw Error(_parser.Current!, "a key must be text");
            }
            if (map.ContainsKey(key.Value))
            {
                throw Error(key, $"key {key.Value} is there twice");
            }
            var field = path.Length == 0 ? key.Value : $"{path}.{key.Value}";
            _lines[field] = Line(key.Start);
            map.Add(key.Value, Value(field, depth + 1));
        }
        return map;
    }

    private static JsonNode? Typed(Scalar scalar)
    {
        var text = scalar.Value;
        if (scalar.Style != ScalarStyle.Plain)
        {
            return JsonValue.Create(text);
        }
        return text switch
        {
            "" or "~" or "null" or "Null" or "NULL" => null,
            "true" or "True" or "TRUE" => JsonValue.Create(true),
            "false" or "False" or "FALSE" => JsonValue.Create(false),
            _ => text.AsSpan().IndexOfAnyExcept("0123456789+-.eE") >= 0 ? JsonValue.Create(text)
                : long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var whole) ? JsonValue.Create(whole)
                : double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var number) && double.IsFinite(number) ? JsonValue.Create(number)
                : JsonValue.Create(text),
        };
    }

    [GeneratedRegex(@"^\(Line: .*?\) - \(Line: .*?\): ", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex Position();

    private static int Line(Mark mark) => (int)mark.Line;

    private static YamlException Error(ParsingEvent at, string reason) => new(at.Start, at.End, reason);
}
