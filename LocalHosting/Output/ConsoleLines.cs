using OsMEN.LocalHosting.Otlp;

namespace OsMEN.LocalHosting.Output;

/// <summary>The newest lines that each replica wrote, for the dashboard. The replicas share the room evenly.</summary>
internal sealed class ConsoleLines(int replicas)
{
    /// <summary>Lines of one replica.</summary>
    public const int MaxLines = 10_000;

    // The line's record and its place.
    private const long LineBytes = 64;

    private readonly Lock _lock = new();
    private readonly Dictionary<(string Resource, int Replica), Tail> _tails = [];
    private readonly long _maxBytes = Sizes.Console / Math.Max(1, replicas);

    /// <summary>Lets a replica's lines through to <paramref name="onLine"/>, and keeps the newest.</summary>
    public Action<string> Tee(string resource, int replica, Action<string> onLine)
    {
        var tail = new Tail();
        lock (_lock)
            _tails[(resource, replica)] = tail;
        return line =>
        {
            lock (_lock)
            {
                tail.Lines.Enqueue(new(++tail.Last, TimeProvider.System.GetUtcNow().ToUnixTimeMilliseconds(), line));
                tail.Bytes += LineBytes + Sizes.Of(line);
                while (tail.Lines.Count > MaxLines || tail.Bytes > _maxBytes)
                    tail.Bytes -= LineBytes + Sizes.Of(tail.Lines.Dequeue().Text);
            }

            onLine(line);
        };
    }

    /// <summary>The lines after the one with the given number, and how many there were in all; null where there is no such replica.</summary>
    public (IReadOnlyList<ConsoleLine> Lines, long Total)? After(string resource, int replica, long after)
    {
        lock (_lock)
            return _tails.TryGetValue((resource, replica), out var tail) ? ([.. tail.Lines.Where(l => l.Number > after)], tail.Last) : null;
    }

    private sealed class Tail
    {
        public Queue<ConsoleLine> Lines { get; } = new();

        public long Last { get; set; }

        public long Bytes { get; set; }
    }
}

/// <summary>A line that a replica wrote.</summary>
/// <param name="Number">Counts up from 1.</param>
/// <param name="Time">Milliseconds since 1970.</param>
/// <param name="Text">Without its end.</param>
internal sealed record ConsoleLine(long Number, long Time, string Text);
