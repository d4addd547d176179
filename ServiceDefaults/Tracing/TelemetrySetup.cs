using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using OpenTelemetry.Exporter;
using OpenTelemetry.Logs;
using OpenTelemetry.Metrics;
using OpenTelemetry.Resources;
using OpenTelemetry.Trace;
using OsMEN.ServiceDefaults.Health;
using OsMEN.ServiceDefaults.Logging;

namespace OsMEN.ServiceDefaults.Tracing;

internal static class TelemetrySetup
{
    public static void AddTelemetry(this IHostApplicationBuilder builder, ServiceIdentity service)
    {
        var options = TelemetryOptions.Read(builder.Configuration);
        builder.Services.AddSingleton(options);
        var healthPath = HealthOptions.Read(builder.Configuration).Path;

        // ASP.NET Core gives its server span the standard tags when it is created, so that the sampler sees the path, and the instrumentation
        // doesn't set them a second time.
        AppContext.SetSwitch("Microsoft.AspNetCore.Hosting.SuppressActivityOpenTelemetryData", false);

        var telemetry = builder.Services.AddOpenTelemetry()
            .ConfigureResource(r => r.AddService(service.Name, serviceVersion: service.Version, autoGenerateServiceInstanceId: false, serviceInstanceId: service.InstanceId))
            .WithTracing(traces =>
            {
                traces.AddSource($"{ServiceIdentity.Solution}*", "Experimental.Microsoft.Extensions.AI", "System.Net.Http");
                traces.AddAspNetCoreInstrumentation(o => o.EnrichWithHttpResponse = RequestTelemetry.CompleteSpan);
                traces.SetSampler(new ServiceSampler(options, healthPath));
                if (options.ExportsTraces) traces.AddProcessor(services => TraceExporters.Create(services, options));
            })
            .WithMetrics(metrics =>
            {
                metrics.AddMeter($"{ServiceIdentity.Solution}*", "System.Net.Http", "System.Net.NameResolution", "System.Runtime");
                metrics.AddAspNetCoreInstrumentation();
                metrics.SetExemplarFilter(ExemplarFilterType.TraceBased);
                if (options.MetricsEnabled) metrics.AddPrometheusExporter(o => o.ScrapeResponseCacheDurationMilliseconds = 0);
                if (options.OtlpMetrics) metrics.AddOtlpExporter();
            });

        if (!options.OtlpLogs && options.Loki is null) return;
        telemetry.WithLogging(
            logs =>
            {
                logs.AddProcessor(new RedactingProcessor());
                if (options.OtlpLogs) logs.AddOtlpExporter();
                if (options.Loki is { } loki) logs.AddOtlpExporter("loki", o => SendTo(o, loki.AbsolutePath == "/" ? new Uri(loki, "otlp") : loki, "v1/logs"));
            },
            o =>
            {
                o.IncludeFormattedMessage = true;
                o.IncludeScopes = true;
            });
    }

    // 4317 is the port of OTLP over gRPC; everything else speaks HTTP, at the signal's path.
    internal static void SendTo(OtlpExporterOptions options, Uri endpoint, string path)
    {
        // OTEL_EXPORTER_OTLP_HEADERS holds the first destination's key, which is no business of a second one's.
        options.Headers = "";
        options.Protocol = endpoint.Port == 4317 ? OtlpExportProtocol.Grpc : OtlpExportProtocol.HttpProtobuf;
        options.Endpoint = options.Protocol == OtlpExportProtocol.Grpc || endpoint.AbsolutePath.EndsWith(path, StringComparison.Ordinal)
            ? endpoint
            : new Uri($"{endpoint.GetLeftPart(UriPartial.Path).TrimEnd('/')}/{path}");
    }
}
