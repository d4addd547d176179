using System.Diagnostics;
using System.Diagnostics.Metrics;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using OpenTelemetry;
using OpenTelemetry.Metrics;
using OsMEN.AgentWorker.Metrics;
using OsMEN.Executions;
using OsMEN.Executions.Metrics;
using OsMEN.Llm;
using OsMEN.ServiceDefaults;
using OsMEN.ServiceDefaults.Metrics;
using OsMEN.ServiceDefaults.Tracing;

namespace OsMEN.Bench.Metrics;

/// <summary>
/// The cost of a scrape of 10,000 series by OpenTelemetry's exporter, next to the cost of reading the same points, and the cost of recording
/// one execution.
/// </summary>
internal static class MetricsBench
{
    private const int Series = 10_000;
    private const int Scrapes = 200;
    private const int Executions = 200_000;
    private const string Text = "text/plain";
    private const string OpenMetrics = "application/openmetrics-text";

    private static readonly string[] Models = ["gpt-4o", "claude-sonnet-4", "gemini-2.5-pro", "mistral-large"];

    public static async Task RunAsync(Report report)
    {
        await ScrapeAsync(report, "counters", meter =>
        {
            for (var family = 0; family < 10; family++)
            {
                var counter = meter.CreateCounter<long>($"bench_things_{family}", "{thing}", "Things that were counted.");
                for (var i = 0; i < Series / 10; i++) counter.Add(i, new("agent_id", $"agent-{i}"), new("model", Models[i % 4]), new("status", "completed"));
            }
        });

        // A histogram of 15 bounds is 16 buckets, a sum and a count: 18 series.
        await ScrapeAsync(report, "histograms", meter =>
        {
            var histogram = meter.CreateHistogram<double>("bench_time", "s", "Time that passed.", tags: null, new InstrumentAdvice<double> { HistogramBucketBoundaries = [.. Enumerable.Range(1, 15).Select(n => n / 4.0)] });
            for (var i = 0; i < Series / 18; i++)
            {
                for (var n = 0; n < 20; n++) histogram.Record(n / 4.0, new("agent_id", $"agent-{i}"), new("model", Models[i % 4]), new("status", "completed"));
            }
        });
        Record(report);
    }

    private static async Task ScrapeAsync(Report report, string shape, Action<Meter> fill)
    {
        using var meter = new Meter($"Bench.{shape}");
        var reader = new PointReader();
        using var reading = new BaseExportingMetricReader(reader);
        using var provider = Sdk.CreateMeterProviderBuilder().AddMeter(meter.Name).AddReader(reading).Build();
        await using var endpoint = ScrapeEndpoint.Create(meter.Name);
        fill(meter);
        reader.Collect?.Invoke(5000);
        var samples = (await endpoint.ScrapeAsync(Text)).Span.Count("\nbench_"u8);
        if (samples < Series * 0.99 || reader.Points == 0)
            throw new InvalidOperationException($"{samples} series were written and {reader.Points} points read.");

        var plain = await MeasureAsync(() =>
        {
            reader.Collect?.Invoke(5000);
            return Task.CompletedTask;
        });
        var text = await MeasureAsync(() => endpoint.ScrapeAsync(Text));
        var openMetrics = await MeasureAsync(() => endpoint.ScrapeAsync(OpenMetrics));
        report.Add("scrape", shape, "10,000 series, plain reading of the points", plain.Milliseconds, "ms");
        report.Add("scrape", shape, "10,000 series, text", text.Milliseconds, "ms");
        report.Add("scrape", shape, "10,000 series, OpenMetrics", openMetrics.Milliseconds, "ms");
        report.Add("scrape", shape, "text, a series more than the plain reading", (text.Milliseconds - plain.Milliseconds) * 1000 / Series, "µs");
        report.Add("scrape", shape, "text, allocated a series", text.Bytes / Series, "B");
    }

