using System.Text.RegularExpressions;

namespace OsMEN.Executions.Templates;

/// <summary>
/// Finds calls of helpers that cannot work before a template is ever filled in: the engine compiles <c>{{equals a b}}</c> and <c>{{eq a}}</c>
/// without a word.
/// </summary>
internal static partial class TemplateCheck
{
    // The engine calls itself for each level, and a stack that overflows ends the process.
    private const int MaxDepth = 50;

    // The helpers and how many arguments each takes.
    private static readonly Dictionary<string, (int Least, int Most)> Helpers = new(StringComparer.Ordinal)
    {
        ["eq"] = (2, 2), ["ne"] = (2, 2), ["gt"] = (2, 2), ["lt"] = (2, 2), ["contains"] = (2, 2), ["not"] = (1, 1), ["json"] = (1, 1),
        ["and"] = (1, 100), ["or"] = (1, 100), ["if"] = (1, 1), ["unless"] = (1, 1), ["each"] = (1, 1), ["with"] = (1, 1), ["lookup"] = (2, 2),
    };

    /// <exception cref="TemplateException">A helper is unknown, or has too few or too many arguments; or it is nested too deep.</exception>
    public static void Run(string template)
    {
        template = Comment().Replace(template, "");
        var depth = 0;
        foreach (Match block in Block().Matches(template))
        {
            depth += block.Groups[1].Value == "#" ? 1 : -1;
            CheckDepth(depth);
        }

        foreach (Match expression in Expression().Matches(template))
        {
            var tokens = Token().Matches(BlockParameters().Replace(expression.Groups[1].Value, "")).Select(m => m.Value).ToArray();
            var at = 0;
            Call(tokens, ref at, 0);
        }
    }

    private static void CheckDepth(int depth)
    {
        if (depth > MaxDepth)
            throw new TemplateException($"is nested more than {MaxDepth} deep");
    }

    // What stands between two braces or two parentheses: a value, or a helper and its arguments.
    private static void Call(string[] tokens, ref int at, int depth)
    {
        CheckDepth(depth);
        var (name, arguments) = ("", -1);
        for (; at < tokens.Length && tokens[at] != ")"; at++)
        {
            if (arguments++ < 0)
                name = tokens[at];
            if (tokens[at] == "(")
            {
                at++;
                Call(tokens, ref at, depth + 1);
            }
        }

        if (name is "" or "(")
            return;
        if (Helpers.TryGetValue(name, out var takes) ? arguments < takes.Least || arguments > takes.Most : arguments > 0)
        {
            throw new TemplateException(!Helpers.ContainsKey(name)
                ? $"{name} is no helper; there are: {string.Join(", ", Helpers.Keys)}"
                : $"{name} takes {(takes.Most == takes.Least ? takes.Least : $"{takes.Least} or more")} argument{(takes.Most == 1 ? "" : "s")}, not {arguments}");
        }
    }

    [GeneratedRegex(@"\{\{~?!--.*?--~?\}\}|\{\{~?![^}]*\}\}", RegexOptions.CultureInvariant | RegexOptions.Singleline, 1000)]
    private static partial Regex Comment();

    [GeneratedRegex(@"(?<!\\)\{\{\{?~?([#/])", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex Block();

    // Not what closes or divides a block, nor partials; an escaped expression is text.
    [GeneratedRegex(@"(?<!\\)\{\{\{?(?>[~&#^]*\s*)(?![/>*]|#?\*|else\s*~?\}|else\s+if\b)((?:[^}""']|""[^""]*""|'[^']*')*)\}\}", RegexOptions.CultureInvariant | RegexOptions.Singleline, 1000)]
    private static partial Regex Expression();

    [GeneratedRegex(@"\bas\s+\|[^|]*\|", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex BlockParameters();

    [GeneratedRegex(@"[()]|""[^""]*""|'[^']*'|[^\s()""'~]+", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex Token();
}
