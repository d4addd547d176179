using System.Text;
using System.Text.RegularExpressions;
using YamlDotNet.Serialization;

namespace OsMEN.Tests.Publishing;

/// <summary>
/// Renders the part of Helm's templates that the chart keeps to: values and <c>Release</c>, <c>if</c>, <c>not</c>, <c>else</c>,
/// <c>end</c>, <c>quote</c>, <c>toYaml | nindent</c>, string literals, and trimming. Anything else is an error.
/// </summary>
internal sealed partial class ChartRenderer(IReadOnlyDictionary<string, object> values)
{
    private static readonly ISerializer s_yaml = new SerializerBuilder().Build();

    public string Render(string template)
    {
        var output = new StringBuilder();

        // Whether each open block, and all around it, is written.
        var open = new Stack<(bool Around, bool Taken)>();
        var position = 0;
        foreach (Match action in Action().Matches(template))
        {
            var text = template[position..action.Index];
            position = action.Index + action.Length;
            if (action.Groups["trim"].Success)
                text = text.TrimEnd();
            var writes = open.All(o => o.Around && o.Taken);
            if (writes)
                output.Append(text);
            var code = action.Groups["code"].Value.Trim();
            if (code.StartsWith("if ", StringComparison.Ordinal))
            {
                var negated = code.StartsWith("if not ", StringComparison.Ordinal);
                open.Push((writes, IsTrue(Value(code[(negated ? 7 : 3)..])) != negated));
            }
            else if (code == "else")
            {
                var block = open.Pop();
                open.Push((block.Around, !block.Taken));
            }
            else if (code == "end")
            {
                open.Pop();
            }
            else if (writes)
            {
                output.Append(Evaluate(code));
            }
        }

        if (open.Count > 0)
            throw new FormatException("A block has no end.");
        return output.Append(template[position..]).ToString();
    }

    private string Evaluate(string code)
    {
        if (Indented().Match(code) is { Success: true } match)
        {
            var indent = new string(' ', int.Parse(match.Groups["indent"].Value, System.Globalization.CultureInfo.InvariantCulture));
            return "\n" + string.Join('\n', s_yaml.Serialize(Value(match.Groups["path"].Value)!).TrimEnd().Split('\n').Select(l => indent + l));
        }

        if (code.StartsWith('"'))
            return code.Trim('"');
        return code.EndsWith(" | quote", StringComparison.Ordinal) ? $"\"{Value(code[..^8])}\"" : Value(code)?.ToString() ?? "";
    }

    private object? Value(string path)
    {
        if (!Reference().IsMatch(path))
            throw new NotSupportedException($"\"{path}\" is not rendered here.");
        object? value = values;
        foreach (var part in path[1..].Split('.'))
        {
            value = value switch
            {
                IReadOnlyDictionary<string, object> top => top.GetValueOrDefault(part),
                IReadOnlyDictionary<object, object> inner => inner.GetValueOrDefault(part) ?? throw new KeyNotFoundException($"{path} is not in the values."),
                _ => throw new KeyNotFoundException($"{path} is not in the values."),
            };
        }

        return value;
    }

    private static bool IsTrue(object? value) => value switch
    {
        null or "" or "false" or "0" => false,
        System.Collections.ICollection many => many.Count > 0,
        _ => true,
    };

    [GeneratedRegex("\\{\\{(?<trim>-)?\\s*(?<code>(\"[^\"]*\"|[^}])*?)\\s*\\}\\}", RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture)]
    private static partial Regex Action();

    [GeneratedRegex("^toYaml (?<path>\\S+) \\| nindent (?<indent>\\d+)$", RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture)]
    private static partial Regex Indented();

    [GeneratedRegex("^(\\.[A-Za-z][A-Za-z0-9]*)+$", RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture)]
    private static partial Regex Reference();
}
