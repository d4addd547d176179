using Microsoft.Extensions.Hosting;

namespace OsMEN.AppHost.Running;

/// <summary>Stops gateway and workers before anything that they need, so that they drain while database and Redis still answer.</summary>
internal sealed class OrderlyStop(DistributedApplicationModel model, ResourceCommandService commands) : IHostedService
{
    public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StopAsync(CancellationToken cancellationToken) =>
        Task.WhenAll(model.GetProjectResources().Select(p => commands.ExecuteCommandAsync(p, KnownResourceCommands.StopCommand, cancellationToken)));
}
