using System.Globalization;
using System.Text;
using OpenTelemetry.Metrics;

namespace OsMEN.ServiceDefaults.StandIns.Prometheus;

internal enum FamilyType
{
    Counter,
    Gauge,
    Histogram,
}

/// <summary>What of a metric does not change between scrapes, worked out once.</summary>
internal sealed class MetricFamily
{
    // System.Runtime publishes these two levels as counters.
    private static readonly HashSet<string> MislabelledGauges = ["dotnet.thread_pool.thread.count", "dotnet.thread_pool.queue.length"];

    public MetricFamily(Metric metric)
    {
        Type = metric.MetricType switch
        {
            MetricType.LongSum or MetricType.DoubleSum => MislabelledGauges.Contains(metric.Name) ? FamilyType.Gauge : FamilyType.Counter,
            MetricType.Histogram or MetricType.ExponentialHistogram => FamilyType.Histogram,
            _ => FamilyType.Gauge,
        };
        (Name, Unit) = PrometheusName.ForMetric(metric.Name, metric.Unit, Type == FamilyType.Counter, Type == FamilyType.Gauge);
        NameBytes = Encoding.UTF8.GetBytes(Name);
        Help = metric.Description ?? "";

        var scope = new ExpositionBuffer();
        WriteLabel(scope, "otel_scope_name", metric.MeterName);
        if (!string.IsNullOrEmpty(metric.MeterVersion)) WriteLabel(scope, "otel_scope_version", metric.MeterVersion);
        foreach (var tag in metric.MeterTags ?? [])
            WriteLabel(scope, $"otel_scope_{PrometheusName.ForLabel(tag.Key)}", Convert.ToString(tag.Value, CultureInfo.InvariantCulture));
        ScopeLabels = scope.Written.ToArray();
    }

    /// <summary>Without <c>_total</c>.</summary>
    public string Name { get; }

    public byte[] NameBytes { get; }

    public FamilyType Type { get; }

    public string Unit { get; }

    public string Help { get; }

    public byte[] ScopeLabels { get; }

    public static void WriteLabel(ExpositionBuffer buffer, string name, string? value)
    {
        if (buffer.Written.Length > 0) buffer.Write((byte)',');
        buffer.Write(name);
        buffer.Write("=\""u8);
        buffer.WriteLabelValue(value);
        buffer.Write((byte)'"');
    }
}
