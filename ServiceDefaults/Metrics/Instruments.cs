using Microsoft.Extensions.DependencyInjection;
using OpenTelemetry.Metrics;

namespace OsMEN.ServiceDefaults.Metrics;

/// <summary>Registers classes that make instruments.</summary>
public static class Instruments
{
    /// <summary>Adds a singleton that is made when the service starts, so that what it measures is shown before anybody asks for it.</summary>
    public static IServiceCollection AddInstruments<T>(this IServiceCollection services) where T : class =>
        services.AddSingleton<T>().AddSingleton(new Eager(typeof(T)));

    internal static void Make(IServiceProvider services)
    {
        // What is measured before the provider listens is lost.
        services.GetService<MeterProvider>();
        foreach (var eager in services.GetServices<Eager>()) services.GetRequiredService(eager.Type);
    }

    private sealed record Eager(Type Type);
}
