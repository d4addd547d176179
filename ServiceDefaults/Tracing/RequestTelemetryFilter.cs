using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;

namespace OsMEN.ServiceDefaults.Tracing;

/// <summary>Puts <see cref="RequestTelemetry"/> first, before anything that a host adds.</summary>
internal sealed class RequestTelemetryFilter : IStartupFilter
{
    public Action<IApplicationBuilder> Configure(Action<IApplicationBuilder> next) => app =>
    {
        app.UseMiddleware<RequestTelemetry>();
        next(app);
    };
}
