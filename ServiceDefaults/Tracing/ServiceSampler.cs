using OpenTelemetry.Trace;

namespace OsMEN.ServiceDefaults.Tracing;

/// <summary>The sampler of <c>OTEL_TRACES_SAMPLER</c>, which leaves out the requests of probes and scrapers: they would bury the others.</summary>
internal sealed class ServiceSampler : Sampler
{
    private static readonly SamplingResult Dropped = new(SamplingDecision.Drop);
    private readonly Sampler _inner;

    private readonly string _healthPath;

    public ServiceSampler(TelemetryOptions options, string healthPath)
    {
        _healthPath = healthPath;
        Sampler root = options.Sampler switch
        {
            "always_off" or "parentbased_always_off" => new AlwaysOffSampler(),
            "traceidratio" or "parentbased_traceidratio" => new TraceIdRatioBasedSampler(options.SamplerRatio),
            _ => new AlwaysOnSampler(),
        };
        _inner = options.Sampler.StartsWith("parentbased_", StringComparison.Ordinal) ? new ParentBasedSampler(root) : root;
        Description = $"ServiceSampler{{{_inner.Description}}}";
    }

    public override SamplingResult ShouldSample(in SamplingParameters samplingParameters)
    {
        if (samplingParameters.Kind == System.Diagnostics.ActivityKind.Server && samplingParameters.Tags is { } tags)
        {
            foreach (var tag in tags)
                if (tag.Key == "url.path" && tag.Value is string path && IsProbe(path)) return Dropped;
        }
        return _inner.ShouldSample(samplingParameters);
    }

    private bool IsProbe(string path) =>
        path is "/alive" or "/ready" or "/metrics" || path == _healthPath || path.StartsWith("/health/", StringComparison.Ordinal)
        || path.StartsWith("/api/v1/monitoring/", StringComparison.Ordinal);
}
