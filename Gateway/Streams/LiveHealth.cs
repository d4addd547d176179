using System.Globalization;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using OsMEN.Executions;
using OsMEN.Llm;
using OsMEN.ServiceDefaults.Health;

namespace OsMEN.Gateway.Streams;

/// <summary>Components of the gateway's health beside the critical ones: what is missing here only degrades.</summary>
internal static class LiveHealth
{
    public static void AddLiveHealth(this IHostApplicationBuilder builder)
    {
        builder.AddHealthComponent("websocket", (services, _) => Task.FromResult(Connections(services.GetRequiredService<WebSocketConnections>())));
        builder.AddHealthComponent("workers", (services, _) => WorkersAsync(services.GetRequiredService<WorkerPresence>()));
        builder.AddHealthComponent("llm", (services, _) => Task.FromResult(Providers(services.GetRequiredService<LlmOptions>())));
    }

    private static HealthCheckResult Connections(WebSocketConnections connections) => HealthCheckResult.Healthy(
        string.Create(CultureInfo.InvariantCulture, $"{connections.Open} connections"), Data(("connections", connections.Open)));

    private static async Task<HealthCheckResult> WorkersAsync(WorkerPresence presence)
    {
        var workers = await presence.ListAsync();
        var data = Data(("workers", workers.Count), ("slots", workers.Sum(w => w.Slots)), ("used", workers.Sum(w => w.Used)));
        return workers.Any(w => !w.Draining)
            ? HealthCheckResult.Healthy(string.Create(CultureInfo.InvariantCulture, $"{workers.Count} workers"), data)
            : HealthCheckResult.Unhealthy("No worker is there: what is accepted waits.", data: data);
    }

    private static HealthCheckResult Providers(LlmOptions options) => HealthCheckResult.Healthy(
        $"Default {options.DefaultModel}", Data(("providers", string.Join(", ", options.Available)), ("default_model", options.DefaultModel.ToString())));

    private static Dictionary<string, object> Data(params ReadOnlySpan<(string Name, object Value)> values)
    {
        var data = new Dictionary<string, object>(StringComparer.Ordinal);
        foreach (var (name, value) in values)
            data[name] = value;
        return data;
    }
}
