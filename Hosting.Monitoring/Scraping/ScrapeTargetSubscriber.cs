using Aspire.Hosting;
using Aspire.Hosting.ApplicationModel;
using Aspire.Hosting.Eventing;
using Aspire.Hosting.Lifecycle;
using Microsoft.Extensions.Logging;
using OsMEN.Hosting.Monitoring.Servers;

namespace OsMEN.Hosting.Monitoring.Scraping;

/// <summary>
/// Keeps the files in which each Prometheus finds the replicas of its targets current. It begins before Aspire starts the first resource: a
/// hosted service would begin when every resource has found what it waits for, which may be never.
/// </summary>
internal sealed partial class ScrapeTargetSubscriber(ResourceNotificationService notifications, ResourceLoggerService loggers)
    : IDistributedApplicationEventingSubscriber, IAsyncDisposable
{
    private readonly Dictionary<ProjectResource, ReplicaSet> _projects = [];
    private readonly Dictionary<IPrometheusResource, PrometheusRunAnnotation> _servers = [];
    private readonly Dictionary<IPrometheusResource, MetricsRelay> _relays = [];
    private readonly CancellationTokenSource _stop = new();
    private Task _watching = Task.CompletedTask;

    public Task SubscribeAsync(
        IDistributedApplicationEventing eventing, DistributedApplicationExecutionContext executionContext, CancellationToken cancellationToken)
    {
        eventing.Subscribe<BeforeStartEvent>(StartAsync);
        return Task.CompletedTask;
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _watching;
        foreach (var relay in _relays.Values)
            await relay.DisposeAsync();
        _stop.Dispose();
    }

    private async Task StartAsync(BeforeStartEvent start, CancellationToken cancellationToken)
    {
        foreach (var prometheus in start.Model.Resources.OfType<IPrometheusResource>())
        {
            if (!prometheus.TryGetLastAnnotation<PrometheusRunAnnotation>(out var run))
                continue;
            _servers[prometheus] = run;
            foreach (var target in run.Targets)
                _projects.TryAdd(target.Project, new());

            // What a run before this one left behind is gone before Prometheus starts.
            await WriteAsync(prometheus, run.Targets, cancellationToken);
        }

        _watching = WatchAsync(_stop.Token);
    }

    private async Task WatchAsync(CancellationToken cancellationToken)
    {
        try
        {
            await foreach (var change in notifications.WatchAsync(cancellationToken))
            {
                if (change.Resource is ProjectResource project && _projects.TryGetValue(project, out var replicas))
                {
                    if (!replicas.Observe(change.ResourceId, change.Snapshot))
                        continue;
                    foreach (var (prometheus, run) in _servers)
                        await WriteAsync(prometheus, run.Targets.Where(t => t.Project == project), cancellationToken);
                }
                else if (change.Resource is PrometheusResource container && _servers.TryGetValue(container, out var run))
                {
                    if (await ConnectAsync(container, run, change.Snapshot, cancellationToken))
                        await WriteAsync(container, run.Targets, cancellationToken);
                }
            }
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            // The application stops.
        }
    }

    // A container reaches no address of this machine's loopback interface.
    private async Task<bool> ConnectAsync(
        PrometheusResource container, PrometheusRunAnnotation run, CustomResourceSnapshot snapshot, CancellationToken cancellationToken)
    {
        if (snapshot.State?.Text != KnownResourceStates.Running || IdOf(snapshot) is not { } id)
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
            var token = run.Token is null ? null : await run.Token.GetValueAsync(cancellationToken);
            _relays[container] = relay = await MetricsRelay.StartAsync(host, token, FindReplica, cancellationToken);
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

    private static string? IdOf(CustomResourceSnapshot snapshot) =>
        snapshot.Properties.FirstOrDefault(p => p.Name == "container.id")?.Value as string;

    private async Task WriteAsync(IPrometheusResource prometheus, IEnumerable<ScrapeTarget> targets, CancellationToken cancellationToken)
    {
        var run = _servers[prometheus];
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
