using System.Buffers;
using System.Text.RegularExpressions;

namespace OsMEN.ServiceDefaults.Logging;

/// <summary>
/// Blanks secrets in text that is about to leave the process: bearer tokens, <c>osm_…</c> and <c>sk-…</c> keys, passwords and keys
/// in connection strings, headers, JSON and addresses. It rather takes too much than too little.
/// </summary>
public static partial class SecretRedactor
{
    private static readonly SearchValues<string> Markers = SearchValues.Create(
        ["bearer", "osm_", "sk-", "password", "passwd", "pwd", "secret", "key", "token", "authorization", "@"], StringComparison.OrdinalIgnoreCase);

    /// <summary>The text with every secret in it replaced by <c>***</c>; the same instance when there is none.</summary>
    public static string Redact(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        if (!text.AsSpan().ContainsAny(Markers)) return text;
        text = Tokens().Replace(text, "${name}***");
        return Assignments().Replace(text, "${name}***");
    }

    [GeneratedRegex("""
        (?<name>\bBearer\s+)[^\s"',;]+
        |(?<name>\bosm_)[A-Za-z0-9_\-]+
        |(?<name>\bsk-)[A-Za-z0-9_\-]{8,}
        |(?<name>://[^/\s:@]*:)[^@\s/]+(?=@)
        """, RegexOptions.IgnoreCase | RegexOptions.IgnorePatternWhitespace | RegexOptions.ExplicitCapture | RegexOptions.CultureInvariant, 1000)]
    private static partial Regex Tokens();

    // An unquoted value of a connection string runs to its semicolon and may hold blanks.
    [GeneratedRegex("""
        (?<name>\b(password|passwd|pwd|secret|client_secret|token|api[_\-]?key|account[_\-]?key|access[_\-]?key)\s*=\s*)("[^"]*"|'[^']*'|[^;\r\n]*(?=;)|[^\s;]+)
        |(?<name>"(password|secret|client_secret|token|access_token|api[_\-]?key)"\s*:\s*")(\\.|[^"\\])*
        |(?<name>\b(x-api-key|authorization)\s*[:=]\s*)\S+(\s+\S+)?
        """, RegexOptions.IgnoreCase | RegexOptions.IgnorePatternWhitespace | RegexOptions.ExplicitCapture | RegexOptions.CultureInvariant, 1000)]
    private static partial Regex Assignments();
}
