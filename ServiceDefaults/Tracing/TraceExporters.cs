using System.Diagnostics;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using OpenTelemetry;
using OpenTelemetry.Exporter;
using OpenTelemetry.Trace;
using OsMEN.ServiceDefaults.Configuration;

namespace OsMEN.ServiceDefaults.Tracing;

/// <summary>
/// The destinations of traces. They are made here, not by <c>AddOtlpExporter</c>, because what decides which traces are kept stands
/// before them and gives them spans later than the SDK does.
/// </summary>
internal static class TraceExporters
{
    public static TraceKeeper Create(IServiceProvider services, TelemetryOptions options)
    {
        var configuration = services.GetRequiredService<IConfiguration>();
        var batch = services.GetRequiredService<IOptionsMonitor<BatchExportActivityProcessorOptions>>().CurrentValue;
        var exporters = new List<BaseProcessor<Activity>>();
        if (options.OtlpTraces) exporters.Add(Batched(Standard(configuration), batch));
        if (options.Jaeger is { } jaeger)
        {
            var second = new OtlpExporterOptions();
            TelemetrySetup.SendTo(second, jaeger, "v1/traces");
            exporters.Add(Batched(second, batch));
        }
        return new(exporters, options.KeepSlowerThan, services.GetRequiredService<TimeProvider>());
    }

    private static BatchActivityExportProcessor Batched(OtlpExporterOptions options, BatchExportActivityProcessorOptions batch) =>
        new(new OtlpTraceExporter(options), batch.MaxQueueSize, batch.ScheduledDelayMilliseconds, batch.ExporterTimeoutMilliseconds, batch.MaxExportBatchSize);

    // What a signal has of its own comes before what holds for all. https://opentelemetry.io/docs/specs/otel/protocol/exporter/
    private static OtlpExporterOptions Standard(IConfiguration configuration)
    {
        string? Of(string key) => configuration.ReadText($"OTEL_EXPORTER_OTLP_TRACES_{key}") ?? configuration.ReadText($"OTEL_EXPORTER_OTLP_{key}");

        // It reads the environment, for certificates too.
        var options = new OtlpExporterOptions { Protocol = Of("PROTOCOL") == "http/protobuf" ? OtlpExportProtocol.HttpProtobuf : OtlpExportProtocol.Grpc };
        if (Of("HEADERS") is { } headers) options.Headers = headers;
        if (Of("TIMEOUT") is { } timeout && int.TryParse(timeout, System.Globalization.CultureInfo.InvariantCulture, out var milliseconds)) options.TimeoutMilliseconds = milliseconds;
        if (configuration.ReadHttpAddress("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT") is { } own) options.Endpoint = own;
        else if (configuration.ReadHttpAddress("OTEL_EXPORTER_OTLP_ENDPOINT") is { } all)
            options.Endpoint = options.Protocol == OtlpExportProtocol.Grpc ? all : new($"{all.GetLeftPart(UriPartial.Path).TrimEnd('/')}/v1/traces");
        return options;
    }
}
