using System.Diagnostics;
using Microsoft.Extensions.Configuration;
using OpenTelemetry.Trace;
using OsMEN.ServiceDefaults.Tracing;

namespace OsMEN.Tests.ServiceDefaults;

public sealed class ServiceSamplerTests
{
    private const string Destination = "OTEL_EXPORTER_OTLP_ENDPOINT=http://127.0.0.1:4318";

    [Theory]
    [InlineData("", ActivityKind.Server, SamplingDecision.Drop)]
    [InlineData("OTEL_TRACES_SAMPLER=parentbased_traceidratio OTEL_TRACES_SAMPLER_ARG=0", ActivityKind.Consumer, SamplingDecision.Drop)]
    [InlineData(Destination, ActivityKind.Server, SamplingDecision.RecordAndSample)]
    [InlineData(Destination + " OTEL_TRACES_SAMPLER=traceidratio OTEL_TRACES_SAMPLER_ARG=0", ActivityKind.Server, SamplingDecision.RecordOnly)]
    [InlineData(Destination + " OTEL_TRACES_SAMPLER=traceidratio OTEL_TRACES_SAMPLER_ARG=0", ActivityKind.Consumer, SamplingDecision.RecordOnly)]
    [InlineData(Destination + " OTEL_TRACES_SAMPLER=traceidratio OTEL_TRACES_SAMPLER_ARG=0", ActivityKind.Client, SamplingDecision.Drop)]
    [InlineData(Destination + " OTEL_TRACES_SAMPLER=traceidratio OTEL_TRACES_SAMPLER_ARG=0 TRACES_KEEP_FAILED=false", ActivityKind.Server, SamplingDecision.Drop)]
    [InlineData(Destination + " OTEL_TRACES_SAMPLER=always_off", ActivityKind.Server, SamplingDecision.Drop)]
    public void A_root_is_recorded_only_where_it_may_be_exported(string settings, ActivityKind kind, SamplingDecision expected)
    {
        Activity.Current = null;
        Assert.Equal(expected, Sampler(settings).ShouldSample(new(default, ActivityTraceId.CreateRandom(), "root", kind)).Decision);
    }

    [Theory]
    [InlineData(true, SamplingDecision.RecordOnly)]
    [InlineData(false, SamplingDecision.Drop)]
    public void What_a_request_does_is_recorded_with_it_and_what_a_probe_does_is_not(bool recorded, SamplingDecision expected)
    {
        using var parent = new Activity("parent") { IsAllDataRequested = recorded };
        parent.Start();
        var sampler = Sampler(Destination + " OTEL_TRACES_SAMPLER=parentbased_traceidratio OTEL_TRACES_SAMPLER_ARG=0");
        Assert.Equal(expected, sampler.ShouldSample(new(parent.Context, parent.TraceId, "child", ActivityKind.Client)).Decision);
    }

    private static ServiceSampler Sampler(string settings) => new(
        TelemetryOptions.Read(new ConfigurationBuilder().AddInMemoryCollection(
            settings.Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(s => s.Split('=', 2)).Select(s => KeyValuePair.Create(s[0], (string?)s[1]))).Build()),
        "/health");
}
