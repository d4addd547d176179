using OsMEN.AppHost;
using OsMEN.Hosting.Monitoring;
using OsMEN.LocalHosting.Backing;
using OsMEN.Tests.Infrastructure;

namespace OsMEN.Tests.LocalHosting;

/// <summary>What AppHost sets, and what whoever starts it may set instead.</summary>
[Collection(AloneOnTheMachine.Name)]
public sealed class CallerSettingsTests
{
    [Theory]
    [InlineData(null, "/srv/app/monitoring/alerts.yaml", "/srv/app/catalog", "http://127.0.0.1:9090")]
    [InlineData("own/file", "/srv/app/own/file", "/srv/app/own/file", "own/file")]
    [InlineData("/own/file", "/own/file", "/own/file", "/own/file")]
    public async Task What_the_environment_sets_goes_first_and_its_paths_begin_at_the_solution(string? own, string rules, string catalog, string prometheus)
    {
        string[] names = ["MONITORING_CONFIG_PATH", "CATALOG_PATH", "PROMETHEUS_URL"];
        var before = names.Select(Environment.GetEnvironmentVariable).ToArray();
        try
        {
            foreach (var name in names)
                Environment.SetEnvironmentVariable(name, own);
            Assert.Equal([rules, catalog, prometheus], await GivenAsync([]));
        }
        finally
        {
            foreach (var (name, value) in names.Zip(before))
                Environment.SetEnvironmentVariable(name, value);
        }
    }

    // What reaches the gateway: what AppHost gives it, over what it inherits.
    private static async Task<IEnumerable<string?>> GivenAsync(string[] arguments)
    {
        var builder = DistributedApplication.CreateBuilder(new DistributedApplicationOptions { Args = arguments, ProjectDirectory = "/srv/app/AppHost" });
        var prometheus = builder.AddPrometheus("prometheus", port: 9090);
        prometheus.Resource.Annotations.OfType<EndpointAnnotation>().Single().AllocatedPorts = [9090];
        var gateway = builder.AddProject<Projects.Gateway>("gateway").WithCatalog().WithAlertRules().WithAlertsOver(prometheus);
        var given = await GivenEnvironment.ResolveAsync(gateway.Resource, [], Viewpoint.Host, TestContext.Current.CancellationToken);
        return ((string[])["MONITORING_CONFIG_PATH", "CATALOG_PATH", "PROMETHEUS_URL"]).Select(n => given.GetValueOrDefault(n) ?? Environment.GetEnvironmentVariable(n));
    }
}
