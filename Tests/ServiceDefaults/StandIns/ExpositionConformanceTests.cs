using System.Diagnostics.Metrics;
using System.Globalization;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using OpenTelemetry;
using OpenTelemetry.Metrics;
using OsMEN.Tests.Infrastructure;

namespace OsMEN.Tests.ServiceDefaults.StandIns;

/// <summary>
/// What Prometheus itself reads from <c>/metrics</c>, held against what OpenTelemetry's SDK says of the same instruments: names, types,
/// units, labels and values, over random instruments with odd names, units, labels and values, in both formats.
/// </summary>
public sealed class ExpositionConformanceTests
{
    private const int Instruments = 60;

    // Base units, and OpenTelemetry's words for them: https://opentelemetry.io/docs/specs/otel/compatibility/prometheus_and_openmetrics/
    private static readonly (string Unit, string Counter, string Gauge)[] Units =
    [
        ("", "", ""), ("1", "", "ratio"), ("s", "seconds", "seconds"), ("ms", "milliseconds", "milliseconds"), ("By", "bytes", "bytes"), ("KiBy", "kibibytes", "kibibytes"),
        ("%", "percent", "percent"), ("{request}", "", ""), ("By/s", "bytes_per_second", "bytes_per_second"), ("{packet}/s", "per_second", "per_second"), ("Cel", "celsius", "celsius"),
    ];

    private static readonly string[] Pieces =
        ["a", "Z", "0", " ", "\"", "\\", "\n", "\r", "\t", "{", "}", ",", "=", "#", "'", "é", "日本", "🦀", "\u2028", "\u0001", "\\n", "\\\"", "\ud800", "le", "+Inf", ""];

    [Theory]
    [InlineData(1, "/metrics")]
    [InlineData(2, "/metrics")]
    [InlineData(3, "/text")]
    [InlineData(4, "/text")]
    public async Task Prometheus_reads_what_the_SDK_says(int seed, string path)
    {
        Programs.Need("Prometheus", "prometheus");
        // Prometheus asks for OpenMetrics; this path answers with text.
        await using var service = await TestService.StartAsync(map: app => app.MapGet("/text", async (HttpContext context) =>
        {
            using var http = new HttpClient { BaseAddress = new(app.Urls.First()) };
            return Results.Text(await http.GetStringAsync("/metrics", context.RequestAborted), "text/plain; version=0.0.4");
        }).AllowAnonymous());
        using var meter = new Meter($"OsMEN.Conformance.{seed}", "1.0");
        var sdk = new SdkPoints();
        using var provider = Sdk.CreateMeterProviderBuilder().AddMeter(meter.Name).AddReader(new BaseExportingMetricReader(sdk)).Build();
        var families = Make(meter, service.Prefix, new Random(seed));

        await using var prometheus = await PrometheusServer.StartAsync(
            $$"""
            global: { scrape_interval: 1s, scrape_timeout: 1s }
            scrape_configs:
              - job_name: t
                metrics_path: {{path}}
                static_configs: [{ targets: ["{{service.Client.BaseAddress!.Authority}}"] }]
            """);
        await prometheus.ScrapedAsync("t", TimeProvider.System.GetUtcNow());
        provider.ForceFlush();
        Assert.Equal(families.Count, sdk.Metrics);

        // A later scrape that is late on a busy machine makes the series stale until the next one.
        IReadOnlyList<(IReadOnlyDictionary<string, string> Labels, double Value)> found = [];
        await Programs.UntilAsync(async () => (found = await prometheus.QueryAsync($"{{job=\"t\",__name__=~\"{service.Prefix}c[0-9].*\"}}")).Count > 0, "the series are there");
        var read = found
            .ToDictionary(s => Text(s.Labels["__name__"], s.Labels.Where(l => l.Key is not ("__name__" or "job" or "instance"))), s => s.Value, StringComparer.Ordinal);
        var said = sdk.Samples(families, fractions: path == "/metrics").ToDictionary(s => s.Series, s => s.Value, StringComparer.Ordinal);
        Assert.Equal(said.Keys.Order(StringComparer.Ordinal), read.Keys.Order(StringComparer.Ordinal));
        Assert.All(said, s => Assert.Equal(s.Value, read[s.Key]));

        // Under its name without or with _total, as the format has it.
        var metadata = (await prometheus.Http.GetFromJsonAsync<JsonElement>("/api/v1/metadata", TestContext.Current.CancellationToken)).GetProperty("data");
        foreach (var family in families.Values)
        {
            var entry = metadata.EnumerateObject().Single(m => m.Name == family.Name || m.Name == family.Name + "_total").Value[0];
            Assert.Equal((family.Name, family.Type, family.Help), (family.Name, entry.GetProperty("type").GetString(), entry.GetProperty("help").GetString()));
        }
    }

