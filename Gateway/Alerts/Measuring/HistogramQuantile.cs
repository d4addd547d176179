namespace OsMEN.Gateway.Alerts.Measuring;

/// <summary>Prometheus's <c>histogram_quantile</c> over cumulative buckets.</summary>
internal static class HistogramQuantile
{
    /// <param name="UpperBound">Included; the last is +Inf.</param>
    /// <param name="Count">Of this bucket and all below.</param>
    public readonly record struct Bucket(double UpperBound, double Count);

    /// <summary>NaN where nothing was observed or there is no +Inf bucket.</summary>
    public static double Of(double quantile, List<Bucket> buckets)
    {
        buckets.Sort(static (a, b) => a.UpperBound.CompareTo(b.UpperBound));
        if (buckets.Count < 2 || !double.IsPositiveInfinity(buckets[^1].UpperBound)) return double.NaN;

        // Counts are read one after another while requests go on: a larger bucket never has less.
        for (var i = 1; i < buckets.Count; i++)
            if (buckets[i].Count < buckets[i - 1].Count) buckets[i] = buckets[i] with { Count = buckets[i - 1].Count };
        var total = buckets[^1].Count;
        if (total == 0 || double.IsNaN(total)) return double.NaN;
        var rank = quantile * total;
        var b = buckets.FindIndex(0, buckets.Count - 1, x => x.Count >= rank);
        if (b < 0) return buckets[^2].UpperBound;
        var (start, end, count) = (0.0, buckets[b].UpperBound, buckets[b].Count);
        if (b == 0 && end <= 0) return end;
        if (b > 0)
        {
            start = buckets[b - 1].UpperBound;
            count -= buckets[b - 1].Count;
            rank -= buckets[b - 1].Count;
        }
        return start + ((end - start) * (rank / count));
    }
}
