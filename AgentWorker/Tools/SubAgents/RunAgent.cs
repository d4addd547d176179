using System.ComponentModel;
using System.Diagnostics;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Microsoft.Extensions.AI;
using OsMEN.AgentWorker.Agents;
using OsMEN.AgentWorker.Claiming;
using OsMEN.Executions;
using OsMEN.Executions.Catalog;
using OsMEN.ServiceDefaults;

namespace OsMEN.AgentWorker.Tools.SubAgents;

/// <summary>
/// Runs another agent as an execution of its own, a child of this one, and waits for its output. The child belongs to the same user,
/// may spend what this execution has left, and is cancelled with it. Another attempt finds the same child by its idempotency key.
/// </summary>
internal sealed class RunAgent(
    AgentCatalog catalog, ExecutionAcceptor acceptor, ExecutionCompletions completions, ChildExecutions children, IExecutionStore store,
    ExecutionSignals signals, WorkerSlots slots, ToolOptions options, TimeProvider time) : IBuiltInTool
{
    private const int MaxListed = 50;
    private const int MaxPriority = 9;
    private const decimal Smallest = 0.000000001m;

    private static readonly TimeSpan MaxWait = TimeSpan.FromHours(24);

    public string Name => BuiltInTools.RunAgent;

    public AIFunction For(AgentRun run)
    {
        var agents = catalog.List().Where(a => a.Id != run.Agent.Id).Take(MaxListed).Select(a => $"{a.Id} ({a.Description.Trim().TrimEnd('.')})");
        var described = AIFunctionFactory.Create(
            (
                [Description("Id of the agent.")] string agent,
                [Description("What it is to do, with all that it needs to know: it sees nothing of this conversation.")] string input,
                AIFunctionArguments arguments,
                [Description("Seconds to wait at most; the agent's own limit when left out.")] int? timeoutSeconds = null,
                CancellationToken cancellationToken = default) => RunAsync(run, agent, input, timeoutSeconds, ToolCallKey.Of(arguments), cancellationToken),
            new AIFunctionFactoryOptions
            {
                Name = Name,
                Description = $"Lets another agent do a part of the work and answers its output. Agents: {string.Join("; ", agents)}.",
                AdditionalProperties = ToolFunctions.Properties(repeatable: true),
            });
        return described;
    }

    private async Task<string> RunAsync(AgentRun run, string agent, string input, int? timeoutSeconds, ToolCallKey call, CancellationToken cancellationToken)
    {
        var parent = run.Execution;
        if (await catalog.FindFreshAsync(agent, cancellationToken) is not { } definition)
            throw new ToolFailedException($"There is no agent '{agent}'.");
        if (await children.DepthAsync(parent, options.MaxDepth, cancellationToken) >= options.MaxDepth)
            throw new ToolFailedException(string.Create(CultureInfo.InvariantCulture, $"Agents may run agents {options.MaxDepth} deep, and this is the last. Do it without."));
        if (!slots.CanLend)
            throw new ToolFailedException("Too many agents wait for others on this worker. Do it without, or try again later.");
        var budget = await LeftAsync(run, cancellationToken);
        var child = await StartAsync(run, definition, input, timeoutSeconds, budget, call, cancellationToken);
        var ended = child.Status.IsFinal() ? child : await slots.LendAsync(() => WaitAsync(child.Id, cancellationToken));
        return ended.Status == ExecutionStatus.Completed
            ? AgentInput.ToText(ended.Output ?? "\"\"")
            : throw new ToolFailedException($"{agent} ended as {ended.Status.ToWire()}: {ended.Error?.Message ?? "it has no output"} (execution {ended.Id})");
    }

    private async Task<Execution> WaitAsync(Guid child, CancellationToken cancellationToken)
    {
        while (true)
        {
            var found = await completions.WaitAsync(child, MaxWait, cancellationToken) ?? throw new ToolFailedException("The agent's execution is gone.");
            if (found.Status.IsFinal())
                return found;
        }
    }

    private async Task<Execution> StartAsync(
        AgentRun run, AgentDefinition agent, string input, int? timeoutSeconds, decimal? budget, ToolCallKey call, CancellationToken cancellationToken)
    {
        var parent = run.Execution;
        var now = time.GetUtcNow();
        var text = AgentInput.ToOutput(input);
        var accepted = await acceptor.AcceptAsync(
            new NewExecution
            {
                Id = OrderedIds.New(now),
                Kind = ExecutionKind.Agent,
                Target = agent.Id,
                ParentId = parent.Id,
                User = parent.User,
                KeyId = parent.KeyId,

                // Before what only just begins: somebody waits for it and holds memory.
                Priority = Math.Min(parent.Priority + 1, MaxPriority),
                Input = text,
                IdempotencyKey = KeyOf(parent.Id, call),
                RequestHash = SHA256.HashData(Encoding.UTF8.GetBytes($"{agent.Id}\n{text}")),
                CreatedAt = now,
                Timeout = timeoutSeconds is { } seconds ? TimeSpan.FromSeconds(Math.Clamp(seconds, 1, (int)MaxWait.TotalSeconds)) : null,
                MaxAttempts = agent.Limits.MaxAttempts,
                BudgetUsd = budget,
                TraceParent = Activity.Current?.Id ?? parent.TraceParent,
                RequestId = parent.RequestId,
            },
            cancellationToken);
        switch (accepted.Outcome)
        {
            case AcceptOutcome.QueueFull:
                throw new ToolFailedException("The queue is full; nothing was started.");
            case AcceptOutcome.Conflict:
                throw new ToolFailedException("Another execution stands under this call's key; nothing was started.");
        }

        var child = accepted.Execution!;
        await run.LogAsync($"{agent.Id} works as execution {child.Id}", cancellationToken);
        if (accepted.Outcome != AcceptOutcome.Existing || child.Status != ExecutionStatus.Cancelled)
            return child;

        // It was cancelled with an earlier attempt of this execution, which somebody has since queued again.
        var again = await store.RetryAsync(child.Id, cancellationToken);
        signals.Wake();
        return again?.Execution ?? child;
    }

    /// <summary>What this execution may still spend, its children's spending counted; null where it has no limit.</summary>
    private async Task<decimal?> LeftAsync(AgentRun run, CancellationToken cancellationToken)
    {
        if (run.Execution.BudgetUsd is not { } budget)
            return null;
        var left = budget - run.Execution.CostUsd - (run.Held?.CostUsd ?? 0) - await children.SpentAsync(run.Execution.Id, cancellationToken);
        if (left > 0)
            return left;

        // Another attempt may find the child that spent it all; a new one has too little to do anything.
        return run.Held?.Claim.Fence > 1 ? Smallest : throw new ToolFailedException("The budget of this execution is used up.");
    }

    // A model's own ids are of any length and characters.
    private static string KeyOf(Guid parent, ToolCallKey call) => string.Create(
        CultureInfo.InvariantCulture, $"run_agent:{parent:N}:{call.Round}:{Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(call.CallId)))[..32]}");
}
