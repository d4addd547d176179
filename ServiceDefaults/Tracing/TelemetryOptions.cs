using System.Text.RegularExpressions;
using Microsoft.Extensions.Configuration;
using OsMEN.ServiceDefaults.Configuration;

namespace OsMEN.ServiceDefaults.Tracing;

/// <summary>What is measured and traced, and where it goes. Standard <c>OTEL_*</c> keys that are not here are read by the SDK itself.</summary>
public sealed partial record TelemetryOptions
{
    /// <summary><c>ENABLE_METRICS</c>: whether <c>/metrics</c> is served; true.</summary>
    public required bool MetricsEnabled { get; init; }

    /// <summary><c>METRICS_PREFIX</c>: goes before the name of every instrument of ours; <c>osmen_</c>.</summary>
    public required string MetricsPrefix { get; init; }

    /// <summary><c>OTEL_TRACES_SAMPLER</c> by its standard names; parentbased_always_on, and parentbased_always_off where traces have nowhere to go.</summary>
    public required string Sampler { get; init; }

    /// <summary><c>OTEL_TRACES_SAMPLER_ARG</c>: the share of traces that a ratio sampler keeps, 0 to 1; 1.</summary>
    public required double SamplerRatio { get; init; }

    /// <summary>Whether a standard OTLP endpoint is set, for all signals or for one.</summary>
    public required bool OtlpTraces { get; init; }

    /// <inheritdoc cref="OtlpTraces"/>
    public required bool OtlpMetrics { get; init; }

    /// <inheritdoc cref="OtlpTraces"/>
    public required bool OtlpLogs { get; init; }

    /// <summary><c>LOKI_OTLP_ENDPOINT</c>: a second destination for logs; none.</summary>
    public required Uri? Loki { get; init; }

    /// <summary><c>JAEGER_OTLP_ENDPOINT</c>: a second destination for traces; none.</summary>
    public required Uri? Jaeger { get; init; }

    /// <summary>
    /// <c>TRACES_KEEP_FAILED</c>: whether a request or execution that failed is exported though the sampler left it out; true. It says
    /// nothing where traces have nowhere to go, or are switched off by <c>always_off</c>.
    /// </summary>
    public required bool KeepFailed { get; init; }

    /// <summary><c>TRACES_KEEP_SLOWER_THAN</c>: and so is one that took as long as this, with <see cref="KeepFailed"/>; none.</summary>
    public required TimeSpan? KeepSlowerThan { get; init; }

    internal bool ExportsTraces => OtlpTraces || Jaeger is not null;

    internal static TelemetryOptions Read(IConfiguration configuration)
    {
        // Read by the SDK, checked here because it only logs what it cannot use.
        configuration.ReadChoice("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc", "grpc", "http/protobuf");
        configuration.ReadChoice("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "grpc", "grpc", "http/protobuf");
        configuration.ReadInteger("OTEL_METRIC_EXPORT_INTERVAL", 60_000, 1, int.MaxValue);
        configuration.ReadInteger("OTEL_BSP_SCHEDULE_DELAY", 5_000, 1, int.MaxValue);
        configuration.ReadInteger("OTEL_BLRP_SCHEDULE_DELAY", 5_000, 1, int.MaxValue);
        var all = configuration.ReadHttpAddress("OTEL_EXPORTER_OTLP_ENDPOINT") is not null;
        var otlpTraces = configuration.ReadHttpAddress("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT") is not null || all;
        var jaeger = configuration.ReadHttpAddress("JAEGER_OTLP_ENDPOINT");

        // An empty prefix is a choice; only an absent one means the default.
        var prefix = configuration["METRICS_PREFIX"]?.Trim() ?? "osmen_";
        var sampler = configuration.ReadChoice("OTEL_TRACES_SAMPLER", otlpTraces || jaeger is not null ? "parentbased_always_on" : "parentbased_always_off",
            "always_on", "always_off", "traceidratio", "parentbased_always_on", "parentbased_always_off", "parentbased_traceidratio");
        var slow = configuration.ReadDuration("TRACES_KEEP_SLOWER_THAN", TimeSpan.Zero, TimeSpan.Zero, TimeSpan.FromDays(1));
        return new()
        {
            MetricsEnabled = configuration.ReadBoolean("ENABLE_METRICS", true),
            MetricsPrefix = PrefixPattern().IsMatch(prefix) ? prefix : throw new ConfigurationException("METRICS_PREFIX", prefix, "letters, digits and _, at most 64, not starting with a digit"),
            Sampler = sampler,
            SamplerRatio = configuration.ReadNumber("OTEL_TRACES_SAMPLER_ARG", 1, 0, 1),
            OtlpTraces = otlpTraces,
            OtlpMetrics = configuration.ReadHttpAddress("OTEL_EXPORTER_OTLP_METRICS_ENDPOINT") is not null || all,
            OtlpLogs = configuration.ReadHttpAddress("OTEL_EXPORTER_OTLP_LOGS_ENDPOINT") is not null || all,
            Loki = configuration.ReadHttpAddress("LOKI_OTLP_ENDPOINT"),
            Jaeger = jaeger,
            KeepFailed = configuration.ReadBoolean("TRACES_KEEP_FAILED", true) && (otlpTraces || jaeger is not null) && !sampler.EndsWith("always_off", StringComparison.Ordinal),
            KeepSlowerThan = slow > TimeSpan.Zero ? slow : null,
        };
    }

    [GeneratedRegex("^([A-Za-z_][A-Za-z0-9_]{0,63})?$", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex PrefixPattern();
}
