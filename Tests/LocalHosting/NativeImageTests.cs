using System.Text.Json;
using OsMEN.LocalHosting.Backing.Native;
using OsMEN.Tests.Infrastructure;

namespace OsMEN.Tests.LocalHosting;

/// <summary>Containers' programs that are installed here run without a container, with the container's own configuration.</summary>
public sealed class NativeImageTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("--config.file=/etc/server/server.yml", "--config.file=/home/x/etc-server/server.yml")]
    [InlineData("--storage=/server --log=/servers", "--storage=/home/x/server --log=/servers")]
    [InlineData("files: [/tmp/targets/a.json]", "files: [/home/x/tmp/targets/a.json]")]
    [InlineData("exec /bin/server --web", "exec /usr/bin/server --listen=127.0.0.1:1 --web")]
    [InlineData("targets: [other:9093, another:9093, other:90931, localhost:9090]", "targets: [127.0.0.1:41, another:9093, other:90931, 127.0.0.1:42]")]
    public void What_a_container_names_inside_is_translated_to_what_it_is_outside(string inside, string outside)
    {
        var builder = DistributedApplication.CreateBuilder([]);
        var other = builder.AddContainer("other", "prom/alertmanager").WithHttpEndpoint(targetPort: 9093);
        var self = builder.AddContainer("self", "prom/prometheus").WithHttpEndpoint(targetPort: 9090);
        other.Resource.Annotations.OfType<EndpointAnnotation>().Single().AllocatedPorts = [41];
        self.Resource.Annotations.OfType<EndpointAnnotation>().Single().AllocatedPorts = [42];
        var translation = new InsideOut(
            [("/etc/server", "/home/x/etc-server"), ("/server", "/home/x/server"), ("/tmp", "/home/x/tmp"), ("/bin/server", "/usr/bin/server --listen=127.0.0.1:1")],
            builder.Resources,
            self.Resource);
        Assert.Equal(outside, translation.Of(inside));
    }

    [Fact]
    public async Task Prometheus_scrapes_every_replica_and_knows_Alertmanager()
    {
        Programs.Need("Prometheus", "prometheus");
        Programs.Need("Alertmanager", "prometheus-alertmanager", "alertmanager");
        await using var builder = await DistributedApplicationTestingBuilder.CreateAsync<Projects.AppHost>(["--backing", "embedded"], Token);
        await using var app = await builder.BuildAsync(Token);
        await app.StartAsync(Token);
        foreach (var name in (string[])["gateway", "agentworker", "prometheus", "alertmanager"])
            await app.ResourceNotifications.WaitForResourceHealthyAsync(name, Token);

        using var http = app.CreateHttpClient("prometheus");
        var jobs = new List<string>();
        await Programs.UntilAsync(
            async () =>
            {
                using var answer = JsonDocument.Parse(await http.GetStringAsync("/api/v1/targets", Token));
                jobs = [.. answer.RootElement.GetProperty("data").GetProperty("activeTargets").EnumerateArray()
                    .Where(t => t.GetProperty("health").GetString() == "up")
                    .Select(t => t.GetProperty("labels").GetProperty("job").GetString()!).Order(StringComparer.Ordinal)];
                return jobs.Count == 4;
            },
            "every target is up");
        Assert.Equal(["agentworker", "agentworker", "gateway", "prometheus"], jobs);
        await Programs.UntilAsync(
            async () => (await http.GetStringAsync("/api/v1/alertmanagers", Token)).Contains(app.GetEndpoint("alertmanager").Authority, StringComparison.Ordinal), "it has found Alertmanager");
    }
}
