using System.Diagnostics.Metrics;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using OsMEN.ServiceDefaults.Metrics;
using OsMEN.ServiceDefaults.Tracing;

namespace OsMEN.Tests.Infrastructure;

/// <summary>Instruments for what is made by hand in a test.</summary>
internal static class Metering
{
    /// <summary>A factory with meters of its own.</summary>
    public static MetricFactory Factory() => new(
        new ServiceCollection().AddMetrics().BuildServiceProvider().GetRequiredService<IMeterFactory>(),
        TelemetryOptions.Read(new ConfigurationBuilder().Build()));
}
