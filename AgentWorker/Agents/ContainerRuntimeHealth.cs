using System.ComponentModel;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using OsMEN.Executions.Catalog;
using OsMEN.ServiceDefaults.Health;
using OsMEN.ServiceDefaults.Metrics;

namespace OsMEN.AgentWorker.Agents;

/// <summary>Whether the runtime of container agents answers, as a health component and as <c>container_runtime_healthy</c>. Where no agent needs one, it is not asked.</summary>
internal sealed class ContainerRuntimeHealth
{
    private readonly ContainerRuntime _runtime;
    private readonly AgentCatalog _catalog;
    private bool? _healthy;
    private bool _swept;

    public ContainerRuntimeHealth(ContainerRuntime runtime, AgentCatalog catalog, MetricFactory metrics)
    {
        (_runtime, _catalog) = (runtime, catalog);
        metrics.ObservableGauge(MetricCatalog.ContainerRuntimeHealthy, () => _healthy is { } healthy ? [new(healthy ? 1 : 0)] : []);
    }

    public static void Add(IHostApplicationBuilder builder)
    {
        builder.Services.AddSingleton<ContainerRuntime>();
        builder.Services.AddInstruments<ContainerRuntimeHealth>();
        builder.AddHealthComponent(
            "container_runtime", (services, token) => services.GetRequiredService<ContainerRuntimeHealth>().CheckAsync(token), period: TimeSpan.FromSeconds(30), timeout: TimeSpan.FromSeconds(10));
    }

    private async Task<HealthCheckResult> CheckAsync(CancellationToken cancellationToken)
    {
        if (_catalog.List().All(a => a.Type != AgentType.Container))
        {
            _healthy = null;
            return HealthCheckResult.Healthy("No agent runs in a container.");
        }

        try
        {
            var version = await _runtime.VersionAsync(cancellationToken);
            if (!_swept)
                await _runtime.RemoveLeftoversAsync(cancellationToken);
            (_swept, _healthy) = (true, true);
            return HealthCheckResult.Healthy($"Version {version}");
        }
        catch (Exception e) when (e is InvalidOperationException or OperationCanceledException or Win32Exception)
        {
            _healthy = false;
            return HealthCheckResult.Unhealthy(e.Message);
        }
    }
}
