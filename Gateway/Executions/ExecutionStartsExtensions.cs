using OsMEN.Executions.Workflows;
using OsMEN.Gateway.Schedules;
using OsMEN.ServiceDefaults.Metrics;

namespace OsMEN.Gateway.Executions;

internal static class ExecutionStartsExtensions
{
    /// <summary>Starting executions of every kind: by request and by schedule.</summary>
    public static void AddExecutionStarts(this IHostApplicationBuilder builder)
    {
        var services = builder.Services;
        services.AddInstruments<RequestMetrics>();
        services.AddSingleton<ExecutionStarter>();
        services.AddSingleton<WorkflowRetry>();
        services.AddSingleton<ScheduleTable>();
        services.AddSingleton<ScheduleLoop>();
        services.AddHostedService(s => s.GetRequiredService<ScheduleLoop>());
    }
}
