using System.Diagnostics;
using OpenTelemetry.Trace;

namespace OsMEN.ServiceDefaults.Tracing;

/// <summary>
/// The sampler of <c>OTEL_TRACES_SAMPLER</c>, which leaves out the requests of probes and scrapers: they would bury the others. Where
/// failures are kept, what it would drop is recorded all the same, for <see cref="TraceKeeper"/> to decide about.
/// </summary>
internal sealed class ServiceSampler : Sampler
{
    private static readonly SamplingResult Dropped = new(SamplingDecision.Drop);
    private static readonly SamplingResult RecordOnly = new(SamplingDecision.RecordOnly);
    private readonly Sampler _inner;
    private readonly bool _keepFailed;
    private readonly string _healthPath;

    public ServiceSampler(TelemetryOptions options, string healthPath)
    {
        _healthPath = healthPath;
        _keepFailed = options.KeepFailed;
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
        if (samplingParameters.Kind == ActivityKind.Server && samplingParameters.Tags is { } tags)
        {
            foreach (var tag in tags)
                if (tag.Key == "url.path" && tag.Value is string path && IsProbe(path)) return Dropped;
        }
        var result = _inner.ShouldSample(samplingParameters);
        return _keepFailed && result.Decision == SamplingDecision.Drop && CanBeKept(samplingParameters) ? RecordOnly : result;
    }

    // Requests and executions, and what is done for them. What a loop asks of the database by itself is no part of one, and nor is
    // what a probe's request does.
    private static bool CanBeKept(in SamplingParameters parameters) =>
        Activity.Current is { } current && current.SpanId == parameters.ParentContext.SpanId
            ? current.IsAllDataRequested
            : parameters.Kind is ActivityKind.Server or ActivityKind.Consumer;

    private bool IsProbe(string path) =>
        path is "/alive" or "/ready" or "/metrics" || path == _healthPath || path.StartsWith("/health/", StringComparison.Ordinal)
        || path.StartsWith("/api/v1/monitoring/", StringComparison.Ordinal);
}
