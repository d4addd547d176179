using System.Net;
using System.Text;
using System.Text.RegularExpressions;

namespace OsMEN.AgentWorker.Tools.Web;

/// <summary>HTML as a model needs it: its text by lines, headings and list items marked, links with their addresses.</summary>
internal static partial class HtmlText
{
    private static readonly HashSet<string> Blocks = new(StringComparer.OrdinalIgnoreCase)
    {
        "address", "article", "aside", "blockquote", "br", "dd", "div", "dl", "dt", "fieldset", "figure", "footer", "form", "h1", "h2", "h3", "h4", "h5", "h6",
        "header", "hr", "li", "main", "nav", "ol", "p", "pre", "section", "table", "title", "tr", "ul",
    };

    public static string Of(string html, Uri address)
    {
        var text = new StringBuilder(Math.Min(html.Length, 256 * 1024));
        string? link = null;
        var at = 0;
        foreach (var tag in Markup().EnumerateMatches(html))
        {
            // What an element swallowed (a script's text) is not looked at again.
            if (tag.Index < at)
                continue;
            Append(text, html.AsSpan(at, tag.Index - at));
            at = tag.Index + tag.Length;
            var (name, closes) = NameOf(html.AsSpan(tag.Index, tag.Length));
            if (!closes && name is "script" or "style" or "noscript" or "template" or "svg")
            {
                var end = html.IndexOf($"</{name}", at, StringComparison.OrdinalIgnoreCase);
                at = end < 0 ? html.Length : end;
            }
            else if (name == "a" && !closes)
                link = Link(html.Substring(tag.Index, tag.Length), address);
            else if (name == "a" && link is not null)
            {
                text.Append(" (").Append(link).Append(')');
                link = null;
            }
            else if (name is "td" or "th")
                text.Append(closes ? "" : " ");
            else if (Blocks.Contains(name))
                text.Append('\n').Append(closes ? "" : Mark(name));
        }

        if (at < html.Length)
            Append(text, html.AsSpan(at));
        return BlankLines().Replace(Spaces().Replace(text.ToString(), "\n"), "\n\n").Trim();
    }

    private static string Mark(string name) => name switch
    {
        "li" => "- ",
        ['h', >= '1' and <= '6'] => new string('#', name[1] - '0') + " ",
        _ => "",
    };

    private static void Append(StringBuilder text, ReadOnlySpan<char> raw)
    {
        var space = text.Length == 0 || char.IsWhiteSpace(text[^1]);
        foreach (var c in WebUtility.HtmlDecode(raw.ToString()))
        {
            var isSpace = char.IsWhiteSpace(c);
            if (!isSpace)
                text.Append(c);
            else if (!space)
                text.Append(' ');
            space = isSpace;
        }
    }

    private static (string Name, bool Closes) NameOf(ReadOnlySpan<char> tag)
    {
        var closes = tag.Length > 1 && tag[1] == '/';
        var name = tag[(closes ? 2 : 1)..];
        var end = 0;
        while (end < name.Length && char.IsAsciiLetterOrDigit(name[end]))
            end++;
        return (name[..end].ToString().ToLowerInvariant(), closes);
    }

    private static string? Link(string tag, Uri address) =>
        Href().Match(tag) is { Success: true } found && Uri.TryCreate(address, WebUtility.HtmlDecode(found.Groups[1].Value.Trim('"', '\'')), out var target)
        && target.Scheme is "http" or "https" && target.GetLeftPart(UriPartial.Query) != address.GetLeftPart(UriPartial.Query)
            ? target.ToString()
            : null;

    // No part can match in two ways and none runs past the next "<", so it takes linear time whatever the page is.
    [GeneratedRegex(@"<!--.*?(?:-->|\z)|<[/!a-z][^<>]*>", RegexOptions.IgnoreCase | RegexOptions.Singleline | RegexOptions.CultureInvariant, 5000)]
    private static partial Regex Markup();

    [GeneratedRegex("""\shref\s*=\s*("[^"]*"|'[^']*'|[^\s>]+)""", RegexOptions.IgnoreCase | RegexOptions.CultureInvariant, 1000)]
    private static partial Regex Href();

    [GeneratedRegex(@"[ \t]*\n[ \t]*", RegexOptions.CultureInvariant, 5000)]
    private static partial Regex Spaces();

    [GeneratedRegex(@"\n{3,}", RegexOptions.CultureInvariant, 5000)]
    private static partial Regex BlankLines();
}
