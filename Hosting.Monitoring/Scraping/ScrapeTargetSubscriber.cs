using Aspire.Hosting.ApplicationModel;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using OsMEN.Hosting.Monitoring.Servers;

namespace OsMEN.Hosting.Monitoring.Scraping;

/// <summary>Keeps the files in which each Prometheus finds the replicas of its targets current.</summary>
internal sealed partial class ScrapeTargetSubscriber(
    DistributedApplicationModel model, ResourceNotificationService notifications, ResourceLoggerService loggers) : BackgroundService
{
    private readonly Dictionary<ProjectResource, ReplicaSet> _projects = [];
    private readonly Dictionary<IPrometheusResource, MetricsRelay> _relays = [];

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        var servers = model.Resources.OfType<IPrometheusResource>()
            .Select(p => (Prometheus: p, Run: p.Annotations.OfType<PrometheusRunAnnotation>().LastOrDefault()))
            .Where(s => s.Run is { Targets.Count: > 0 })
            .ToDictionary(s => s.Prometheus, s => s.Run!);
        foreach (var target in servers.Values.SelectMany(run => run.Targets))
            _projects.TryAdd(target.Project, new());
        try
        {
            // What a run before this one left behind is gone before Prometheus starts.
            foreach (var (prometheus, run) in servers)
                await WriteAsync(prometheus, run, run.Targets, stoppingToken);
            await foreach (var change in notifications.WatchAsync(stoppingToken))
            {
                if (change.Resource is ProjectResource project && _projects.TryGetValue(project, out var replicas) && replicas.Observe(change.ResourceId, change.Snapshot))
                {
                    foreach (var (prometheus, run) in servers)
                        await WriteAsync(prometheus, run, run.Targets.Where(t => t.Project == project), stoppingToken);
                }
                else if (change.Resource is PrometheusResource container && servers.TryGetValue(container, out var run) && await ConnectAsync(container, run, change.Snapshot, stoppingToken))
                {
                    await WriteAsync(container, run, run.Targets, stoppingToken);
                }
            }
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // The application stops.
        }
        finally
        {
            foreach (var relay in _relays.Values)
                await relay.DisposeAsync();
        }
    }

    // A container reaches no address of this machine's loopback interface.
    private async Task<bool> ConnectAsync(PrometheusResource container, PrometheusRunAnnotation run, CustomResourceSnapshot snapshot, CancellationToken cancellationToken)
    {
        if (snapshot.State?.Text != KnownResourceStates.Running || snapshot.Properties.FirstOrDefault(p => p.Name == "container.id")?.Value is not string id)
            return false;
        var logger = loggers.GetLogger(container);
        var host = await ContainerHost.FindAsync(id, cancellationToken);
        if (_relays.TryGetValue(container, out var relay))
        {
            if (relay.Host == host)
                return false;
            await relay.DisposeAsync();
        }

        try
        {
            _relays[container] = relay = await MetricsRelay.StartAsync(host, run.Token is null ? null : await run.Token.GetValueAsync(cancellationToken), FindReplica, cancellationToken);
            LogRelay(logger, relay.Address);
            return true;
        }
        catch (IOException e)
        {
            _relays.Remove(container);
            LogNoRelay(logger, host.ListenAddress, e.Message);
            return false;
        }

        Uri? FindReplica(string replica) =>
            run.Targets
                .Select(t => _projects[t.Project].Addresses.TryGetValue(replica, out var address) ? new Uri(address, t.Path) : null)
                .FirstOrDefault(address => address is not null);
    }

    private async Task WriteAsync(IPrometheusResource prometheus, PrometheusRunAnnotation run, IEnumerable<ScrapeTarget> targets, CancellationToken cancellationToken)
    {
        foreach (var target in targets)
        {
            var replicas = _projects[target.Project];
            var groups = prometheus is not PrometheusResource
                ? TargetFile.Direct(replicas)
                : _relays.TryGetValue(prometheus, out var relay) ? TargetFile.Through(relay.Address, replicas) : [];
            try
            {
                await ServerFiles.WriteAsync(run.TargetsFileOf(target.Project), TargetFile.Create(groups), cancellationToken);
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                LogUnwritable(loggers.GetLogger(prometheus), run.TargetsFileOf(target.Project), e.Message);
            }
        }
    }

    [LoggerMessage(LogLevel.Information, "The container reads metrics of this machine's services through {Address}.")]
    private static partial void LogRelay(ILogger logger, string address);

    [LoggerMessage(LogLevel.Error, "Services of this machine are not scraped, because the AppHost cannot listen on {Address}: {Reason}")]
    private static partial void LogNoRelay(ILogger logger, System.Net.IPAddress address, string reason);

    [LoggerMessage(LogLevel.Error, "{File}, with the addresses to scrape, cannot be written: {Reason}")]
    private static partial void LogUnwritable(ILogger logger, string file, string reason);
}
