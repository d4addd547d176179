using System.Buffers;
using System.Text.RegularExpressions;

namespace OsMEN.ServiceDefaults.Logging;

/// <summary>
/// Blanks secrets in text that is about to leave the process: bearer tokens, <c>osm_…</c> and <c>sk-…</c> keys, those of other providers, signed tokens, passwords and keys
/// in connection strings, headers, JSON and addresses. It rather takes too much than too little.
/// </summary>
public static partial class SecretRedactor
{
    // Each expression is run only on a text that contains what it begins with: most lines have none of it.
    private static readonly SearchValues<string> TokenMarkers = SearchValues.Create(
        ["bearer", "osm_", "sk-", "aiza", "gsk_", "xai-", "hf_", "ghp_", "akia", "eyj", "://"], StringComparison.OrdinalIgnoreCase);
    private static readonly SearchValues<string> AssignmentMarkers = SearchValues.Create(
        ["password", "passwd", "pwd", "secret", "key", "token", "authorization", "cookie"], StringComparison.OrdinalIgnoreCase);

    /// <summary>The text with every secret in it replaced by <c>***</c>; the same instance when there is none.</summary>
    public static string Redact(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        try
        {
            if (text.AsSpan().ContainsAny(TokenMarkers)) text = Tokens().Replace(text, "${name}***");
            return text.AsSpan().ContainsAny(AssignmentMarkers) ? Assignments().Replace(text, "${name}***") : text;
        }
        catch (RegexMatchTimeoutException)
        {
            // A text made to be slow must neither end what logs it nor pass unseen.
            return "(withheld: it could not be searched for secrets in time)";
        }
    }

    [GeneratedRegex("""
        (?<name>\bBearer\s+)[^\s"',;]+
        |(?<name>\bosm_)[A-Za-z0-9_\-]+
        |(?<name>\b(sk-|AIza|gsk_|xai-|hf_|ghp_|AKIA))[A-Za-z0-9_\-]{8,}
        |(?<name>\beyJ)[A-Za-z0-9_\-]{8,}\.[A-Za-z0-9_\-]+(\.[A-Za-z0-9_\-]*)?
        |(?<name>://[^/\s:@]{0,256}:)[^@\s/]{1,1024}(?=@)
        """, RegexOptions.IgnoreCase | RegexOptions.IgnorePatternWhitespace | RegexOptions.ExplicitCapture | RegexOptions.CultureInvariant, 1000)]
    private static partial Regex Tokens();

    // Each alternative starts with the word itself, whatever stands before it: that is ten times as fast as a pattern for the whole name. An
    // unquoted value of a connection string ends at its semicolon and may contain spaces.
    [GeneratedRegex("""
        (?<name>(password|passwd|pwd|secret|token|api[_\-]?key|account[_\-]?key|access[_\-]?key)\s*=\s*)("[^"]{0,1024}"|'[^']{0,1024}'|[^;\r\n]{0,1024}(?=;)|[^\s;]+)
        |(?<name>(password|secret|token|api[_\-]?key|access[_\-]?key)"\s*:\s*")(\\.|[^"\\])*
        |(?<name>(api-key|authorization|cookie)\s*[:=]\s*)\S+(\s+\S+)?
        """, RegexOptions.IgnoreCase | RegexOptions.IgnorePatternWhitespace | RegexOptions.ExplicitCapture | RegexOptions.CultureInvariant, 1000)]
    private static partial Regex Assignments();
}
