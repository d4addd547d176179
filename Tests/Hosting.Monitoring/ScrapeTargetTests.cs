using System.Collections.Immutable;
using System.Text.Json;
using Aspire.Hosting.Eventing;
using Aspire.Hosting.Lifecycle;
using Microsoft.Extensions.DependencyInjection;
using OsMEN.Hosting.Monitoring.Scraping;
using OsMEN.Tests.Infrastructure;

namespace OsMEN.Tests.Hosting.Monitoring;

/// <summary>The files in which Prometheus finds what to scrape, as the instances of a project come, move and go.</summary>
public sealed class ScrapeTargetTests : IAsyncLifetime
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("osmen-targets-");
    private DistributedApplication _application = null!;
    private ProjectResource _service = null!;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private string Targets => Path.Combine(_folder.FullName, "targets");

    public async ValueTask InitializeAsync()
    {
        var builder = TestModel.Run();
        var service = builder.AddService("api").WithReplicas(2);
        builder.AddPrometheusExecutable("prometheus", "prometheus", _folder.FullName).WithScrapeTarget(service);
        _service = service.Resource;
        await File.WriteAllTextAsync(Path.Combine(Targets, "api.json"), """[{"targets":["127.0.0.1:1"]}]""", Token);
        _application = builder.Build();
        var services = _application.Services;
        var subscriber = services.GetServices<IDistributedApplicationEventingSubscriber>().OfType<ScrapeTargetSubscriber>().Single();

        // Without Aspire's own subscribers, which need its orchestrator.
        var eventing = new DistributedApplicationEventing();
        await subscriber.SubscribeAsync(eventing, builder.ExecutionContext, Token);
        await eventing.PublishAsync(new BeforeStartEvent(services, services.GetRequiredService<DistributedApplicationModel>()), Token);
    }

    public async ValueTask DisposeAsync()
    {
        await _application.DisposeAsync();
        _folder.Delete(recursive: true);
    }

    [Fact]
    public async Task Targets_of_an_earlier_run_are_gone_before_the_first_replica_runs() => await HasAsync();

    [Fact]
    public async Task Two_replicas_are_two_targets_labelled_with_their_addresses()
    {
        await PublishAsync("api-1", KnownResourceStates.Running, "http://localhost:5001");
        await PublishAsync("api-2", KnownResourceStates.Running, "https://localhost:5443;http://localhost:5002");

        await HasAsync(5001, 5002);
        using var file = JsonDocument.Parse(await File.ReadAllTextAsync(Path.Combine(Targets, "api.json"), Token));
        Assert.Equal("localhost:5001", file.RootElement[0].GetProperty("labels").GetProperty("instance").GetString());
        if (!OperatingSystem.IsWindows())
            Assert.True(File.GetUnixFileMode(Path.Combine(Targets, "api.json")).HasFlag(UnixFileMode.OtherRead));
    }

    [Fact]
    public async Task Replica_that_starts_again_on_another_port_replaces_its_target()
    {
        await PublishAsync("api-1", KnownResourceStates.Running, "http://localhost:5001");
        await PublishAsync("api-2", KnownResourceStates.Running, "http://localhost:5002");
        await PublishAsync("api-2", KnownResourceStates.Finished, "http://localhost:5002");
        await PublishAsync("api-2", KnownResourceStates.Starting, "http://localhost:5003");
        await PublishAsync("api-2", KnownResourceStates.Running, "http://localhost:5003");

        await HasAsync(5001, 5003);
    }

    [Fact]
    public async Task Replica_that_dies_stays_a_target_and_one_that_is_stopped_does_not()
    {
        await PublishAsync("api-1", KnownResourceStates.Running, "http://localhost:5001");
        await PublishAsync("api-2", KnownResourceStates.Running, "http://localhost:5002");
        await PublishAsync("api-1", KnownResourceStates.Finished, "http://localhost:5001");
        await PublishAsync("api-2", KnownResourceStates.Stopping, "http://localhost:5002");

        await HasAsync(5001);
    }

    [Fact]
    public async Task Snapshot_without_an_address_is_no_target()
    {
        await PublishAsync("api", KnownResourceStates.Running, null);
        await PublishAsync("api-1", KnownResourceStates.Running, "http://localhost:5001");

        await HasAsync(5001);
    }

    private Task PublishAsync(string id, string state, string? urls) =>
        _application.ResourceNotifications.PublishUpdateAsync(_service, id, snapshot => snapshot with
        {
            State = state,
            EnvironmentVariables = urls is null ? [] : [new EnvironmentVariableSnapshot("ASPNETCORE_URLS", urls, IsFromSpec: true)],
        });

    private async Task HasAsync(params int[] ports)
    {
        var expected = ports.Select(p => FormattableString.Invariant($"127.0.0.1:{p}")).ToImmutableArray();
        ImmutableArray<string> found = [];
        try
        {
            await Programs.UntilAsync(
                async () =>
                {
                    using var file = JsonDocument.Parse(await File.ReadAllTextAsync(Path.Combine(Targets, "api.json"), Token));
                    var targets = file.RootElement.EnumerateArray().SelectMany(group => group.GetProperty("targets").EnumerateArray());
                    found = [.. targets.Select(t => t.GetString()!)];
                    return found.SequenceEqual(expected, StringComparer.Ordinal);
                },
                "the file has the targets",
                TimeSpan.FromSeconds(20));
        }
        catch (TimeoutException)
        {
            Assert.Equal(expected, found);
        }

        Assert.Equal(["api.json"], Directory.GetFiles(Targets).Select(Path.GetFileName));
    }
}
