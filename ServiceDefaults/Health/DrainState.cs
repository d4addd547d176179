using Microsoft.Extensions.Hosting;

namespace OsMEN.ServiceDefaults.Health;

/// <summary>Knows that the service is stopping, and keeps it serving for the delay that was asked for.</summary>
internal sealed class DrainState(HealthOptions options, IHostApplicationLifetime lifetime, TimeProvider time) : IHostedLifecycleService
{
    private volatile bool _stopping;

    public bool IsDraining => _stopping || lifetime.ApplicationStopping.IsCancellationRequested;

    public async Task StoppingAsync(CancellationToken cancellationToken)
    {
        _stopping = true;
        if (options.DrainDelay > TimeSpan.Zero) await Task.Delay(options.DrainDelay, time, cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    public Task StartingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StartedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StoppedAsync(CancellationToken cancellationToken) => Task.CompletedTask;
}
