namespace OsMEN.LocalHosting.Otlp;

/// <summary>A key of a log, span or series, with its value as text.</summary>
internal readonly record struct TelemetryAttribute(string Key, string Value);

/// <summary>Which process a signal comes from.</summary>
/// <param name="Service"><c>service.name</c>, which AppHost sets to the resource's name.</param>
/// <param name="Instance"><c>service.instance.id</c>.</param>
internal sealed record TelemetrySource(string Service, string Instance);

/// <summary>A structured log.</summary>
internal sealed record LogEntry
{
    /// <summary>Counts up over all logs; set by the store.</summary>
    public long Id { get; init; }

    /// <summary>Nanoseconds since 1970.</summary>
    public required long Time { get; init; }

    /// <summary>OTLP's severity number, 1 to 24; 0 where unknown.</summary>
    public required int Severity { get; init; }

    public required TelemetrySource Source { get; init; }

    /// <summary>The logger's name.</summary>
    public required string Category { get; init; }

    public required string Message { get; init; }

    public required string? TraceId { get; init; }

    public required string? SpanId { get; init; }

    public required IReadOnlyList<TelemetryAttribute> Attributes { get; init; }
}

/// <summary>A span of a trace.</summary>
internal sealed record SpanEntry
{
    public required string TraceId { get; init; }

    public required string SpanId { get; init; }

    /// <summary>Null at the root.</summary>
    public required string? ParentId { get; init; }

    public required string Name { get; init; }

    /// <summary>OTLP's kind: 1 internal, 2 server, 3 client, 4 producer, 5 consumer.</summary>
    public required int Kind { get; init; }

    /// <summary>Nanoseconds since 1970.</summary>
    public required long Start { get; init; }

    /// <inheritdoc cref="Start"/>
    public required long End { get; init; }

    public required bool Failed { get; init; }

    public required string? StatusMessage { get; init; }

    public required TelemetrySource Source { get; init; }

    /// <summary>The activity source's name.</summary>
    public required string Scope { get; init; }

    public required IReadOnlyList<TelemetryAttribute> Attributes { get; init; }

    public required IReadOnlyList<SpanEvent> Events { get; init; }

    /// <summary>Spans that led to it, of this trace or of others.</summary>
    public IReadOnlyList<SpanLink> Links { get; init; } = [];
}

/// <summary>A span that led to another.</summary>
internal sealed record SpanLink(string TraceId, string SpanId);

/// <summary>Something that happened within a span.</summary>
internal sealed record SpanEvent(long Time, string Name, IReadOnlyList<TelemetryAttribute> Attributes);

/// <summary>What an instrument is, and so how its points are shown.</summary>
internal enum MetricKind
{
    /// <summary>A value that goes up and down.</summary>
    Gauge,

    /// <summary>A count that only grows.</summary>
    Counter,

    /// <summary>A distribution.</summary>
    Histogram,
}

/// <summary>An instrument of a service.</summary>
internal sealed record MetricName(string Service, string Meter, string Name);

/// <summary>One measured point of one series, as it arrives.</summary>
internal sealed record MetricSample
{
    public required TelemetrySource Source { get; init; }

    public required MetricName Metric { get; init; }

    public required string Unit { get; init; }

    public required string Description { get; init; }

    public required MetricKind Kind { get; init; }

    /// <summary>Whether the values are counted since <see cref="Start"/>, and not since the point before.</summary>
    public required bool Cumulative { get; init; }

    public required long Start { get; init; }

    public required long Time { get; init; }

    /// <summary>The value; a histogram's count.</summary>
    public required double Value { get; init; }

    /// <summary>A histogram's sum.</summary>
    public double Sum { get; init; }

    /// <summary>A histogram's upper bounds; one fewer than <see cref="Buckets"/>.</summary>
    public double[] Bounds { get; init; } = [];

    public long[] Buckets { get; init; } = [];

    public required IReadOnlyList<TelemetryAttribute> Attributes { get; init; }
}
