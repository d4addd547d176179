namespace OsMEN.Bench;

/// <summary>What a load took: each answer, and all of them.</summary>
internal sealed record Load(List<double> Milliseconds, TimeSpan Elapsed)
{
    public int Count => Milliseconds.Count;

    public double PerSecond => Count / Elapsed.TotalSeconds;

    public double Percentile(int percent) => Percentile(Milliseconds, percent);

    public static double Percentile(List<double> values, int percent)
    {
        values.Sort();
        return values.Count == 0 ? double.NaN : values[Math.Min(values.Count * percent / 100, values.Count - 1)];
    }
}
