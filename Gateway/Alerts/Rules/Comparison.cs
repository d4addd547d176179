namespace OsMEN.Gateway.Alerts.Rules;

/// <summary>How a value is compared with a threshold.</summary>
internal enum Comparison
{
    Above,
    AtLeast,
    Below,
    AtMost,
    Equal,
    NotEqual,
}

/// <summary>Comparisons as the file and PromQL write them.</summary>
internal static class ComparisonSign
{
    private static readonly string[] Signs = [">", ">=", "<", "<=", "==", "!="];

    public static IReadOnlyList<string> All => Signs;

    public static string Sign(this Comparison comparison) => Signs[(int)comparison];

    public static bool TryParse(string text, out Comparison comparison)
    {
        comparison = (Comparison)Math.Max(0, Array.IndexOf(Signs, text));
        return Signs.Contains(text, StringComparer.Ordinal);
    }

    /// <summary>Whether a value is an alert; NaN, which is no value, never is.</summary>
    public static bool Holds(this Comparison comparison, double value, double threshold) => !double.IsNaN(value) && comparison switch
    {
        Comparison.Above => value > threshold,
        Comparison.AtLeast => value >= threshold,
        Comparison.Below => value < threshold,
        Comparison.AtMost => value <= threshold,
        Comparison.Equal => value == threshold,
        _ => value != threshold,
    };
}
