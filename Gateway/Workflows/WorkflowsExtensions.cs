using OsMEN.Executions.Workflows;
using OsMEN.Gateway.Executions;
using OsMEN.Gateway.Schedules;

namespace OsMEN.Gateway.Workflows;

internal static class WorkflowsExtensions
{
    /// <summary>Starting executions of every kind, by request and by schedule.</summary>
    public static void AddExecutionStarts(this IHostApplicationBuilder builder)
    {
        var services = builder.Services;
        services.AddSingleton<ExecutionStarter>();
        services.AddSingleton<WorkflowRetry>();
        services.AddSingleton<ScheduleTable>();
        services.AddSingleton<ScheduleLoop>();
        services.AddHostedService(s => s.GetRequiredService<ScheduleLoop>());
    }

    /// <summary>Commands, workflows and approvals.</summary>
    public static void MapCommandsAndWorkflows(this IEndpointRouteBuilder app)
    {
        app.MapCommandsApi();
        app.MapWorkflowsApi();
        app.MapApprovalsApi();
    }
}
