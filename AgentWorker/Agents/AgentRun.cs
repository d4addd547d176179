using System.Diagnostics;
using OsMEN.Executions;
using OsMEN.Executions.Catalog;
using OsMEN.Llm;
using OsMEN.Llm.Pipeline;
using OsMEN.ServiceDefaults;

namespace OsMEN.AgentWorker.Agents;

/// <summary>One attempt of an execution, as an agent gets it.</summary>
/// <param name="Events">Takes what the agent has to say while it runs.</param>
/// <param name="OnCall">Told of every model call.</param>
internal sealed record AgentRun(AgentDefinition Agent, Execution Execution, IExecutionEventSink Events, Action<LlmCall> OnCall)
{
    /// <summary>The execution as this worker holds it; null in a run that nothing records.</summary>
    public RunningExecution? Held { get; init; }

    /// <summary>The span <c>invoke_agent</c>, where there is one.</summary>
    public Activity? Span { get; init; }

    /// <summary>Whether <see cref="Span"/> may record instructions, messages and tool definitions.</summary>
    public bool CapturesContent { get; init; }

    /// <summary>On whose account its model calls are made.</summary>
    public BudgetSubject? Account { get; init; }

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
internal sealed class AgentRunners(IEnumerable<IAgentRunner> runners, LlmOptions options)
{
    internal static readonly ActivitySource Source = new($"{ServiceIdentity.Solution}.AgentWorker");

    private readonly Dictionary<AgentType, IAgentRunner> _byType = runners.Reverse().DistinctBy(r => r.Type).ToDictionary(r => r.Type);

    public async Task<AgentOutcome> RunAsync(AgentRun run, CancellationToken cancellationToken)
    {
        if (!_byType.TryGetValue(run.Agent.Type, out var runner))
            return AgentOutcome.Failed("NotSupported", $"This worker cannot run {run.Agent.Type} agents.");
        using var span = Source.StartActivity($"invoke_agent {run.Agent.Id}");
        if (span is { IsAllDataRequested: true })
        {
            // https://opentelemetry.io/docs/specs/semconv/gen-ai/gen-ai-agent-spans/
            span.SetTag("gen_ai.operation.name", "invoke_agent");
            span.SetTag("gen_ai.agent.id", run.Agent.Id);
            span.SetTag("gen_ai.agent.name", run.Agent.Id);
            span.SetTag("gen_ai.agent.description", run.Agent.Description);
            if (run.Agent.Type != AgentType.Llm)
                span.SetTag("gen_ai.provider.name", "osmen");
            if (options.CapturesContent)
                GenAIContent.SetRequest(span, run.Agent.Instructions, AgentInput.ToText(run.Execution.Input));
        }

        try
        {
            var outcome = await runner.RunAsync(run with { Span = span, CapturesContent = options.CapturesContent }, cancellationToken);
            if (options.CapturesContent && span is { IsAllDataRequested: true } && outcome.Output is { } output)
                GenAIContent.SetAnswer(span, AgentInput.ToText(output));
            if (outcome.Error is { } error)
                Fail(span, error.Type, error.Message);
            return outcome;
        }
        catch (Exception e)
        {
            Fail(span, e.GetType().FullName!, null);
            throw;
        }
    }

    private static void Fail(Activity? span, string type, string? message)
    {
        span?.SetTag("error.type", type);
        span?.SetStatus(ActivityStatusCode.Error, message);
    }
}
