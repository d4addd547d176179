using OsMEN.ServiceDefaults.Configuration;

namespace OsMEN.Gateway;

/// <summary>What a request may take.</summary>
/// <param name="MaxBody">Bytes of a body; a larger one is answered with 413.</param>
internal sealed record RequestLimits(long MaxBody)
{
    // A client that sends more than this is cut off: reading on, so that it sees its 413, has an end.
    private const long MaxRead = 64 << 20;

    /// <summary>
    /// <c>MAX_REQUEST_BODY_BYTES</c>: the largest body, 1 KiB to 64 MiB, default 1 MiB. Headers are bounded to 32 KiB, and a client that
    /// sends them slower than in ten seconds is dropped.
    /// </summary>
    public static void Add(WebApplicationBuilder builder)
    {
        builder.Services.AddSingleton(new RequestLimits(builder.Configuration.ReadInteger("MAX_REQUEST_BODY_BYTES", 1 << 20, 1 << 10, MaxRead)));
        builder.Services.AddSingleton<Executions.RequestBody>();
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            kestrel.Limits.MaxRequestBodySize = MaxRead;
            kestrel.Limits.MaxRequestHeadersTotalSize = 32 << 10;
            kestrel.Limits.RequestHeadersTimeout = TimeSpan.FromSeconds(10);
        });
    }
}
