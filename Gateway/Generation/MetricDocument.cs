using System.Globalization;
using System.Text;
using OsMEN.ServiceDefaults.Metrics;

namespace OsMEN.Gateway.Generation;

/// <summary><c>docs/metrics.md</c>, from the catalogue.</summary>
internal static class MetricDocument
{
    public static string Write()
    {
        var text = new StringBuilder("""
            # Metrics

            Written from `ServiceDefaults/Metrics/MetricCatalog*.cs` by `dotnet run --project Gateway -- generate`. `GET /metrics` gives
            Prometheus's text, or OpenMetrics with exemplars when asked for; `GET /metrics/json` the same as JSON. Every name has the prefix
            `METRICS_PREFIX`, `osmen_` by default. Beside them stand .NET's own meters (HTTP, Kestrel, runtime, Npgsql), without a prefix.

            | metric | type | labels | what |
            |---|---|---|---|

            """.ReplaceLineEndings("\n"));
        foreach (var m in MetricCatalog.All)
            text.Append(CultureInfo.InvariantCulture, $"| `{m.Family}` | {m.Kind.ToString().ToLowerInvariant()} | {string.Join(", ", m.Labels)} | {m.Description} |\n");
        return text.ToString();
    }
}
