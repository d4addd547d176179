using System.Diagnostics.Metrics;
using OsMEN.Executions.Catalog;
using OsMEN.ServiceDefaults.Metrics;

namespace OsMEN.AgentWorker.Metrics;

/// <summary>How many agents there are, as this worker knows them.</summary>
internal sealed class CatalogMetrics
{
    public CatalogMetrics(MetricFactory metrics, AgentCatalog catalog) => metrics.ObservableGauge(MetricCatalog.Agents, () =>
    [
        .. catalog.List().GroupBy(a => a.Type).Select(g => Of(g.Count(), "active", JsonFields.WireName(g.Key))),
        Of(catalog.Problems.Select(p => p.Path).Distinct(StringComparer.Ordinal).Count(), "refused", "unknown"),
    ]);

    private static Measurement<double> Of(int count, string status, string type) => new(count, new("status", status), new("type", type));
}
