namespace OsMEN.Gateway.Security;

/// <summary>Marks an endpoint whose answer goes out even if it ends the caller's own key.</summary>
internal sealed class OutlivesKey;

/// <summary>Requests whose key ends while they run, such as event streams, are aborted. WebSockets say why and close by themselves.</summary>
internal static class KeyEnds
{
    public static void UseKeyEnds(this IApplicationBuilder app) => app.Use(static (context, next) =>
        context.Features.Get<ApiKey>() is { } key && !context.WebSockets.IsWebSocketRequest && context.GetEndpoint()?.Metadata.GetMetadata<OutlivesKey>() is null
            ? RunAsync(context, key, next)
            : next(context));

    private static async Task RunAsync(HttpContext context, ApiKey key, RequestDelegate next)
    {
        await using var end = context.RequestServices.GetRequiredService<KeyRing>().EndOf(key).Register(static state => ((HttpContext)state!).Abort(), context);
        await next(context);
    }
}