    private static Dictionary<string, Family> Make(Meter meter, string prefix, Random random)
    {
        var families = new Dictionary<string, Family>(StringComparer.Ordinal);
        for (var i = 0; i < Instruments; i++)
        {
            var (unit, counted, gauged) = Units[random.Next(Units.Length)];
            var name = string.Create(CultureInfo.InvariantCulture, $"{prefix}c{i}.{(random.Next(2) == 0 ? "my-things" : "things_total")}");
            var clean = name.Replace('.', '_').Replace('-', '_');
            var help = Utf8(Odd(random).Trim());
            var labels = Enumerable.Range(0, random.Next(1, 12)).Select(_ => Labels(random)).ToArray();
            switch (random.Next(4))
            {
                case 0:
                    var counter = meter.CreateCounter<long>(name, unit, help);
                    foreach (var l in labels) counter.Add(random.NextInt64(1L << 50), l);
                    families[name] = new(With(clean.EndsWith("_total", StringComparison.Ordinal) ? clean[..^6] : clean, counted), "counter", help);
                    break;
                case 1:
                    var amounts = meter.CreateCounter<double>(name, unit, help);
                    foreach (var l in labels) amounts.Add(random.NextDouble() * Math.Pow(10, random.Next(-12, 12)), l);
                    families[name] = new(With(clean.EndsWith("_total", StringComparison.Ordinal) ? clean[..^6] : clean, counted), "counter", help);
                    break;
                case 2:
                    var gauge = meter.CreateGauge<double>(name, unit, help);
                    foreach (var l in labels) gauge.Record(random.Next(5) switch { 0 => double.PositiveInfinity, 1 => -0.1, 2 => 1e300, 3 => double.Epsilon, _ => random.Next() }, l);
                    families[name] = new(With(clean, gauged), "gauge", help);
                    break;
                default:
                    var histogram = meter.CreateHistogram(name, unit, help, tags: null, new InstrumentAdvice<double> { HistogramBucketBoundaries = [0.005, 0.5, 1, 10, 1e6] });
                    foreach (var l in labels)
                        for (var n = 0; n < 10; n++) histogram.Record(Math.Pow(10, random.Next(-4, 8)), l);
                    families[name] = new(With(clean, counted), "histogram", help);
                    break;
            }
        }

        return families;
    }

    private static string With(string name, string unit) => unit.Length == 0 || name.EndsWith("_" + unit, StringComparison.Ordinal) ? name : $"{name}_{unit}";

    private static KeyValuePair<string, object?>[] Labels(Random random) =>
    [
        // Two points that differ only in an empty label would be one to Prometheus.
        new("n", random.NextInt64()),
        .. Enumerable.Range(0, random.Next(5)).Select(i => new KeyValuePair<string, object?>(
            new[] { "plain", "with.dot", "1digit", "ünicode" }[i], random.Next(6) switch { 0 => random.Next(), 1 => random.Next(2) == 0, 2 => random.NextDouble(), _ => Odd(random) })),
    ];

    private static string Odd(Random random) => string.Concat(Enumerable.Range(0, random.Next(6)).Select(_ => Pieces[random.Next(Pieces.Length)]));

    private static string Utf8(string text) => Encoding.UTF8.GetString(Encoding.UTF8.GetBytes(text));

    private static string Text(string name, IEnumerable<KeyValuePair<string, string>> labels) =>
        $"{name}{{{string.Join('|', labels.OrderBy(l => l.Key, StringComparer.Ordinal).Select(l => $"{l.Key}={l.Value}"))}}}";

    /// <summary>The SDK's own points, as they were at the last flush.</summary>
    private sealed class SdkPoints : BaseExporter<Metric>
    {
        private readonly List<Metric> _metrics = [];

        public int Metrics => _metrics.Count;

        public override ExportResult Export(in Batch<Metric> batch)
        {
            _metrics.Clear();
            foreach (var metric in batch) _metrics.Add(metric);
            return ExportResult.Success;
        }

        public List<(string Series, double Value)> Samples(Dictionary<string, Family> families, bool fractions)
        {
            var samples = new List<(string, double)>();
            foreach (var metric in _metrics)
            {
                var name = families[metric.Name].Name;
                foreach (ref readonly var point in metric.GetMetricPoints())
                {
                    var labels = Labels(metric, point);
                    switch (metric.MetricType)
                    {
                        case MetricType.LongSum: samples.Add((Text(name + "_total", labels), point.GetSumLong())); break;
                        case MetricType.DoubleSum: samples.Add((Text(name + "_total", labels), point.GetSumDouble())); break;
                        case MetricType.DoubleGauge: samples.Add((Text(name, labels), point.GetGaugeLastValueDouble())); break;
                        default:
                            var count = 0L;
                            foreach (var bucket in point.GetHistogramBuckets())
                            {
                                count += bucket.BucketCount;
                                samples.Add((Text(name + "_bucket", labels.Append(new("le", Bound(bucket.ExplicitBound, fractions)))), count));
                            }
                            samples.Add((Text(name + "_sum", labels), point.GetHistogramSum()));
                            samples.Add((Text(name + "_count", labels), point.GetHistogramCount()));
                            break;
                    }
                }
            }

            return samples;
        }

        // An empty value is no label to Prometheus.
        private static List<KeyValuePair<string, string>> Labels(Metric metric, in MetricPoint point)
        {
            var labels = new List<KeyValuePair<string, string>> { new("otel_scope_name", metric.MeterName), new("otel_scope_version", metric.MeterVersion) };
            foreach (var (key, value) in point.Tags)
            {
                var text = Utf8(value is bool flag ? flag ? "true" : "false" : Convert.ToString(value, CultureInfo.InvariantCulture)!);
                if (text.Length > 0) labels.Add(new(key switch { "with.dot" => "with_dot", "1digit" => "_1digit", "ünicode" => "_nicode", _ => key }, text));
            }

            return labels;
        }

        // Prometheus keeps a bound as the format writes it, and OpenMetrics writes a fraction.
        private static string Bound(double bound, bool fractions) =>
            double.IsPositiveInfinity(bound) ? "+Inf" : bound.ToString(fractions && bound % 1 == 0 ? "0.0" : "R", CultureInfo.InvariantCulture);
    }

    private sealed record Family(string Name, string Type, string Help);
}
