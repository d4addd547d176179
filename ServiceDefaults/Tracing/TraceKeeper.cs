using System.Collections.Concurrent;
using System.Diagnostics;
using OpenTelemetry;

namespace OsMEN.ServiceDefaults.Tracing;

/// <summary>
/// Stands before the exporters. The spans of a trace that the sampler left out are held until its local root, the request or the
/// execution, has ended: when that failed or was slow they are exported, marked <c>osmen.kept</c>, else they are dropped. Secrets
/// in what is exported are blanked.
/// </summary>
internal sealed class TraceKeeper(IEnumerable<BaseProcessor<Activity>> exporters, TimeSpan? slow, TimeProvider time) : CompositeProcessor<Activity>(exporters)
{
    internal const string KeptTag = "osmen.kept";
    internal const string LostTag = "osmen.kept.lost_spans";

    internal const int MaxTraces = 2048;
    internal const int MaxBytes = 16 * 1024 * 1024;
    internal const int MaxSpansOfTrace = 512;

    // What an execution of hours did at its beginning says little about its end.
    internal static readonly TimeSpan MaxAge = TimeSpan.FromMinutes(15);
    private static readonly TimeSpan SweepInterval = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan LongestRoot = TimeSpan.FromDays(1);

    private readonly ConcurrentDictionary<Activity, HeldTrace> _traces = new();
    private long _swept = time.GetTimestamp();
    private int _bytes;
    private int _count;

    /// <summary>What the spans that are held now take, by estimate.</summary>
    public int HeldBytes => Volatile.Read(ref _bytes);

    public override void OnStart(Activity data)
    {
        if (data.Recorded || data.Parent is not null) return;
        Sweep();
        if (Volatile.Read(ref _count) < MaxTraces && _traces.TryAdd(data, new())) Interlocked.Increment(ref _count);
    }

    public override void OnEnd(Activity data)
    {
        if (data.Recorded)
        {
            Export(data);
            return;
        }

        var root = data;
        while (root.Parent is { } parent) root = parent;
        if (ReferenceEquals(root, data)) Decide(root);
        else if (!Hold(root, data) && root is { IsStopped: true, Recorded: true }) Keep(data, root.GetTagItem(KeptTag));
    }

    private bool Hold(Activity root, Activity span)
    {
        if (!_traces.TryGetValue(root, out var trace)) return false;
        var size = SizeOf(span);
        if (Interlocked.Add(ref _bytes, size) > MaxBytes)
        {
            Interlocked.Add(ref _bytes, -size);
            return trace.Lose();
        }

        var added = trace.Add(span, size, out var released);
        if (released > 0) Interlocked.Add(ref _bytes, -released);
        return added;
    }

    // A span with its ids, times and tags, and what its texts have beyond the usual.
    internal static int SizeOf(Activity span)
    {
        var size = 1024;
        foreach (ref readonly var tag in span.EnumerateTagObjects())
            if (tag.Value is string { Length: > 64 } text) size += 2 * text.Length;
        return size;
    }

    private void Decide(Activity root)
    {
        // Before the trace is closed: what ends from then on asks the root.
        var reason = root.Status == ActivityStatusCode.Error ? "error" : slow is { } limit && root.Duration >= limit ? "slow" : null;
        if (reason is not null)
        {
            root.SetTag(KeptTag, reason);
            root.ActivityTraceFlags |= ActivityTraceFlags.Recorded;
        }

        if (_traces.TryRemove(root, out var trace))
        {
            Interlocked.Decrement(ref _count);
            var (spans, size, lost) = trace.Close();
            Interlocked.Add(ref _bytes, -size);
            if (reason is null) return;
            foreach (var (span, _) in spans) Keep(span, reason);
            if (lost > 0) root.SetTag(LostTag, lost);
        }

        if (reason is not null) Export(root);
    }

    private void Keep(Activity span, object? reason)
    {
        span.SetTag(KeptTag, reason);
        span.ActivityTraceFlags |= ActivityTraceFlags.Recorded;
        Export(span);
    }

    private void Export(Activity span)
    {
        SpanAttributes.Finish(span);
        base.OnEnd(span);
    }

    private void Sweep()
    {
        var last = Volatile.Read(ref _swept);
        if (time.GetElapsedTime(last) < SweepInterval || Interlocked.CompareExchange(ref _swept, time.GetTimestamp(), last) != last) return;
        var now = time.GetUtcNow().UtcDateTime;
        foreach (var (root, trace) in _traces)
        {
            Interlocked.Add(ref _bytes, -trace.Forget(now - MaxAge));

            // One that never ends, by whatever mistake, must not take a place for ever.
            if (now - root.StartTimeUtc < LongestRoot || !_traces.TryRemove(root, out _)) continue;
            Interlocked.Decrement(ref _count);
            Interlocked.Add(ref _bytes, -trace.Close().Size);
        }
    }

    /// <summary>The ended spans below one root, oldest first, with their sizes.</summary>
    private sealed class HeldTrace
    {
        private readonly Lock _lock = new();
        private Queue<(Activity Span, int Size)>? _ended;
        private int _size;
        private int _lost;
        private bool _closed;

        /// <summary>False once the trace is closed. <paramref name="released"/> is the size of what has no place here, this one or the oldest.</summary>
        public bool Add(Activity span, int size, out int released)
        {
            lock (_lock)
            {
                released = size;
                if (_closed) return false;
                released = 0;
                _ended ??= new();
                if (_ended.Count == MaxSpansOfTrace) released = Drop();
                _ended.Enqueue((span, size));
                _size += size;
                return true;
            }
        }

        public bool Lose()
        {
            lock (_lock)
            {
                _lost++;
                return !_closed;
            }
        }

        public int Forget(DateTime endedBefore)
        {
            lock (_lock)
            {
                var released = 0;
                while (!_closed && _ended is not null && _ended.TryPeek(out var oldest) && oldest.Span.StartTimeUtc + oldest.Span.Duration < endedBefore) released += Drop();
                return released;
            }
        }

        public (IReadOnlyCollection<(Activity Span, int Size)> Spans, int Size, int Lost) Close()
        {
            lock (_lock)
            {
                _closed = true;
                return (_ended is null ? [] : _ended, _size, _lost);
            }
        }

        private int Drop()
        {
            var (_, size) = _ended!.Dequeue();
            _size -= size;
            _lost++;
            return size;
        }
    }
}
