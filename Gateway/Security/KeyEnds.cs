namespace OsMEN.Gateway.Security;

/// <summary>Marks an endpoint whose answer goes out even if it ends the caller's own key or session.</summary>
internal sealed class OutlivesKey;

/// <summary>Requests whose caller has to leave while they run, such as event streams, are aborted. WebSockets say why and close by themselves.</summary>
internal static class KeyEnds
{
    public static void UseKeyEnds(this IApplicationBuilder app) => app.Use(static (context, next) =>
        context.Features.Get<ApiKey>() is not null && !context.WebSockets.IsWebSocketRequest && context.GetEndpoint()?.Metadata.GetMetadata<OutlivesKey>() is null
            ? RunAsync(context, next)
            : next(context));

    private static async Task RunAsync(HttpContext context, RequestDelegate next)
    {
        using var end = CallerEnd.Of(context);
        await using var abort = end.Token.Register(static state => ((HttpContext)state!).Abort(), context);
        await next(context);
    }
}
