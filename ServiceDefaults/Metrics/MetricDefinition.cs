namespace OsMEN.ServiceDefaults.Metrics;

/// <summary>How a metric behaves.</summary>
public enum MetricKind
{
    /// <summary>Only grows.</summary>
    Counter,

    /// <summary>A value now.</summary>
    Gauge,

    /// <summary>A distribution in buckets.</summary>
    Histogram,
}

/// <summary>One metric of the catalogue, by the name that Prometheus shows (without the prefix).</summary>
/// <param name="Family">The exposed name, with unit and <c>_total</c>: <c>request_duration_seconds</c>.</param>
/// <param name="Unit">In UCUM: <c>s</c>, <c>By</c>, <c>{request}</c>.</param>
/// <param name="Labels">Its label names; each has a bounded set of values.</param>
public sealed record MetricDefinition(string Family, MetricKind Kind, string Unit, string Description, params string[] Labels)
{
    /// <summary>Upper bounds of a histogram's buckets, in its unit.</summary>
    public double[] Buckets { get; init; } = [];

    /// <summary>The instrument's name: what an exporter appends to it (unit, <c>_total</c>) is left out.</summary>
    public string InstrumentName
    {
        get
        {
            var name = Kind == MetricKind.Counter ? Without(Family, "_total") : Family;
            return Unit switch
            {
                "s" => Without(name, "_seconds"),
                "By" => Without(name, "_bytes"),
                _ => name,
            };
        }
    }

    private static string Without(string name, string suffix) => name.EndsWith(suffix, StringComparison.Ordinal) ? name[..^suffix.Length] : name;
}
