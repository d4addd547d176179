using System.Buffers;
using System.Text.RegularExpressions;

namespace OsMEN.ServiceDefaults.Logging;

/// <summary>
/// Blanks secrets in text that is about to leave the process: bearer tokens, <c>osm_…</c> and <c>sk-…</c> keys, those of other providers, signed tokens, passwords and keys
/// in connection strings, headers, JSON and addresses. It rather takes too much than too little.
/// </summary>
public static partial class SecretRedactor
{
    private static readonly SearchValues<string> Markers = SearchValues.Create(
        ["bearer", "osm_", "sk-", "aiza", "gsk_", "xai-", "hf_", "ghp_", "akia", "eyj", "password", "passwd", "pwd", "secret", "key", "token", "authorization", "cookie", "@"], StringComparison.OrdinalIgnoreCase);

    /// <summary>The text with every secret in it replaced by <c>***</c>; the same instance when there is none.</summary>
    public static string Redact(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        if (!text.AsSpan().ContainsAny(Markers)) return text;
        try
        {
            return Assignments().Replace(Tokens().Replace(text, "${name}***"), "${name}***");
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

    // An unquoted value of a connection string runs to its semicolon and may hold blanks.
    [GeneratedRegex("""
        (?<name>\b[A-Za-z0-9_\-]{0,64}(password|passwd|pwd|secret|token|api[_\-]?key|account[_\-]?key|access[_\-]?key)\s*=\s*)("[^"]{0,1024}"|'[^']{0,1024}'|[^;\r\n]{0,1024}(?=;)|[^\s;]+)
        |(?<name>"[A-Za-z0-9_\-]{0,64}(password|secret|token|api[_\-]?key|access[_\-]?key)"\s*:\s*")(\\.|[^"\\])*
        |(?<name>\b([A-Za-z0-9\-]{0,64}api-key|(proxy-)?authorization|(set-)?cookie)\s*[:=]\s*)\S+(\s+\S+)?
        """, RegexOptions.IgnoreCase | RegexOptions.IgnorePatternWhitespace | RegexOptions.ExplicitCapture | RegexOptions.CultureInvariant, 1000)]
    private static partial Regex Assignments();
}
