using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;

namespace OsMEN.ServiceDefaults.Http;

/// <summary>Adds <c>X-Content-Type-Options: nosniff</c> to every answer, so that no browser takes data for a script or a page.</summary>
internal sealed class NoSniffFilter : IStartupFilter
{
    public Action<IApplicationBuilder> Configure(Action<IApplicationBuilder> next) => app =>
    {
        app.Use(static (context, following) =>
        {
            // Only when the answer starts: the exception handler clears the headers that were set before it.
            context.Response.OnStarting(
                static state =>
                {
                    ((HttpResponse)state).Headers.XContentTypeOptions = "nosniff";
                    return Task.CompletedTask;
                },
                context.Response);
            return following(context);
        });
        next(app);
    };
}
