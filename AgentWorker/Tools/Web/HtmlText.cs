using System.Text;
using AngleSharp.Html;
using AngleSharp.Html.Parser;
using AngleSharp.Html.Parser.Tokens;
using AngleSharp.Text;

namespace OsMEN.AgentWorker.Tools.Web;

/// <summary>
/// The text of an HTML page for a model: one line per block, headings and list items marked, links followed by their addresses. Reads tokens
/// rather than a document tree, because building a deeply nested tree takes quadratic time.
/// </summary>
internal static class HtmlText
{
    private static readonly HashSet<string> Blocks = new(StringComparer.Ordinal)
    {
        "address", "article", "aside", "blockquote", "br", "dd", "div", "dl", "dt", "fieldset", "figure", "footer", "form", "h1", "h2", "h3", "h4", "h5", "h6",
        "header", "hr", "li", "main", "nav", "ol", "p", "pre", "section", "table", "title", "tr", "ul",
    };

    private static readonly HashSet<string> Hidden = new(StringComparer.Ordinal) { "iframe", "noscript", "script", "style", "svg", "template" };

    /// <param name="html">The page, complete or cut anywhere.</param>
    /// <param name="address">The page's address, which relative links are resolved against.</param>
    public static string Of(string html, Uri address)
    {
        using var source = new TextSource(html);
        using var tokenizer = new HtmlTokenizer(source, HtmlEntityProvider.Resolver) { DisableElementPositionTracking = true, SkipComments = true };
        var text = new StringBuilder(Math.Min(html.Length, 256 * 1024));
        string? link = null;
        string? hidden = null;
        var depth = 0;
        while (tokenizer.Get() is { Type: not HtmlTokenType.EndOfFile } token)
        {
            var (name, opens) = (token.Name, token.Type == HtmlTokenType.StartTag);

            // Inside SVG, elements such as title and style contain markup, unlike their namesakes in HTML.
            if (opens && hidden != "svg")
                tokenizer.State = ContentOf(name);
            if (hidden is not null)
            {
                depth += name != hidden ? 0 : opens ? 1 : token.Type == HtmlTokenType.EndTag ? -1 : 0;
                hidden = depth == 0 ? null : hidden;
            }
            else if (token.Type == HtmlTokenType.Character)
            {
                Append(text, token.Data);
            }
            else if (token is HtmlTagToken tag)
            {
                if (opens && Hidden.Contains(name) && !(name == "svg" && tag.IsSelfClosing))
                    (hidden, depth) = (name, 1);
                else if (name == "a")
                    link = Follow(text, link, opens ? tag.GetAttribute("href") : null, address);
                else if (opens && name is "td" or "th")
                    Append(text, " ");
                else if (Blocks.Contains(name))
                    Break(text, opens ? Mark(name) : "");
            }
        }

        return text.ToString().Trim();
    }

    private static HtmlParseMode ContentOf(string name) => name switch
    {
        "script" => HtmlParseMode.Script,
        "iframe" or "noembed" or "noframes" or "style" or "xmp" => HtmlParseMode.Rawtext,
        "textarea" or "title" => HtmlParseMode.RCData,
        "plaintext" => HtmlParseMode.Plaintext,
        _ => HtmlParseMode.PCData,
    };

    private static string Mark(string name) => name switch
    {
        "li" => "- ",
        ['h', >= '1' and <= '6'] => new string('#', name[1] - '0') + " ",
        _ => "",
    };

    // Appends with each run of white space as one space.
    private static void Append(StringBuilder text, string data)
    {
        var space = text.Length == 0 || char.IsWhiteSpace(text[^1]);
        foreach (var c in data)
        {
            var isSpace = char.IsWhiteSpace(c);
            if (!isSpace)
                text.Append(c);
            else if (!space)
                text.Append(' ');
            space = isSpace;
        }
    }

    // Starts a line, after at most one empty one.
    private static void Break(StringBuilder text, string mark)
    {
        if (text is [.., ' '])
            text.Length--;
        if (text is not [.., '\n', '\n'])
            text.Append('\n');
        text.Append(mark);
    }

    // At the end of a link, appends its address.
    private static string? Follow(StringBuilder text, string? link, string? href, Uri address)
    {
        if (href is not null)
        {
            return href.Length > 0 && Uri.TryCreate(address, href.Trim(), out var target) && target.Scheme is "http" or "https"
                && target.GetLeftPart(UriPartial.Query) != address.GetLeftPart(UriPartial.Query) ? target.ToString() : null;
        }
        if (link is not null)
            text.Append(" (").Append(link).Append(')');
        return null;
    }
}
