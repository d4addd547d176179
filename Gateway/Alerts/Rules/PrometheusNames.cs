using System.Text.RegularExpressions;

namespace OsMEN.Gateway.Alerts.Rules;

/// <summary>Names that need no quotes in PromQL.</summary>
internal static partial class PrometheusNames
{
    public static bool IsMetric(string name) => Metric().IsMatch(name);

    /// <summary>Also an alert's name.</summary>
    public static bool IsLabel(string name) => Label().IsMatch(name);

    [GeneratedRegex(@"\A[a-zA-Z_:][a-zA-Z0-9_:]*\z", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex Metric();

    [GeneratedRegex(@"\A[a-zA-Z_][a-zA-Z0-9_]*\z", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex Label();
}
