namespace OsMEN.LocalHosting.Otlp;

/// <summary>The newest traces, by the arrival of their first span. When there are too many or they are too big, the oldest go, and are counted.</summary>
internal sealed class TraceStore(int maxTraces = 10_000, long maxBytes = Sizes.Traces)
{
    // One trace without end must not push out all others.
    private const int MaxShareOfTrace = 8;

    // The trace itself, its place in both collections, and its sums.
    private const long TraceBytes = 512;

    private readonly Lock _lock = new();
    private readonly Dictionary<string, LinkedListNode<Trace>> _byId = new(StringComparer.Ordinal);
    private readonly LinkedList<Trace> _traces = new();
    private long _bytes;
    private long _dropped;
    private long _droppedSpans;

    public StoreUse Use
    {
        get
        {
            lock (_lock)
                return new(_traces.Count, _dropped, _bytes, maxBytes);
        }
    }

    /// <summary>Spans that were left out of traces that are kept: too big, or received twice.</summary>
    public long DroppedSpans
    {
        get
        {
            lock (_lock)
                return _droppedSpans;
        }
    }

    public void Add(IReadOnlyList<SpanEntry> spans)
    {
        lock (_lock)
        {
            foreach (var span in spans)
                Add(span);
            while (_traces.Count > maxTraces || _bytes > maxBytes)
            {
                var oldest = _traces.First!.Value;
                _traces.RemoveFirst();
                _byId.Remove(oldest.Id);
                _bytes -= oldest.Bytes;
                _dropped++;
            }
        }
    }

    /// <summary>The spans of a trace in the order of their starts; empty where it is not known.</summary>
    public IReadOnlyList<SpanEntry> Find(string id)
    {
        lock (_lock)
            return _byId.TryGetValue(id, out var node) ? [.. node.Value.Spans.OrderBy(s => s.Start)] : [];
    }

    /// <summary>The newest traces that match, newest first.</summary>
    /// <param name="service">One that takes part in the trace.</param>
    /// <param name="text">Part of the name or the id.</param>
    /// <param name="failedOnly">Only those with a failed span.</param>
    /// <param name="limit">At most so many.</param>
    public IReadOnlyList<TraceSummary> Query(string? service, string? text, bool failedOnly, int limit)
    {
        lock (_lock)
        {
            return
            [
                .. Newest()
                    .Where(t => !failedOnly || t.Failed > 0)
                    .Where(t => service is null || t.Services.ContainsKey(service))
                    .Where(t => text is null || t.Root.Name.Contains(text, StringComparison.OrdinalIgnoreCase) || t.Id.Contains(text, StringComparison.OrdinalIgnoreCase))
                    .Take(limit)
                    .Select(t => new TraceSummary(t.Id, t.Root.Name, t.Root.Source.Service, t.Start, t.End - t.Start, t.Spans.Count, t.Failed, t.Services.ToDictionary(StringComparer.Ordinal))),
            ];
        }
    }

    private IEnumerable<Trace> Newest()
    {
        for (var node = _traces.Last; node is not null; node = node.Previous)
            yield return node.Value;
    }

    private void Add(SpanEntry span)
    {
        var bytes = Sizes.Of(span);
        if (!_byId.TryGetValue(span.TraceId, out var node))
        {
            node = _traces.AddLast(new Trace(span));
            _byId.Add(span.TraceId, node);
            _bytes += TraceBytes;
        }
        else if (node.Value.Bytes + bytes > maxBytes / MaxShareOfTrace || !node.Value.Ids.Add(span.SpanId))
        {
            _droppedSpans++;
            return;
        }

        node.Value.Add(span, bytes);
        _bytes += bytes;
    }

    private sealed class Trace(SpanEntry first)
    {
        public string Id { get; } = first.TraceId;

        public List<SpanEntry> Spans { get; } = [];

        public HashSet<string> Ids { get; } = new([first.SpanId], StringComparer.Ordinal);

        public Dictionary<string, int> Services { get; } = new(StringComparer.Ordinal);

        public SpanEntry Root { get; private set; } = first;

        public long Start { get; private set; } = first.Start;

        public long End { get; private set; } = first.End;

        public int Failed { get; private set; }

        public long Bytes { get; private set; } = TraceBytes;

        public void Add(SpanEntry span, long bytes)
        {
            Spans.Add(span);
            Bytes += bytes;
            Start = Math.Min(Start, span.Start);
            End = Math.Max(End, span.End);
            Failed += span.Failed ? 1 : 0;
            Services[span.Source.Service] = Services.GetValueOrDefault(span.Source.Service) + 1;

            // A span's parent arrives after it: the root is without parent or, until that one comes, the earliest.
            if ((span.ParentId is null, Root.ParentId is null) is (true, false) || (span.ParentId is null == Root.ParentId is null && span.Start < Root.Start))
                Root = span;
        }
    }
}

/// <summary>A trace in a list.</summary>
/// <param name="Id">32 hexadecimal digits.</param>
/// <param name="Name">Its root's.</param>
/// <param name="Service">Its root's.</param>
/// <param name="Start">Nanoseconds since 1970.</param>
/// <param name="Duration">Nanoseconds, over all spans.</param>
/// <param name="Spans">How many are known.</param>
/// <param name="Failed">How many of them failed.</param>
/// <param name="Services">Spans by service.</param>
internal sealed record TraceSummary(string Id, string Name, string Service, long Start, long Duration, int Spans, int Failed, IReadOnlyDictionary<string, int> Services);
