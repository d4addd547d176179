using OsMEN.ServiceDefaults.Metrics;
using OsMEN.ServiceDefaults.StandIns.Prometheus;

namespace OsMEN.Tests.ServiceDefaults.StandIns;

public sealed class PrometheusNameTests
{
    [Theory]
    [InlineData("http.server.request.duration", "s", false, false, "http_server_request_duration_seconds", "seconds")]
    [InlineData("requests.total", "{request}", true, false, "requests", "")]
    [InlineData("memory.usage", "By", false, true, "memory_usage_bytes", "bytes")]
    [InlineData("memory.usage_bytes", "By", false, true, "memory_usage_bytes", "bytes")]
    [InlineData("hit", "1", false, true, "hit_ratio", "ratio")]
    [InlineData("hit", "1", true, false, "hit", "")]
    [InlineData("cpu", "%", false, true, "cpu_percent", "percent")]
    [InlineData("speed", "By/s", false, true, "speed_bytes_per_second", "bytes_per_second")]
    [InlineData("rate", "{packet}/s", false, true, "rate_per_second", "per_second")]
    [InlineData("9lives__of--cat", null, false, true, "_9lives_of_cat", "")]
    [InlineData("größe", "", false, true, "gr_e", "")]
    [InlineData("a:b", "", false, true, "a:b", "")]
    public void Names_and_units_follow_the_specification(string name, string? unit, bool counter, bool gauge, string expected, string expectedUnit) =>
        Assert.Equal((expected, expectedUnit), PrometheusName.ForMetric(name, unit, counter, gauge));

    [Fact]
    public void Every_metric_of_the_catalogue_is_exposed_under_its_name() =>
        Assert.All(MetricCatalog.All, m =>
        {
            var (name, _) = PrometheusName.ForMetric(m.InstrumentName, m.Unit, m.Kind == MetricKind.Counter, m.Kind == MetricKind.Gauge);
            Assert.Equal(m.Family, m.Kind == MetricKind.Counter ? name + "_total" : name);
        });
}
