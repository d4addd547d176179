namespace OsMEN.LocalHosting.Otlp;

/// <summary>
/// What is kept is charged, by the same arithmetic everywhere, for the memory that it holds on a 64-bit machine: strings by
/// their length, rounded up to what is around them. Shared strings are charged each time: the truth is never more.
/// </summary>
internal static class Sizes
{
    /// <summary>All that the dashboard may keep: logs 40, traces 64, metrics 56, console lines 32 MB.</summary>
    public const long Total = Logs + Traces + Metrics + Console;

    public const long Logs = 40 * Megabyte;
    public const long Traces = 64 * Megabyte;
    public const long Metrics = 56 * Megabyte;
    public const long Console = 32 * Megabyte;

    public const long Megabyte = 1024 * 1024;

    // An object with the fields of a log or a span, its place in its collection, its list of attributes.
    private const long Record = 256;

    public static long Of(string? text) => text is null ? 0 : 32 + (2L * text.Length);

    public static long Of(IReadOnlyList<TelemetryAttribute> attributes)
    {
        var bytes = 64L;
        foreach (var attribute in attributes)
            bytes += 32 + Of(attribute.Key) + Of(attribute.Value);
        return bytes;
    }

    public static long Of(LogEntry log) =>
        Record + Of(log.Source.Service) + Of(log.Source.Instance) + Of(log.Category) + Of(log.Message) + Of(log.TraceId) + Of(log.SpanId) + Of(log.Attributes);

    public static long Of(SpanEntry span) =>
        Record + Of(span.TraceId) + Of(span.SpanId) + Of(span.ParentId) + Of(span.Name) + Of(span.StatusMessage) + Of(span.Source.Service)
        + Of(span.Source.Instance) + Of(span.Scope) + Of(span.Attributes) + span.Events.Sum(e => 64 + Of(e.Name) + Of(e.Attributes))
        + span.Links.Sum(l => 32 + Of(l.TraceId) + Of(l.SpanId));
}
