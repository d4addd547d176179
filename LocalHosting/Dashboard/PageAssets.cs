using System.Collections.Frozen;
using System.Security.Cryptography;
using System.Text;
using System.Text.RegularExpressions;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace OsMEN.LocalHosting.Dashboard;

/// <summary>The page's files, which are in this assembly: no folder has to be found.</summary>
internal sealed partial class PageAssets
{
    private const string Prefix = "web/";
    private readonly FrozenDictionary<string, byte[]> _files = Load();

    /// <summary>Only this server's own files, and the one import map that names the vendored modules.</summary>
    public string Policy => field ??= $"default-src 'self'; script-src 'self' {ImportMapHash()}; img-src 'self' data:; object-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

    public void Map(IEndpointRouteBuilder routes)
    {
        routes.MapGet("/", context => WriteAsync(context, "index.html", StatusCodes.Status200OK));
        routes.MapGet("/web/{**file}", context => _files.ContainsKey((string)context.Request.RouteValues["file"]!)
            ? WriteAsync(context, (string)context.Request.RouteValues["file"]!, StatusCodes.Status200OK)
            : Missing(context));
    }

    public async Task WriteAsync(HttpContext context, string file, int status)
    {
        var response = context.Response;
        response.StatusCode = status;
        response.ContentType = Path.GetExtension(file) switch
        {
            ".html" => "text/html; charset=utf-8",
            ".css" => "text/css; charset=utf-8",
            ".svg" => "image/svg+xml",
            _ => "text/javascript; charset=utf-8",
        };
        response.ContentLength = _files[file].Length;
        await response.Body.WriteAsync(_files[file], context.RequestAborted);
    }

    private static Task Missing(HttpContext context)
    {
        context.Response.StatusCode = StatusCodes.Status404NotFound;
        return Task.CompletedTask;
    }

    private static FrozenDictionary<string, byte[]> Load()
    {
        var assembly = typeof(PageAssets).Assembly;
        return assembly.GetManifestResourceNames().Where(n => n.StartsWith(Prefix, StringComparison.Ordinal)).ToFrozenDictionary(
            n => n[Prefix.Length..],
            n =>
            {
                using var stream = assembly.GetManifestResourceStream(n)!;
                var content = new byte[stream.Length];
                stream.ReadExactly(content);
                return content;
            },
            StringComparer.Ordinal);
    }

    private string ImportMapHash()
    {
        var map = ImportMap().Match(Encoding.UTF8.GetString(_files["index.html"])).Groups["map"].Value;
        return $"'sha256-{Convert.ToBase64String(SHA256.HashData(Encoding.UTF8.GetBytes(map)))}'";
    }

    [GeneratedRegex("<script type=\"importmap\">(?<map>.*?)</script>", RegexOptions.Singleline | RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex ImportMap();
}
