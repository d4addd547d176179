using OsMEN.Executions;
using OsMEN.Executions.Catalog;
using OsMEN.Executions.Commands;
using OsMEN.Executions.Templates;

namespace OsMEN.AgentWorker.Agents;

/// <summary>Who runs an execution, and what it is given: an agent its input, or whom a command asks the command's prompt.</summary>
internal sealed record AgentAssignment(AgentDefinition Agent, Execution Execution);

/// <summary>Finds the agent for executions of agents and commands.</summary>
internal sealed class AgentAssignments(AgentCatalog agents, CommandCatalog commands)
{
    /// <summary>The assignment, or why there is none; another attempt would come to the same.</summary>
    public async ValueTask<(AgentAssignment? Assignment, ExecutionError? Error)> FindAsync(Execution asked, CancellationToken cancellationToken)
    {
        if (asked.Kind == ExecutionKind.Agent)
            return await agents.FindFreshAsync(asked.Target, cancellationToken) is { } agent ? (new AgentAssignment(agent, asked), null) : Unknown(asked.Target);
        if (commands.Find(asked.Target) is not { } command)
            return (null, new ExecutionError("CommandNotFound", $"There is no command '{asked.Target}' any more."));
        var asker = command.Agent is { } id ? await agents.FindFreshAsync(id, cancellationToken) : command.Own;
        if (asker is null)
            return Unknown(command.Agent!);
        try
        {
            // A step of a workflow was not checked when it was accepted.
            var faults = CommandInput.Check(command.Parameters, asked.Input);
            return faults.Count == 0
                ? (new AgentAssignment(asker, asked with { Input = command.Render(asked.Input) }), null)
                : (null, new ExecutionError("InvalidInput", string.Join("; ", faults.Select(f => $"{f.Field} {f.Message}"))));
        }
        catch (TemplateException e)
        {
            return (null, new ExecutionError("Template", e.Message));
        }
    }

    private static (AgentAssignment?, ExecutionError) Unknown(string agent) => (null, new ExecutionError("AgentNotFound", $"There is no agent '{agent}' any more."));
}
