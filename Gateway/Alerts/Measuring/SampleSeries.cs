using System.Runtime.InteropServices;

namespace OsMEN.Gateway.Alerts.Measuring;

/// <summary>A value at a time, in Unix milliseconds.</summary>
internal readonly record struct Sample(long At, double Value)
{
    // Prometheus's own mark for "this series ended".
    private const long StaleBits = 0x7ff0000000000002;

    public static readonly double Stale = BitConverter.Int64BitsToDouble(StaleBits);

    public bool IsStale => BitConverter.DoubleToInt64Bits(Value) == StaleBits;
}

/// <summary>One series in memory. What is older than an hour and a half is thinned out, in a way that keeps every reset of a counter.</summary>
/// <param name="labels">With job and instance, without the metric's name.</param>
/// <param name="startsHere">Whether it is known that it did not exist before its first sample.</param>
internal sealed class SampleSeries(LabelSet labels, bool startsHere)
{
    private const int CompactEvery = 128;

    private static readonly (long Age, long Step)[] Steps = [((long)TimeSpan.FromHours(7).TotalMilliseconds, 900_000), ((long)TimeSpan.FromMinutes(90).TotalMilliseconds, 300_000)];

    private readonly List<Sample> _samples = [];
    private int _added;

    public LabelSet Labels => labels;

    public bool StartsHere => startsHere;

    public long LastAt => _samples.Count == 0 ? long.MinValue : _samples[^1].At;

    public bool Ended => _samples is [.., { IsStale: true }];

    /// <summary>Adds a sample that is later than all others; any other is left out.</summary>
    public void Add(Sample sample, TimeSpan kept)
    {
        if (sample.At <= LastAt) return;
        _samples.Add(sample);
        if (++_added % CompactEvery == 0) Compact(sample.At, (long)kept.TotalMilliseconds);
    }

    /// <summary>The value at a time: the last of the five minutes before, unless the series has ended.</summary>
    public bool TryGetValue(long at, out double value)
    {
        const long lookback = 300_000;
        var i = IndexAfter(at) - 1;
        value = i >= 0 ? _samples[i].Value : 0;
        return i >= 0 && _samples[i].At > at - lookback && !_samples[i].IsStale;
    }

    public bool HasAny(long from, long to)
    {
        for (var i = IndexAfter(to) - 1; i >= 0 && _samples[i].At >= from; i--)
            if (!_samples[i].IsStale) return true;
        return false;
    }

    /// <summary>
    /// A counter's growth over [<paramref name="from"/>, <paramref name="to"/>] as Prometheus has it: resets count from zero, and what lies
    /// between the window's ends and its samples is extrapolated. Null with fewer than two samples.
    /// </summary>
    public double? Increase(long from, long to)
    {
        var (count, first, last, grown) = (0, default(Sample), default(Sample), 0.0);
        for (var i = IndexAfter(from - 1); i < _samples.Count && _samples[i].At <= to; i++)
        {
            var sample = _samples[i];
            if (sample.IsStale) continue;
            if (count++ == 0) first = sample;
            else grown += sample.Value < last.Value ? sample.Value : sample.Value - last.Value;
            last = sample;
        }
        if (count < 2) return null;
        var sampled = (last.At - first.At) / 1000.0;
        var step = sampled / (count - 1);
        var (toStart, toEnd) = ((first.At - from) / 1000.0, (to - last.At) / 1000.0);
        if (grown > 0 && first.Value >= 0) toStart = Math.Min(toStart, sampled * (first.Value / grown));
        var whole = sampled + (toStart < step * 1.1 ? toStart : step / 2) + (toEnd < step * 1.1 ? toEnd : step / 2);
        return grown * (whole / sampled);
    }

    // The first sample later than a time.
    private int IndexAfter(long at)
    {
        var (low, high) = (0, _samples.Count);
        var samples = CollectionsMarshal.AsSpan(_samples);
        while (low < high)
        {
            var middle = (low + high) / 2;
            if (samples[middle].At <= at) low = middle + 1;
            else high = middle;
        }
        return low;
    }

    private void Compact(long now, long kept)
    {
        // One sample before the window stays, so that it is seen where the series began.
        var start = Math.Max(0, IndexAfter(now - kept) - 1);
        var write = 0;
        for (var i = start; i < _samples.Count; i++)
        {
            var sample = _samples[i];
            if (write > 0 && i + 1 < _samples.Count && IsBetween(_samples[write - 1], sample, _samples[i + 1], now)) continue;
            _samples[write++] = sample;
        }
        _samples.RemoveRange(write, _samples.Count - write);
    }

    private static bool IsBetween(Sample before, Sample sample, Sample after, long now)
    {
        foreach (var (age, step) in Steps)
            if (now - sample.At > age) return after.At - before.At <= step && before.Value <= sample.Value && sample.Value <= after.Value;
        return false;
    }
}
