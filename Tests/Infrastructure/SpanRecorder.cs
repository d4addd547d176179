using System.Diagnostics;
using OsMEN.ServiceDefaults.Tracing;

namespace OsMEN.Tests.Infrastructure;

/// <summary>
/// Records the spans of services and model calls below one root span, as exporters get them. The root span is current until this is disposed.
/// </summary>
internal sealed class SpanRecorder : IDisposable
{
    private readonly List<Activity> _spans = [];
    private readonly Activity _root = new Activity("test").SetIdFormat(ActivityIdFormat.W3C).Start();
    private readonly ActivityListener _listener;

    public SpanRecorder()
    {
        var trace = _root.TraceId;
        _listener = new ActivityListener
        {
            ShouldListenTo = s => s.Name.StartsWith("OsMEN.", StringComparison.Ordinal) || s.Name == "Experimental.Microsoft.Extensions.AI",
            Sample = (ref ActivityCreationOptions<ActivityContext> o) =>
                o.TraceId == trace ? ActivitySamplingResult.AllDataAndRecorded : ActivitySamplingResult.None,
            ActivityStopped = span =>
            {
                if (span.TraceId == trace)
                {
                    SpanAttributes.Finish(span);
                    lock (_spans)
                        _spans.Add(span);
                }
            },
        };
        ActivitySource.AddActivityListener(_listener);
    }

    /// <summary>Ended spans, in the order in which they ended.</summary>
    public IReadOnlyList<Activity> Spans
    {
        get
        {
            lock (_spans)
                return [.. _spans];
        }
    }

    /// <summary>The only span of a name.</summary>
    public Activity Span(string name) => Assert.Single(Spans, s => s.DisplayName == name);

    /// <summary>A span's attributes, one <c>name = value</c> a line, sorted; array items are separated by commas.</summary>
    public static string Attributes(Activity span) => string.Join('\n', span.TagObjects
        .Select(t => $"{t.Key} = {(t.Value is string[] items ? string.Join(", ", items) : FormattableString.Invariant($"{t.Value}"))}")
        .Order(StringComparer.Ordinal));

    public void Dispose()
    {
        _listener.Dispose();
        _root.Stop();
    }
}
