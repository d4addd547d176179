using OsMEN.ServiceDefaults.Configuration;

namespace OsMEN.Gateway;

internal static class RequestLimits
{
    /// <summary>
    /// <c>MAX_REQUEST_BODY_BYTES</c>: the largest body, 1 KiB to 100 MiB, default 1 MiB. Headers are bounded to 32 KiB, and a client that
    /// sends them slower than in ten seconds is dropped.
    /// </summary>
    public static void AddRequestLimits(this WebApplicationBuilder builder)
    {
        var body = builder.Configuration.ReadInteger("MAX_REQUEST_BODY_BYTES", 1 << 20, 1 << 10, 100 << 20);
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            kestrel.Limits.MaxRequestBodySize = body;
            kestrel.Limits.MaxRequestHeadersTotalSize = 32 << 10;
            kestrel.Limits.RequestHeadersTimeout = TimeSpan.FromSeconds(10);
        });
    }
}
