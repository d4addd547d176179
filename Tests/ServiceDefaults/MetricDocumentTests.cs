using System.Globalization;
using System.Runtime.CompilerServices;
using System.Text;
using OsMEN.ServiceDefaults.Metrics;

namespace OsMEN.Tests.ServiceDefaults;

/// <summary><c>docs/metrics.md</c> is written from the catalogue: <c>OSMEN_WRITE=1 dotnet test --filter FullyQualifiedName~MetricDocument</c>.</summary>
public sealed class MetricDocumentTests
{
    [Fact]
    public async Task The_document_of_the_metrics_is_current()
    {
        var path = Path.GetFullPath(Path.Combine(Path.GetDirectoryName(ThisFile())!, "..", "..", "docs", "metrics.md"));
        if (Environment.GetEnvironmentVariable("OSMEN_WRITE") is { Length: > 0 })
            await File.WriteAllTextAsync(path, Document(), TestContext.Current.CancellationToken);
        Assert.Equal(Document(), (await File.ReadAllTextAsync(path, TestContext.Current.CancellationToken)).ReplaceLineEndings("\n"));
    }

    private static string Document()
    {
        var text = new StringBuilder("""
            # Metrics

            Written from `ServiceDefaults/Metrics/MetricCatalog*.cs` by a test, which also holds it to be current. `GET /metrics` gives Prometheus's
            text, or OpenMetrics with exemplars when asked for; `GET /metrics/json` the same as JSON. Every name has the prefix
            `METRICS_PREFIX`, `osmen_` by default. Beside them stand .NET's own meters (HTTP, Kestrel, runtime, Npgsql), without a prefix.

            | metric | type | labels | what |
            |---|---|---|---|

            """.ReplaceLineEndings("\n"));
        foreach (var m in MetricCatalog.All)
            text.Append(CultureInfo.InvariantCulture, $"| `{m.Family}` | {m.Kind.ToString().ToLowerInvariant()} | {string.Join(", ", m.Labels)} | {m.Description} |\n");
        return text.ToString();
    }

    private static string ThisFile([CallerFilePath] string path = "") => path;
}
