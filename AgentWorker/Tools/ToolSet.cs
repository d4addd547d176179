using Microsoft.Extensions.AI;
using OsMEN.AgentWorker.Agents;
using OsMEN.AgentWorker.Mcp;

namespace OsMEN.AgentWorker.Tools;

/// <summary>The tools of agents: built-in ones by name (those of <see cref="Executions.Catalog.BuiltInTools"/>, by test), and MCP servers'.</summary>
internal sealed class ToolSet(IEnumerable<IBuiltInTool> builtIn, McpTools mcp)
{
    private readonly Dictionary<string, IBuiltInTool> _builtIn = builtIn.ToDictionary(t => t.Name, StringComparer.Ordinal);

    public IEnumerable<string> Names => _builtIn.Keys;

    /// <summary>The tools that the agent may call in this run. A server that cannot be reached offers tools that say so.</summary>
    public async Task<IReadOnlyList<AITool>> GetAsync(AgentRun run, CancellationToken cancellationToken) =>
        [.. run.Agent.Tools.Select(name => _builtIn[name].For(run)), .. await mcp.GetAsync(run, cancellationToken)];
}