    private static void Record(Report report)
    {
        using var services = new ServiceCollection().AddMetrics().BuildServiceProvider();
        var factory = new MetricFactory(services.GetRequiredService<IMeterFactory>(), TelemetryOptions.Read(new ConfigurationBuilder().Build()));
        using var reading = new BaseExportingMetricReader(new PointReader());
        using var provider = Sdk.CreateMeterProviderBuilder().AddMeter($"{ServiceIdentity.Solution}*").AddReader(reading).Build();
        var executions = new ExecutionMetrics(factory, new EndMetrics(factory), new ErrorMetrics(factory), TimeProvider.System);
        var calls = new LlmMetrics(factory);
        var execution = new Execution
        {
            Id = Guid.CreateVersion7(), Kind = ExecutionKind.Agent, Target = "daily_brief", User = "bench", Status = ExecutionStatus.Running, Priority = 5, Input = "{}",
            Attempt = 1, MaxAttempts = 3, CreatedAt = TimeProvider.System.GetUtcNow(), RunAt = TimeProvider.System.GetUtcNow(),
        };
        var call = new LlmCall
        {
            Id = execution.Id, Platform = "openai", Model = "gpt-4o", StartedAt = execution.CreatedAt, Duration = TimeSpan.FromSeconds(1), TimeToFirstToken = TimeSpan.FromSeconds(0.1),
            Status = LlmCallStatus.Ok, Tokens = new TokenUsage(100, 50), CostUsd = 0.001m,
        };
        var end = new AttemptEnd(ExecutionStatus.Completed, "1");

        var claim = new ClaimedExecution(execution, 1, 1);
        var own = Best(() =>
        {
            executions.Started(claim);
            executions.Responded(execution, TimeSpan.FromSeconds(0.1));
            executions.Ended(execution, end, TimeSpan.FromSeconds(1));
        });
        var model = Best(() => calls.Record("daily_brief", call));
        report.Add("record", "execution", "start, first output and end of one execution", own.Nanoseconds / 1000, "µs");
        report.Add("record", "execution", "allocated", own.Bytes, "B");
        report.Add("record", "model call", "one model call, GenAI names included", model.Nanoseconds / 1000, "µs");
        report.Add("record", "model call", "allocated", model.Bytes, "B");
    }

    // The best of five rounds: what disturbs a round on a shared machine only adds.
    private static (double Nanoseconds, double Bytes) Best(Action work)
    {
        var best = (Nanoseconds: double.MaxValue, Bytes: double.MaxValue);
        for (var round = 0; round < 5; round++)
        {
            var bytes = GC.GetAllocatedBytesForCurrentThread();
            var started = Stopwatch.GetTimestamp();
            for (var i = 0; i < Executions; i++) work();
            var elapsed = Stopwatch.GetElapsedTime(started);
            best = (Math.Min(best.Nanoseconds, elapsed.TotalNanoseconds / Executions), Math.Min(best.Bytes, (double)(GC.GetAllocatedBytesForCurrentThread() - bytes) / Executions));
        }

        return best;
    }

    private static async Task<(double Milliseconds, double Bytes)> MeasureAsync(Func<Task> work)
    {
        for (var i = 0; i < Scrapes; i++) await work();
        var times = new double[Scrapes];
        var bytes = GC.GetTotalAllocatedBytes(precise: true);
        for (var i = 0; i < Scrapes; i++)
        {
            var started = Stopwatch.GetTimestamp();
            await work();
            times[i] = Stopwatch.GetElapsedTime(started).TotalMilliseconds;
        }

        var allocated = (double)(GC.GetTotalAllocatedBytes(precise: true) - bytes) / Scrapes;
        Array.Sort(times);
        return (times[Scrapes / 2], allocated);
    }

    /// <summary>Reads every point's labels and value, and keeps nothing.</summary>
    [ExportModes(ExportModes.Pull)]
    private sealed class PointReader : BaseExporter<Metric>, IPullMetricExporter
    {
        private double _sum;

        public int Points { get; private set; }

        public Func<int, bool>? Collect { get; set; }

        public override ExportResult Export(in Batch<Metric> batch)
        {
            foreach (var metric in batch)
            {
                foreach (ref readonly var point in metric.GetMetricPoints())
                {
                    Points++;
                    foreach (var (_, value) in point.Tags) _sum += value is null ? 0 : 1;
                    if (metric.MetricType != MetricType.Histogram)
                    {
                        _sum += point.GetSumLong();
                        continue;
                    }

                    foreach (var bucket in point.GetHistogramBuckets()) _sum += bucket.BucketCount;
                    _sum += point.GetHistogramSum();
                }
            }

            return ExportResult.Success;
        }
    }
}
