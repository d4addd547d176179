using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Hosting;

namespace OsMEN.ServiceDefaults.Health;

/// <summary>Registers health checks.</summary>
public static class HealthExtensions
{
    /// <summary>
    /// Adds a component to the service's health:
    /// <code>builder.AddHealthComponent("billing", async (services, token) => await services.GetRequiredService&lt;Billing&gt;().AnswersAsync(token)
    ///     ? HealthCheckResult.Healthy() : HealthCheckResult.Unhealthy("no answer"));</code>
    /// An exception or a passed timeout is unhealthy. <c>services.AddHealthChecks().AddCheck(…)</c> works as well.
    /// </summary>
    /// <param name="name">Its name in <c>/health</c>; unique. <c>database</c>, <c>redis</c> and <c>task_queue</c> are always critical.</param>
    /// <param name="check">Gets a scope of its own; must heed its token. What it says is shown to callers who may see health.</param>
    /// <param name="period">How often it runs; 10 s.</param>
    /// <param name="timeout">How long it may take; 5 s.</param>
    /// <param name="tags">See <see cref="HealthTags"/>.</param>
    public static TBuilder AddHealthComponent<TBuilder>(
        this TBuilder builder,
        string name,
        Func<IServiceProvider, CancellationToken, Task<HealthCheckResult>> check,
        TimeSpan? period = null,
        TimeSpan? timeout = null,
        params string[] tags)
        where TBuilder : IHostApplicationBuilder
    {
        ArgumentNullException.ThrowIfNull(builder);
        ArgumentException.ThrowIfNullOrWhiteSpace(name);
        ArgumentNullException.ThrowIfNull(check);
        builder.Services.AddHealthChecks().Add(new HealthCheckRegistration(name, s => new DelegateCheck(s, check), HealthStatus.Unhealthy, tags, timeout) { Period = period });
        return builder;
    }

    /// <summary>Writes what <c>GET /health</c> answers.</summary>
    public static void WriteHealthReport(this IServiceProvider services, Utf8JsonWriter json)
    {
        ArgumentNullException.ThrowIfNull(services);
        ArgumentNullException.ThrowIfNull(json);
        HealthJson.WriteReport(json, services.GetRequiredService<HealthMonitor>(), services.GetRequiredService<ServiceIdentity>());
    }

    internal static void AddHealth(this IHostApplicationBuilder builder)
    {
        var options = HealthOptions.Read(builder.Configuration);
        var services = builder.Services;
        services.AddSingleton(options);
        services.AddSingleton<DrainState>();
        services.AddHostedService(s => s.GetRequiredService<DrainState>());
        services.AddHealthChecks().Add(new("memory", _ => new MemoryCheck(), HealthStatus.Unhealthy, tags: null));
        services.AddSingleton<MemoryHealthHistory>();
        services.AddSingleton<IHealthHistoryStore>(s => s.GetRequiredService<MemoryHealthHistory>());
        services.AddSingleton<HealthHistory>();
        services.AddSingleton<HealthMetrics>();
        services.AddSingleton<HealthMonitor>();
        if (!options.Enabled) return;
        services.AddHostedService<HealthHistoryWriter>();
        services.AddHostedService(s => s.GetRequiredService<HealthMonitor>());
    }
}
