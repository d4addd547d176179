using OsMEN.AgentWorker.Agents;
using OsMEN.AgentWorker.Claiming;
using OsMEN.AgentWorker.Metrics;
using OsMEN.AgentWorker.Tools;
using OsMEN.AgentWorker.Workflows;
using OsMEN.Executions;
using OsMEN.Executions.Catalog;
using OsMEN.Llm;
using OsMEN.ServiceDefaults;
using OsMEN.ServiceDefaults.Configuration;
using OsMEN.ServiceDefaults.Metrics;

namespace OsMEN.AgentWorker;

/// <summary>What makes a host a worker.</summary>
internal static class WorkerExtensions
{
    public static void AddWorker(this IHostApplicationBuilder builder)
    {
        builder.AddServiceDefaults();
        builder.AddExecutions();
        InstancePresence.Add(builder.Services, "agentworker");
        var services = builder.Services;
        services.AddLlm(builder.Configuration, builder.Environment);
        services.AddOptions<WorkerOptions>().BindConfiguration(WorkerOptions.Section).ValidateRanges(WorkerOptions.Section).ValidateOnStart();
        services.AddTools(builder.Configuration);
        services.AddSingleton<IAgentRunner, LlmAgentRunner>();
        services.AddSingleton<IAgentRunner, ProcessAgentRunner>();
        services.AddSingleton<IAgentRunner, ContainerAgentRunner>();
        ContainerRuntimeHealth.Add(builder);
        services.AddSingleton<AgentRunners>();
        services.AddSingleton<AgentAssignments>();
        services.AddSingleton<WorkflowRunner>();
        services.AddSingleton<WorkerIdentity>();
        services.AddInstruments<ExecutionMetrics>();
        services.AddSingleton(s => new ProcessMetrics(
            s.GetRequiredService<MetricFactory>(), () => s.GetRequiredService<AgentCatalog>().List().Where(a => a.Type != AgentType.Llm).Select(a => a.Id)));
        services.AddInstruments<CatalogMetrics>();
        services.AddSingleton<ExecutionRunner>();
        services.AddSingleton<WorkerSlots>();
        services.AddSingleton<ClaimLoop>();

        // The last to start is the first to stop: it drains while the others still work.
        services.AddHostedService<RescueLoop>();
        services.AddHostedService<PresenceLoop>();
        services.AddHostedService(s => s.GetRequiredService<ClaimLoop>());
        services.AddOptions<HostOptions>().Configure<Microsoft.Extensions.Options.IOptions<WorkerOptions>>(
            (host, worker) => host.ShutdownTimeout = worker.Value.DrainTimeout + TimeSpan.FromSeconds(15));
    }
}
