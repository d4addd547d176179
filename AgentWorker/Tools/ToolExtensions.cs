using OsMEN.AgentWorker.Agents;
using OsMEN.AgentWorker.Mcp;
using OsMEN.AgentWorker.Tools.Files;
using OsMEN.AgentWorker.Tools.Memory;
using OsMEN.AgentWorker.Tools.SubAgents;
using OsMEN.AgentWorker.Tools.Web;
using OsMEN.ServiceDefaults.Configuration;

namespace OsMEN.AgentWorker.Tools;

/// <summary>Registers the tools of agents.</summary>
internal static class ToolExtensions
{
    /// <exception cref="ConfigurationException">A setting of theirs cannot be used.</exception>
    public static void AddTools(this IServiceCollection services, IConfiguration configuration)
    {
        services.AddSingleton(ToolOptions.Read(configuration));
        services.AddSingleton<AddressGuard>();
        services.AddSingleton<FileRoot>();
        services.AddSingleton<ProgramLauncher>();
        services.AddSingleton<McpServers>();
        services.AddSingleton<McpTools>();
        services.AddSingleton<ToolSet>();
        services.AddSingleton<IBuiltInTool, CurrentTime>();
        services.AddSingleton<IBuiltInTool, HttpGet>();
        services.AddSingleton<IBuiltInTool, ReadFile>();
        services.AddSingleton<IBuiltInTool, Recall>();
        services.AddSingleton<IBuiltInTool, Remember>();
        services.AddSingleton<IBuiltInTool, RunAgent>();
        services.AddSingleton<IBuiltInTool, SearchFiles>();
    }
}
