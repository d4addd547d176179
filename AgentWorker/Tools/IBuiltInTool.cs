using Microsoft.Extensions.AI;
using OsMEN.AgentWorker.Agents;

namespace OsMEN.AgentWorker.Tools;

/// <summary>A tool that agents can name. What its method throws as <see cref="ToolFailedException"/> or argument error is told to the model.</summary>
internal interface IBuiltInTool
{
    string Name { get; }

    /// <summary>The tool for one attempt of an execution.</summary>
    AIFunction For(AgentRun run);
}

/// <summary>Makes tools of methods, and tells which may run twice.</summary>
internal static class ToolFunctions
{
    private const string Repeatable = "osmen.repeatable";

    private static readonly Dictionary<string, object?> RepeatableProperties = new(StringComparer.Ordinal) { [Repeatable] = true };

    /// <param name="repeatable">Whether a call that may have run already can run again: it has no effect, or the same one.</param>
    public static AIFunction Create(Delegate method, string name, bool repeatable) =>
        AIFunctionFactory.Create(method, new AIFunctionFactoryOptions { Name = name, AdditionalProperties = repeatable ? RepeatableProperties : null });

    public static bool IsRepeatable(AITool tool) => tool.AdditionalProperties.TryGetValue(Repeatable, out var value) && value is true;

    public static IReadOnlyDictionary<string, object?> Properties(bool repeatable) => repeatable ? RepeatableProperties : new Dictionary<string, object?>(StringComparer.Ordinal);
}

/// <summary>Which call of an execution a tool runs for; in the arguments' context.</summary>
internal sealed record ToolCallKey(int Round, string CallId)
{
    public static AIFunctionArguments Arguments(int round, FunctionCallContent call) => new(call.Arguments)
    {
        Context = new Dictionary<object, object?> { [typeof(ToolCallKey)] = new ToolCallKey(round, call.CallId) },
    };

    public static ToolCallKey Of(AIFunctionArguments arguments) =>
        arguments.Context?.TryGetValue(typeof(ToolCallKey), out var key) == true ? (ToolCallKey)key! : throw new InvalidOperationException("The tool was not called by an agent's loop.");
}
