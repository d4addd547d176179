using System.Collections.Frozen;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using OpenTelemetry;
using OsMEN.ServiceDefaults.Logging;

namespace OsMEN.ServiceDefaults.Health;

/// <summary>
/// Runs every registered check in the background, each on its period and within its timeout, and keeps the latest results: an
/// endpoint never waits for a dependency. The first round runs at start; what is critical and down is looked at every second.
/// </summary>
internal sealed partial class HealthMonitor(
    IOptions<HealthCheckServiceOptions> checks, IServiceScopeFactory scopes, HealthHistory history, HealthMetrics metrics, TimeProvider time, ILogger<HealthMonitor> logger)
    : BackgroundService
{
    private static readonly TimeSpan RecoveryPeriod = TimeSpan.FromSeconds(1);

    /// <summary>Every component by name.</summary>
    public FrozenDictionary<string, HealthComponent> Components { get; } =
        checks.Value.Registrations.ToFrozenDictionary(r => r.Name, r => new HealthComponent(r), StringComparer.Ordinal);

    public DateTimeOffset StartedAt { get; } = time.GetUtcNow();

    public DateTimeOffset Now => time.GetUtcNow();

    /// <summary>Unhealthy while a critical component is, degraded while anything else is not well.</summary>
    public HealthStatus Overall
    {
        get
        {
            var overall = HealthStatus.Healthy;
            foreach (var component in Components.Values)
            {
                if (component.Status == HealthStatus.Healthy) continue;
                if (component.Status == HealthStatus.Unhealthy && component.IsCritical) return HealthStatus.Unhealthy;
                overall = HealthStatus.Degraded;
            }
            return overall;
        }
    }

    /// <summary>The critical components that are down or not yet known.</summary>
    public IEnumerable<string> Failing => Components.Values.Where(c => c.IsCritical && c.Status == HealthStatus.Unhealthy).Select(c => c.Name).Order(StringComparer.Ordinal);

    /// <summary>Runs the check now; joins a run that is under way.</summary>
    public Task<ComponentResult> CheckAsync(HealthComponent component)
    {
        lock (component)
        {
            if (component.Running is not { IsCompleted: false }) component.Running = Task.Run(() => RunAsync(component));
            return component.Running;
        }
    }

    protected override Task ExecuteAsync(CancellationToken stoppingToken) =>
        Task.WhenAll(Components.Values.Select(c => RepeatAsync(c, stoppingToken)));

    private async Task RepeatAsync(HealthComponent component, CancellationToken stopping)
    {
        while (!stopping.IsCancellationRequested)
        {
            var result = await CheckAsync(component).WaitAsync(stopping);
            var period = component.IsCritical && result.Status == HealthStatus.Unhealthy && component.Period > RecoveryPeriod ? RecoveryPeriod : component.Period;
            await Task.Delay(period, time, stopping);
        }
    }

    private async Task<ComponentResult> RunAsync(HealthComponent component)
    {
        // A trace for every look at every dependency would bury the others.
        using var untraced = SuppressInstrumentationScope.Begin();
        var started = time.GetTimestamp();
        var answer = await AskAsync(component);
        var result = new ComponentResult(
            answer.Status,
            answer.Description is { } text ? SecretRedactor.Redact(text) : answer.Exception is { } e ? SecretRedactor.Redact($"{e.GetType().Name}: {e.Message}") : null,
            answer.Data,
            time.GetElapsedTime(started),
            time.GetUtcNow());
        var before = component.Latest?.Status;
        component.Record(result);
        metrics.Checked(component.Name, result.ResponseTime);
        if (before == result.Status) return result;

        history.Add(component.Name, before, result);
        if (result.Status != HealthStatus.Healthy)
        {
            // An outage is an error, once: what fails because of it is logged as a warning.
            var isOutage = result.Status == HealthStatus.Unhealthy || answer.Exception is not null;
            LogDown(logger, isOutage ? LogLevel.Error : LogLevel.Warning, component.Name, result.Status, result.Message ?? "");
        }
        else if (before is not null) LogUp(logger, component.Name);
        return result;
    }

    private async Task<HealthCheckResult> AskAsync(HealthComponent component)
    {
        if (component.Stuck is { IsCompleted: false }) return HealthCheckResult.Unhealthy("An earlier check has not ended yet.");
        component.Stuck = null;
        var scope = scopes.CreateAsyncScope();
        using var limit = new CancellationTokenSource(component.Timeout, time);
        Task<HealthCheckResult>? asking = null;
        try
        {
            var check = component.Registration.Factory(scope.ServiceProvider);
            asking = check.CheckHealthAsync(new HealthCheckContext { Registration = component.Registration }, limit.Token);
            return await asking.WaitAsync(limit.Token);
        }
        catch (OperationCanceledException) when (limit.IsCancellationRequested)
        {
            if (asking is { IsCompleted: false }) component.Stuck = asking;
            return new(component.Registration.FailureStatus, $"No answer within {component.Timeout.TotalSeconds:0.###} s.");
        }
        catch (Exception e)
        {
            return new(component.Registration.FailureStatus, exception: e);
        }
        finally
        {
            if (component.Stuck is { } stuck) _ = stuck.ContinueWith(_ => scope.DisposeAsync().AsTask(), CancellationToken.None, TaskContinuationOptions.None, TaskScheduler.Default);
            else await scope.DisposeAsync();
        }
    }

    [LoggerMessage(Message = "{Component} is {Health}: {Reason}")]
    private static partial void LogDown(ILogger logger, LogLevel level, string component, HealthStatus health, string reason);

    [LoggerMessage(Level = LogLevel.Information, Message = "{Component} is healthy again")]
    private static partial void LogUp(ILogger logger, string component);
}
