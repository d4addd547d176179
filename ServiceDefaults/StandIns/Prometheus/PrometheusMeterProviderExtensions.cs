using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using OsMEN.ServiceDefaults.Metrics;
using OsMEN.ServiceDefaults.StandIns.Prometheus;

namespace OpenTelemetry.Metrics;

/// <summary>Stands in for OpenTelemetry.Exporter.Prometheus.AspNetCore.</summary>
public static class PrometheusExporterMeterProviderBuilderExtensions
{
    /// <summary>Lets <c>MapPrometheusScrapingEndpoint</c> serve the provider's metrics.</summary>
    public static MeterProviderBuilder AddPrometheusExporter(this MeterProviderBuilder builder)
    {
        ArgumentNullException.ThrowIfNull(builder);
        builder.ConfigureServices(s => s.TryAddSingleton(services => new PrometheusExporter(services.GetService<MetricFactory>() is { } metrics ? metrics.Dropped : null)));
        return builder.AddReader(s =>
        {
            var exporter = s.GetRequiredService<PrometheusExporter>();
            return new BaseExportingMetricReader(exporter);
        });
    }
}
