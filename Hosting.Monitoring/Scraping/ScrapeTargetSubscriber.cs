using System.Net;
using System.Net.Sockets;
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
    private readonly Dictionary<IPrometheusResource, (string ContainerId, MetricsRelay Relay)> _relays = [];
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
        foreach (var (_, relay) in _relays.Values)
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
                try
                {
                    await ObserveAsync(change, cancellationToken);
                }
                catch (Exception e) when (e is not OperationCanceledException)
                {
                    LogFailure(loggers.GetLogger(change.Resource), e);
                }
            }
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            // The application stops.
        }
    }

    private async Task ObserveAsync(ResourceEvent change, CancellationToken cancellationToken)
    {
        if (change.Resource is ProjectResource project && _projects.TryGetValue(project, out var replicas))
        {
            if (!replicas.Observe(change.ResourceId, change.Snapshot))
                return;
            foreach (var (prometheus, run) in _servers)
                await WriteAsync(prometheus, run.Targets.Where(t => t.Project == project), cancellationToken);
        }
        else if (change.Resource is PrometheusResource container && _servers.TryGetValue(container, out var run)
            && await ConnectAsync(container, run, change.Snapshot, cancellationToken))
        {
            await WriteAsync(container, run.Targets, cancellationToken);
        }
    }

    // A container reaches no address of this machine's loopback interface.
    private async Task<bool> ConnectAsync(
        PrometheusResource container, PrometheusRunAnnotation run, CustomResourceSnapshot snapshot, CancellationToken cancellationToken)
    {
        if (snapshot.State?.Text != KnownResourceStates.Running || IdOf(snapshot) is not { } id)
            return false;
        if (_relays.TryGetValue(container, out var known))
        {
            if (known.ContainerId == id)
                return false;
            _relays.Remove(container);
            await known.Relay.DisposeAsync();
        }

        var logger = loggers.GetLogger(container);
        var host = await ContainerHost.FindAsync(id, cancellationToken);
        try
        {
            var token = run.Token is null ? null : await run.Token.GetValueAsync(cancellationToken);
            var relay = await MetricsRelay.StartAsync(host, token, FindReplica, cancellationToken);
            _relays[container] = (id, relay);
            LogRelay(logger, relay.Address);
            return true;
        }
        catch (Exception e) when (e is IOException or SocketException)
        {
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
                : _relays.TryGetValue(prometheus, out var known) ? TargetFile.Through(known.Relay.Address, replicas) : [];
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
    private static partial void LogNoRelay(ILogger logger, IPAddress address, string reason);

    [LoggerMessage(LogLevel.Error, "The addresses to scrape may be out of date until the resource changes again.")]
    private static partial void LogFailure(ILogger logger, Exception e);

    [LoggerMessage(LogLevel.Error, "{File}, with the addresses to scrape, cannot be written: {Reason}")]
    private static partial void LogUnwritable(ILogger logger, string file, string reason);
}
