using Microsoft.Extensions.AI;
using OsMEN.Executions.Catalog;

namespace OsMEN.AgentWorker.Tools;

/// <summary>The tools that agents can name. They are those of <see cref="BuiltInTools"/>, by test.</summary>
internal sealed class ToolSet(TimeProvider time)
{
    private readonly Dictionary<string, AIFunction> _tools = new AIFunction[]
    {
        AIFunctionFactory.Create(new CurrentTime(time).Get, BuiltInTools.CurrentTime),
    }.ToDictionary(t => t.Name, StringComparer.Ordinal);

    public IEnumerable<string> Names => _tools.Keys;

    /// <summary>The tools of those names; a definition was validated to name no other.</summary>
    public IEnumerable<AITool> Get(IEnumerable<string> names) => names.Select(n => _tools[n]);
}
