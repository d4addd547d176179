using System.Collections.Frozen;
using System.Security.Cryptography;
using System.Text;
using System.Text.RegularExpressions;

namespace OsMEN.Gateway.Dashboard;

/// <summary>
/// The files of a page, which are in this assembly: no folder has to be found. <c>&lt;!--modules /path/--&gt;</c> in a page becomes the
/// preloading of all its scripts.
/// </summary>
internal sealed partial class PageAssets
{
    private const string Prefix = "web/";

    private readonly FrozenDictionary<string, Asset> _files = Load();

    /// <summary>The page's content security policy: only this server's own files, and the one import map that names the vendored modules.</summary>
    public string Policy() =>
        $"default-src 'self'; script-src 'self' {ImportMapHash()}; img-src 'self' data:; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'";

    public bool Has(string file) => _files.ContainsKey(file);

    /// <summary>A file as text.</summary>
    public string Text(string file) => Encoding.UTF8.GetString(_files[file].Content);

    /// <summary>Answers with a file, or with 304 to who has it already.</summary>
    public async Task WriteAsync(HttpContext context, string file, int status)
    {
        var asset = _files[file];
        var response = context.Response;
        if (status == StatusCodes.Status200OK)
        {
            response.Headers.ETag = asset.Tag;
            if (context.Request.Headers.IfNoneMatch == asset.Tag)
            {
                response.StatusCode = StatusCodes.Status304NotModified;
                return;
            }
        }

        response.StatusCode = status;
        response.ContentType = Path.GetExtension(file) switch
        {
            ".html" => "text/html; charset=utf-8",
            ".css" => "text/css; charset=utf-8",
            ".svg" => "image/svg+xml",
            _ => "text/javascript; charset=utf-8",
        };
        response.ContentLength = asset.Content.Length;
        await response.Body.WriteAsync(asset.Content, context.RequestAborted);
    }

    private static FrozenDictionary<string, Asset> Load()
    {
        var assembly = typeof(PageAssets).Assembly;
        var names = assembly.GetManifestResourceNames().Where(n => n.StartsWith(Prefix, StringComparison.Ordinal)).Select(n => n[Prefix.Length..]).Order(StringComparer.Ordinal).ToArray();
        return names.ToFrozenDictionary(
            n => n,
            n =>
            {
                using var stream = assembly.GetManifestResourceStream(Prefix + n)!;
                var content = new byte[stream.Length];
                stream.ReadExactly(content);
                if (n.EndsWith(".html", StringComparison.Ordinal))
                    content = Encoding.UTF8.GetBytes(Modules().Replace(Encoding.UTF8.GetString(content), m => Preload(m.Groups["at"].Value, names)));
                return new Asset(content, $"\"{Convert.ToHexStringLower(SHA256.HashData(content).AsSpan(0, 12))}\"");
            },
            StringComparer.Ordinal);
    }

    // A module is found when the one that imports it has come; named here, all of them come at once.
    private static string Preload(string at, string[] names) => string.Join(
        "\n  ",
        names.Where(n => Path.GetExtension(n) is ".js" or ".mjs").Select(n => $"<link rel=\"modulepreload\" href=\"{at}{n}\">"));

    private string ImportMapHash()
    {
        var map = ImportMap().Match(Text("index.html")).Groups["map"].Value;
        return $"'sha256-{Convert.ToBase64String(SHA256.HashData(Encoding.UTF8.GetBytes(map)))}'";
    }

    [GeneratedRegex("<!--modules (?<at>[^ ]+)-->", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Modules();

    [GeneratedRegex("<script type=\"importmap\">(?<map>.*?)</script>", RegexOptions.Singleline | RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex ImportMap();

    private sealed record Asset(byte[] Content, string Tag);
}
