using OsMEN.Executions;
using OsMEN.Executions.Catalog;
using OsMEN.Llm;

namespace OsMEN.AgentWorker.Agents;

/// <summary>One attempt of an execution, as an agent gets it.</summary>
/// <param name="Events">Takes what the agent has to say while it runs.</param>
/// <param name="OnCall">Told of every model call.</param>
internal sealed record AgentRun(AgentDefinition Agent, Execution Execution, IExecutionEventSink Events, Action<LlmCall> OnCall)
{
    public ValueTask LogAsync(string text, CancellationToken cancellationToken, EventLogLevel level = EventLogLevel.Info) =>
        Events.WriteAsync(new ExecutionEvent.Log(text, level), cancellationToken);
}

/// <summary>How an attempt ended.</summary>
/// <param name="Output">JSON text of a success.</param>
/// <param name="Error">Set when it failed.</param>
/// <param name="Retryable">Whether another attempt may go better.</param>
internal sealed record AgentOutcome(string? Output, ExecutionError? Error = null, bool Retryable = false)
{
    public static AgentOutcome Failed(string type, string message, bool retryable = false) => new(null, new ExecutionError(type, message), retryable);
}

/// <summary>Runs one kind of agents. Throws <see cref="OperationCanceledException"/> when it is stopped.</summary>
internal interface IAgentRunner
{
    AgentType Type { get; }

    Task<AgentOutcome> RunAsync(AgentRun run, CancellationToken cancellationToken);
}

/// <summary>Finds the runner for an agent; of two for one type, the one registered later.</summary>
internal sealed class AgentRunners(IEnumerable<IAgentRunner> runners)
{
    private readonly Dictionary<AgentType, IAgentRunner> _byType = runners.Reverse().DistinctBy(r => r.Type).ToDictionary(r => r.Type);

    public Task<AgentOutcome> RunAsync(AgentRun run, CancellationToken cancellationToken) => _byType.TryGetValue(run.Agent.Type, out var runner)
        ? runner.RunAsync(run, cancellationToken)
        : Task.FromResult(AgentOutcome.Failed("NotSupported", $"This worker cannot run {run.Agent.Type} agents."));
}
