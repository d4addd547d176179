namespace OsMEN.Gateway.Dashboard;

/// <summary>Figures of requests within a stretch of time; durations in seconds, null where there was none.</summary>
internal sealed record LatencySummary(double PerSecond, double ErrorRate, double? P50, double? P90, double? P95, double? P99);

/// <summary>
/// Requests of the last 15 minutes in slots of 5 seconds, durations in buckets that grow by a fifth each: percentiles are right to 10 %.
/// </summary>
internal sealed class LatencyWindow
{
    /// <summary>Seconds of a slot.</summary>
    public const int SlotSeconds = 5;

    /// <summary>How many are kept.</summary>
    public const int Slots = 180;

    private const int Buckets = 80;
    private const double Smallest = 0.0005;

    private readonly Slot[] _slots = new Slot[Slots];
    private readonly Lock _lock = new();

    public static long SlotOf(DateTimeOffset time) => time.ToUnixTimeSeconds() / SlotSeconds;

    public void Record(long slot, double seconds, bool isError)
    {
        lock (_lock)
        {
            var place = _slots[slot % Slots];
            if (place is null || place.Number != slot)
                _slots[slot % Slots] = place = new Slot(slot);
            place.Count++;
            if (isError)
                place.Errors++;
            place.Buckets[BucketOf(seconds)]++;
        }
    }

    /// <summary>Figures of <paramref name="count"/> slots, the last of them <paramref name="last"/>.</summary>
    public LatencySummary Summarise(long last, int count)
    {
        Span<long> buckets = stackalloc long[Buckets];
        buckets.Clear();
        long total = 0, errors = 0;
        lock (_lock)
        {
            for (var number = last - count + 1; number <= last; number++)
            {
                if (number < 0 || _slots[number % Slots] is not { } slot || slot.Number != number)
                    continue;
                total += slot.Count;
                errors += slot.Errors;
                for (var i = 0; i < Buckets; i++)
                    buckets[i] += slot.Buckets[i];
            }
        }

        return new LatencySummary(
            Math.Round((double)total / (count * SlotSeconds), 3),
            total == 0 ? 0 : Math.Round((double)errors / total, 4),
            Percentile(buckets, total, 0.5), Percentile(buckets, total, 0.9), Percentile(buckets, total, 0.95), Percentile(buckets, total, 0.99));
    }

    /// <summary>How many of <paramref name="count"/> slots, the last of them <paramref name="last"/>, took longer, as exactly as the buckets are.</summary>
    public long CountOver(long last, int count, double seconds)
    {
        var first = BucketOf(seconds) + 1;
        long found = 0;
        lock (_lock)
        {
            for (var number = Math.Max(0, last - count + 1); number <= last; number++)
            {
                if (_slots[number % Slots] is not { } slot || slot.Number != number)
                    continue;
                for (var i = first; i < Buckets; i++)
                    found += slot.Buckets[i];
            }
        }

        return found;
    }

    private static int BucketOf(double seconds) => Math.Clamp((int)Math.Ceiling(Math.Log2(Math.Max(seconds, Smallest) / Smallest) * 4), 0, Buckets - 1);

    private static double? Percentile(ReadOnlySpan<long> buckets, long total, double share)
    {
        if (total == 0)
            return null;
        var wanted = (long)Math.Ceiling(total * share);
        var i = 0;
        for (long seen = buckets[0]; seen < wanted; seen += buckets[i])
            i++;

        // The middle of the bucket, by factor.
        return Math.Round(Smallest * Math.Pow(2, (i - 0.5) / 4), 5);
    }

    private sealed class Slot(long number)
    {
        public long Number => number;

        public int Count { get; set; }

        public int Errors { get; set; }

        public int[] Buckets { get; } = new int[LatencyWindow.Buckets];
    }
}
