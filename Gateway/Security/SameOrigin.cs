namespace OsMEN.Gateway.Security;

/// <summary>
/// Whether a browser's request comes from a page of this gateway. A cookie is sent by itself, and for it another port of the same
/// host is the same site: what changes something, or opens a WebSocket, needs this proof.
/// </summary>
internal static class SameOrigin
{
    /// <summary>True for what only reads, and for what the gateway's own pages send.</summary>
    public static bool Allows(HttpRequest request) =>
        (!request.HttpContext.WebSockets.IsWebSocketRequest && (HttpMethods.IsGet(request.Method) || HttpMethods.IsHead(request.Method))) || IsOwn(request);

    /// <summary>By Sec-Fetch-Site, which no page can set; by Origin where a browser sends none, as over plain HTTP.</summary>
    public static bool IsOwn(HttpRequest request) => request.Headers["Sec-Fetch-Site"].ToString() is { Length: > 0 } site
        ? site == "same-origin"
        : Uri.TryCreate(request.Headers.Origin.ToString(), UriKind.Absolute, out var origin) && origin.Authority.Equals(Authority(request), StringComparison.OrdinalIgnoreCase);

    // The scheme is left out: behind a proxy that ends TLS it is another one here. Default ports are not written by either side.
    private static string Authority(HttpRequest request) => request.Host.Port is 80 or 443 ? request.Host.Host : request.Host.Value ?? "";
}
