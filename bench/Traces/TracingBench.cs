using System.Diagnostics;
using OpenTelemetry;
using OpenTelemetry.Trace;
using OsMEN.ServiceDefaults.Tracing;

namespace OsMEN.Bench.Traces;

/// <summary>
/// What one execution's spans cost where they are made: seven of eight attributes, as of an agent that calls a tool once. Held and
/// dropped is what an execution costs that succeeds though the sampler had left it out.
/// </summary>
internal static class TracingBench
{
    private const int Executions = 200_000;

    private static readonly string[] Tags = ["a.one", "a.two", "a.three", "a.four", "a.five", "a.six", "a.seven", "a.eight"];

    public static void Run(Report report)
    {
        Measure(report, "no destination: nothing is recorded", null);
        Measure(report, "left out by the sampler", SamplingDecision.Drop);
        Measure(report, "left out, held and dropped", SamplingDecision.RecordOnly);
        Measure(report, "sampled and exported", SamplingDecision.RecordAndSample);
    }

    private static void Measure(Report report, string what, SamplingDecision? decision)
    {
        using var source = new ActivitySource($"bench.{decision}");
        using var provider = decision is { } d
            ? Sdk.CreateTracerProviderBuilder().AddSource(source.Name).SetSampler(new Fixed(d))
                .AddProcessor(new TraceKeeper([new BatchActivityExportProcessor(new Nowhere())], null, TimeProvider.System)).Build()
            : null;
        for (var i = 0; i < Executions / 10; i++)
            Execute(source);
        var bytes = GC.GetAllocatedBytesForCurrentThread();
        var started = Stopwatch.GetTimestamp();
        for (var i = 0; i < Executions; i++)
            Execute(source);
        report.Add("traces", "", $"an execution's spans, {what}", Stopwatch.GetElapsedTime(started).TotalMicroseconds / Executions, "µs");
        report.Add("traces", "", $"an execution's spans, {what}", (GC.GetAllocatedBytesForCurrentThread() - bytes) / (double)Executions, "B");
    }

    private static void Execute(ActivitySource source)
    {
        Activity.Current = null;
        using var execute = Start(source, "execute_agent bench", ActivityKind.Consumer);
        using var invoke = Start(source, "invoke_agent bench", ActivityKind.Internal);
        for (var round = 0; round < 2; round++)
        {
            using var chat = Start(source, "chat bench", ActivityKind.Client);
            using var http = Start(source, "POST", ActivityKind.Client);
        }

        using var tool = Start(source, "execute_tool bench", ActivityKind.Internal);
    }

    private static Activity? Start(ActivitySource source, string name, ActivityKind kind)
    {
        var activity = source.StartActivity(name, kind);
        if (activity is { IsAllDataRequested: true })
        {
            foreach (var tag in Tags)
                activity.SetTag(tag, "a value of some length");
        }

        return activity;
    }

    private sealed class Fixed(SamplingDecision decision) : Sampler
    {
        public override SamplingResult ShouldSample(in SamplingParameters samplingParameters) => new(decision);
    }

    private sealed class Nowhere : BaseExporter<Activity>
    {
        public override ExportResult Export(in Batch<Activity> batch) => ExportResult.Success;
    }
}
