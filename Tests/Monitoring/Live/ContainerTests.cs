using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json;
using OsMEN.Tests.Infrastructure;
using ContainerRuntime = OsMEN.AppHost.Backing.ContainerRuntime;

namespace OsMEN.Tests.Monitoring.Live;

/// <summary>
/// The whole system with PostgreSQL, Redis, Prometheus and Alertmanager in containers. Needs a container runtime that answers and their
/// images: pulled, or built by <c>eng/stand-in-images.sh</c>. Grafana, Loki and Jaeger have no stand-in and are not started.
/// </summary>
[Collection(AloneOnTheMachine.Name)]
public sealed class ContainerTests
{
    private const string AdminKey = "containertests0123456789";

    private static readonly string[] s_servers = ["postgres", "redis", "prometheus", "alertmanager"];
    private static readonly string[] s_notStarted = ["grafana", "loki", "jaeger"];
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(3);

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Servers_run_in_containers_and_Prometheus_scrapes_every_replica_of_this_machine()
    {
        if (ContainerRuntime.Find() is { Answers: false, Reason: var reason })
            Assert.Skip($"No container runtime answers: {reason}");
        var data = Directory.CreateTempSubdirectory("osmen-containers-");
        await using var builder = await DistributedApplicationTestingBuilder.CreateAsync<Projects.AppHost>(
            ["--backing", "container", "--data", data.FullName, $"--Parameters:admin-key={AdminKey}"], Token);
        builder.Quieten();
        foreach (var name in s_notStarted)
            builder.CreateResourceBuilder(builder.Resources.OfType<ContainerResource>().Single(r => r.Name == name)).WithExplicitStart();
        builder.CreateResourceBuilder(builder.Resources.OfType<PrometheusResource>().Single()).WithScrapeInterval(TimeSpan.FromSeconds(1));
        await RequireImagesAsync(builder.Resources);
        var volumes = builder.Resources
            .SelectMany(r => r.Annotations.OfType<ContainerMountAnnotation>())
            .Where(m => m.Type == ContainerMountType.Volume)
            .Select(m => m.Source!)
            .ToArray();
        try
        {
            await using var application = await builder.BuildAsync(Token);
            await application.StartAsync(Token);
            foreach (var name in (string[])[.. s_servers, "gateway", "agentworker"])
                await application.ResourceNotifications.WaitForResourceHealthyAsync(name, Token).WaitAsync(Patience, Token);

            await AgentAnswersAsync(application);
            await EveryReplicaIsScrapedAsync(application);
            await NothingButMetricsIsReachableAsync(application);
        }
        finally
        {
            foreach (var volume in volumes)
                await DockerAsync("volume", "rm", "--force", volume);
            data.Delete(recursive: true);
        }
    }

    private static async Task AgentAnswersAsync(DistributedApplication application)
    {
        using var gateway = application.CreateHttpClient("gateway");
        gateway.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", $"osm_{AdminKey}");
        using var response = await gateway.PostAsJsonAsync(
            "/api/v1/agents/daily_brief/executions?wait=30s", new { input = new { text = "09:00 design review." } }, Token);
        var execution = await response.Content.ReadFromJsonAsync<JsonElement>(Token);
        Assert.Equal((HttpStatusCode.OK, "COMPLETED"), (response.StatusCode, execution.GetProperty("status").GetString()));
    }

    private static async Task EveryReplicaIsScrapedAsync(DistributedApplication application)
    {
        using var prometheus = application.CreateHttpClient("prometheus");
        IReadOnlyList<(IReadOnlyDictionary<string, string> Labels, double Value)> up = [];
        try
        {
            await Programs.UntilAsync(
                async () => (up = await PrometheusServer.QueryAsync(prometheus, "up{job=~\"gateway|agentworker\"}")) is { Count: 3 }
                    && up.All(u => u.Value == 1),
                "every replica is up",
                Patience);
        }
        catch (TimeoutException)
        {
            Assert.Fail($"Not every replica is up: {await prometheus.GetStringAsync("/api/v1/targets", Token)}");
        }

        Assert.Equal(["agentworker", "agentworker", "gateway"], up.Select(u => u.Labels["job"]).Order(StringComparer.Ordinal));
        Assert.Equal(3, up.Select(u => u.Labels["instance"]).Distinct(StringComparer.Ordinal).Count());
        await Programs.UntilAsync(
            async () => (await DataAsync(prometheus, "/api/v1/alertmanagers")).GetProperty("activeAlertmanagers").GetArrayLength() == 1,
            "Prometheus has its Alertmanager");
        using var alertmanager = application.CreateHttpClient("alertmanager");
        Assert.True((await alertmanager.GetAsync("/-/ready", Token)).IsSuccessStatusCode);
    }

    // What Prometheus reads through, asked without its token and for something else.
    private static async Task NothingButMetricsIsReachableAsync(DistributedApplication application)
    {
        using var prometheus = application.CreateHttpClient("prometheus");
        var gateway = (await DataAsync(prometheus, "/api/v1/targets")).GetProperty("activeTargets").EnumerateArray()
            .First(t => t.GetProperty("labels").GetProperty("job").GetString() == "gateway");
        var scraped = new Uri(gateway.GetProperty("scrapeUrl").GetString()!);
        using var http = new HttpClient();
        Assert.Equal(HttpStatusCode.Unauthorized, (await http.GetAsync(scraped, Token)).StatusCode);
        Assert.Equal(HttpStatusCode.Unauthorized, (await http.GetAsync(new Uri(scraped, "/health/ready"), Token)).StatusCode);
    }

    private static async Task<JsonElement> DataAsync(HttpClient prometheus, string path) =>
        (await prometheus.GetFromJsonAsync<JsonElement>(path, Token)).GetProperty("data");

    private static async Task RequireImagesAsync(IEnumerable<IResource> resources)
    {
        foreach (var resource in resources.Where(r => s_servers.Contains(r.Name, StringComparer.Ordinal)))
        {
            if (!resource.TryGetContainerImageName(out var image))
                throw new InvalidOperationException($"{resource.Name} is not a container.");
            if (await DockerAsync("image", "inspect", image) != 0 && await DockerAsync("pull", "--quiet", image) != 0)
                Assert.Skip($"The image {image} cannot be pulled; eng/stand-in-images.sh builds it from Debian's packages.");
        }
    }

    private static async Task<int> DockerAsync(params string[] arguments)
    {
        using var process = Programs.Start(Environment.GetEnvironmentVariable("ASPIRE_CONTAINER_RUNTIME") ?? "docker", arguments);
        var (output, errors) = (process.StandardOutput.ReadToEndAsync(Token), process.StandardError.ReadToEndAsync(Token));
        await Task.WhenAll(output, errors, process.WaitForExitAsync(Token));
        return process.ExitCode;
    }
}
