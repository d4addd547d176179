using System.Collections.Concurrent;
using OsMEN.AgentWorker.Agents;
using OsMEN.Executions;
using OsMEN.Executions.Catalog;
using OsMEN.Llm;

namespace OsMEN.Tests.AgentWorker.Agents;

/// <summary>A run of an agent whose events and calls are kept for the test.</summary>
internal sealed class RecordedRun : IExecutionEventSink
{
    public RecordedRun(AgentDefinition agent, string? input = null) => Run = new AgentRun(
        agent,
        new Execution
        {
            Id = Guid.CreateVersion7(),
            Kind = ExecutionKind.Agent,
            Target = agent.Id,
            User = "tests",
            Status = ExecutionStatus.Running,
            Priority = 5,
            Input = input ?? agent.Example ?? "\"\"",
            Attempt = 1,
            MaxAttempts = 1,
            CreatedAt = default,
            RunAt = default,
        },
        this,
        Calls.Enqueue);

    public AgentRun Run { get; }

    public ConcurrentQueue<ExecutionEvent> Events { get; } = new();

    public ConcurrentQueue<LlmCall> Calls { get; } = new();

    public IEnumerable<string> Logs => Events.OfType<ExecutionEvent.Log>().Select(l => l.Text);

    public string Output => string.Concat(Events.OfType<ExecutionEvent.OutputDelta>().Select(d => d.Delta));

    public Action<ExecutionEvent>? OnEvent { get; set; }

    public ValueTask WriteAsync(ExecutionEvent item, CancellationToken cancellationToken)
    {
        Events.Enqueue(item);
        OnEvent?.Invoke(item);
        return default;
    }
}
