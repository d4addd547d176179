using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using Microsoft.Extensions.AI;
using ModelContextProtocol.Protocol;
using OsMEN.AgentWorker.Agents;
using OsMEN.AgentWorker.Tools;
using OsMEN.Executions;
using OsMEN.Executions.Catalog;

namespace OsMEN.AgentWorker.Mcp;

/// <summary>The tools of MCP servers, as an agent's declaration allows them.</summary>
internal sealed class McpTools(McpServers servers, TimeProvider time)
{
    /// <summary>Every allowed tool. Those of a server that does not answer are there too: to call one tells the model why it cannot.</summary>
    public async Task<IReadOnlyList<AITool>> GetAsync(AgentRun run, CancellationToken cancellationToken)
    {
        var tools = new List<AITool>();
        foreach (var declared in run.Agent.Mcp)
        {
            try
            {
                await using var server = await UseAsync(run, declared, cancellationToken);
                var offered = await server.ListToolsAsync(declared.Timeout, cancellationToken);
                tools.AddRange(declared.Allow.Select(name => offered.TryGetValue(name, out var tool)
                    ? new McpTool(this, run, declared, tool)
                    : (AITool)new McpTool(this, run, declared, Missing(name, "the server has no such tool"))));
            }
            catch (ToolFailedException e)
            {
                await run.LogAsync(e.Message, cancellationToken, EventLogLevel.Warning);
                tools.AddRange(declared.Allow.Select(name => new McpTool(this, run, declared, Missing(name, e.Message))));
            }
        }

        return tools;
    }

    // A start can take long: the execution's events and its trace show it.
    private async Task<McpLease> UseAsync(AgentRun run, McpServerDefinition declared, CancellationToken cancellationToken)
    {
        if (servers.IsConnected(declared, run.Agent.Folder))
            return await servers.UseAsync(declared, run.Agent.Folder, cancellationToken);
        using var span = AgentRunners.Source.StartActivity($"start_mcp_server {declared.Name}");
        await run.LogAsync($"Starting MCP server {declared.Name}", cancellationToken);
        var started = time.GetTimestamp();
        McpLease lease;
        try
        {
            lease = await servers.UseAsync(declared, run.Agent.Folder, cancellationToken);
        }
        catch (Exception e)
        {
            span?.SetTag("error.type", e.GetType().FullName);
            span?.SetStatus(ActivityStatusCode.Error, e is ToolFailedException ? e.Message : null);
            throw;
        }

        try
        {
            await run.LogAsync(string.Create(CultureInfo.InvariantCulture, $"MCP server {declared.Name} started in {time.GetElapsedTime(started).TotalSeconds:0.0} s"), cancellationToken);
            return lease;
        }
        catch
        {
            await lease.DisposeAsync();
            throw;
        }
    }

    private static Tool Missing(string name, string why) => new() { Name = name, Description = $"Not available: {why}." };

    /// <summary>One tool. A call takes the server from the pool, so that one that has gone is started anew.</summary>
    private sealed class McpTool(McpTools servers, AgentRun run, McpServerDefinition declared, Tool tool) : AIFunction
    {
        private const int MaxDescription = 4000;

        // The hint is the server's word; whoever declared the server trusts it. Without one a call is taken to have an effect.
        private readonly bool _repeatable = tool.Annotations is { ReadOnlyHint: true } or { IdempotentHint: true };

        public override string Name { get; } = declared.ToolName(tool.Name);

        public override string Description => tool.Description is { Length: > MaxDescription } text ? text[..MaxDescription] : tool.Description ?? "";

        public override JsonElement JsonSchema => tool.InputSchema;

        public override IReadOnlyDictionary<string, object?> AdditionalProperties => ToolFunctions.Properties(_repeatable);

        protected override async ValueTask<object?> InvokeCoreAsync(AIFunctionArguments arguments, CancellationToken cancellationToken)
        {
            await using var server = await servers.UseAsync(run, declared, cancellationToken);
            var result = await server.CallAsync(tool.Name, arguments.ToDictionary(StringComparer.Ordinal), declared.Timeout, cancellationToken);
            var text = Text(result);
            return result.IsError == true ? throw new ToolFailedException(text) : text;
        }

        private static string Text(CallToolResult result)
        {
            var parts = result.Content.Select(block => block switch
            {
                TextContentBlock text => text.Text,
                EmbeddedResourceBlock { Resource: TextResourceContents resource } => resource.Text,
                ResourceLinkBlock link => $"{link.Name}: {link.Uri}",
                _ => string.Create(CultureInfo.InvariantCulture, $"({block.Type}, which cannot be shown as text)"),
            });
            var all = string.Join('\n', parts);
            return all.Length == 0 && result.StructuredContent is { } structured ? structured.ToString() : all;
        }
    }
}
