using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;
using OsMEN.ServiceDefaults.Health;
using OsMEN.ServiceDefaults.Http;
using OsMEN.ServiceDefaults.Logging;
using OsMEN.ServiceDefaults.Metrics;
using OsMEN.ServiceDefaults.Security;
using OsMEN.ServiceDefaults.Tracing;

namespace OsMEN.ServiceDefaults;

/// <summary>What every service of the solution gets in two lines: logs, traces, metrics, health, and their endpoints.</summary>
public static class ServiceDefaultsExtensions
{
    /// <summary>
    /// Adds logging, OpenTelemetry, health checks, request telemetry and the policies of <see cref="AccessPolicies"/>. Call it first:
    /// what it adds to the pipeline stands outermost.
    /// </summary>
    /// <exception cref="Configuration.ConfigurationException">A key holds what cannot be used.</exception>
    public static TBuilder AddServiceDefaults<TBuilder>(this TBuilder builder) where TBuilder : IHostApplicationBuilder
    {
        ArgumentNullException.ThrowIfNull(builder);
        var service = ServiceIdentity.Read(builder.Configuration, builder.Environment);
        builder.Services.AddSingleton(service);
        builder.Services.TryAddSingleton(TimeProvider.System);
        builder.AddLogs(service);
        builder.AddTelemetry(service);
        builder.AddHealth();
        builder.AddAccessPolicies();
        builder.Services.AddSingleton<MetricFactory>();
        builder.Services.AddInstruments<CacheMetrics>();
        builder.Services.AddInstruments<ConnectionMetrics>();
        builder.Services.AddInstruments<ErrorMetrics>();
        builder.Services.AddInstruments<HttpMetrics>();
        builder.Services.AddInstruments<BuildMetrics>();
        builder.Services.AddInstruments<LlmMetrics>();
        builder.Services.AddTransient<IStartupFilter, NoSniffFilter>();
        builder.Services.AddTransient<IStartupFilter, RequestTelemetryFilter>();
        builder.Services.AddProblemDetails();
        return builder;
    }

    /// <summary>
    /// Maps the health endpoints and <c>/metrics</c>. Where a host adds authentication to its pipeline by hand, call it after that, so
    /// that log lines know the user.
    /// </summary>
    public static WebApplication MapDefaultEndpoints(this WebApplication app)
    {
        ArgumentNullException.ThrowIfNull(app);
        Instruments.Make(app.Services);
        app.UseMiddleware<RoutedRequest>();
        app.Services.GetRequiredService<HealthMetrics>().Observe(app.Services.GetRequiredService<HealthMonitor>());
        app.MapHealth();
        if (!app.Services.GetRequiredService<TelemetryOptions>().MetricsEnabled) return app;
        foreach (var path in (ReadOnlySpan<string>)["/metrics", "/api/v1/monitoring/prometheus/metrics"])
            app.MapPrometheusScrapingEndpoint(path).RequireAuthorization(AccessPolicies.Metrics).WithMetadata(new HttpMethodMetadata(["GET"]), new ExcludeFromDescriptionAttribute());
        app.MapJsonMetrics();
        return app;
    }
}
