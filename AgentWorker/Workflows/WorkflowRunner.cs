using System.Diagnostics;
using System.Security.Cryptography;
using System.Text;
using OsMEN.Executions;
using OsMEN.Executions.Catalog;
using OsMEN.Executions.Commands;
using OsMEN.Executions.Workflows;
using OsMEN.ServiceDefaults;

namespace OsMEN.AgentWorker.Workflows;

/// <summary>
/// Takes a workflow one move further: starts what its plan says, then parks it until a step ends, somebody decides or a limit is reached.
/// It holds neither slot nor worker meanwhile.
/// </summary>
internal sealed class WorkflowRunner(
    WorkflowCatalog catalog, AgentCatalog agents, CommandCatalog commands, IExecutionStore store, IWorkflowStore workflows, ExecutionAcceptor acceptor,
    ExecutionSignals signals, TimeProvider time)
{
    private const int MaxPriority = 9;

    private static readonly TimeSpan QueueFullDelay = TimeSpan.FromSeconds(1);

    // Every end of a step wakes its workflow; this is for what nobody thought of.
    private static readonly TimeSpan MaxParked = TimeSpan.FromHours(1);

    /// <summary>How the claim ends: parked, or with the workflow's own end.</summary>
    public async Task<AttemptEnd> AdvanceAsync(RunningExecution held)
    {
        var (claim, token) = (held.Claim, held.Stopping);
        var asked = claim.Execution;
        if (await FindDefinitionAsync(asked, token) is not { } definition)
            return new AttemptEnd(ExecutionStatus.Failed, Error: new ExecutionError("WorkflowNotFound", $"There is no workflow '{asked.Target}' any more."));
        var run = await WorkflowRun.ReadAsync(definition, asked, store, workflows, token);
        var now = time.GetUtcNow();
        var plan = WorkflowPlan.For(run, now);
        var spent = await workflows.SumAsync(claim.Lease, token);
        foreach (var child in plan.Cancels)
            await CancelAsync(child, token);
        foreach (var approval in plan.Asks)
        {
            if (await workflows.AskAsync(claim.Lease, approval, token))
                await LogAsync(held, $"Step {approval.Step} waits for approval: {approval.Message}", token);
        }

        if (plan.Starts.Count > 0 && asked.BudgetUsd is { } budget && spent >= budget)
            return new AttemptEnd(ExecutionStatus.Failed, Error: new ExecutionError("BudgetExceeded", $"The workflow's budget of {budget} USD is used up: {spent} USD."));

        // Not cancelled halfway: a step that was accepted and not heard of would outlive its workflow.
        token.ThrowIfCancellationRequested();
        var started = await Task.WhenAll(plan.Starts.Select(s => StartAsync(held, s, asked.BudgetUsd - spent, CancellationToken.None)));
        if (plan.End is { } end)
            return end;
        var lookAgain = Array.Exists(started, s => !s) ? now + QueueFullDelay : plan.LookAgainAt ?? DateTimeOffset.MaxValue;
        return AttemptEnd.Park(lookAgain < now + MaxParked ? lookAgain : now + MaxParked, claim.Wakes);
    }

    private async Task<WorkflowDefinition?> FindDefinitionAsync(Execution asked, CancellationToken cancellationToken)
    {
        if (await workflows.FindPinnedAsync(asked.Id, cancellationToken) is { } pinned)
            return WorkflowJson.Read(pinned);
        return catalog.Find(asked.Target) is { } definition ? WorkflowJson.Read(await workflows.PinAsync(asked.Id, definition.Json, cancellationToken)) : null;
    }

    /// <summary>False when the queue is full.</summary>
    private async Task<bool> StartAsync(RunningExecution held, StepStart start, decimal? budget, CancellationToken cancellationToken)
    {
        var (parent, step, now) = (held.Claim.Execution, start.Step, time.GetUtcNow());
        var key = $"{parent.Id:N}:{start.Name}";
        var accepted = await acceptor.AcceptAsync(
            new NewExecution
            {
                Id = OrderedIds.New(now),
                Kind = start.Call.Kind,
                Target = start.Call.Target,
                ParentId = parent.Id,
                Step = start.Name,
                User = parent.User,
                KeyId = parent.KeyId,

                // What is under way goes before what is new.
                Priority = Math.Min(parent.Priority + 1, MaxPriority),
                Input = start.Input,
                IdempotencyKey = key,
                RequestHash = SHA256.HashData(Encoding.UTF8.GetBytes(key)),
                CreatedAt = now,
                Timeout = step.Timeout,
                MaxAttempts = step.MaxAttempts ?? await MaxAttemptsAsync(start.Call, cancellationToken),
                BudgetUsd = budget,
                TraceParent = Activity.Current?.Id ?? parent.TraceParent,
                RequestId = parent.RequestId,
            },
            cancellationToken);
        if (accepted.Outcome == AcceptOutcome.Conflict)
            throw new InvalidOperationException($"Another execution stands under the key of step {start.Name}.");
        if (accepted.Outcome == AcceptOutcome.Created)
            await LogAsync(held, $"Step {start.Name}: {start.Call.Kind.ToWire()} {start.Call.Target} as execution {accepted.Execution!.Id}", cancellationToken);
        return accepted.Outcome != AcceptOutcome.QueueFull;
    }

    private async Task<int> MaxAttemptsAsync(StepCall call, CancellationToken cancellationToken)
    {
        var agent = call.Kind == ExecutionKind.Agent
            ? await agents.FindFreshAsync(call.Target, cancellationToken)
            : commands.Find(call.Target) is not { } command ? null
            : command.Agent is { } id ? await agents.FindFreshAsync(id, cancellationToken) : command.Own;
        return (agent?.Limits ?? new AgentLimits()).MaxAttempts;
    }

    private async Task CancelAsync(Guid child, CancellationToken cancellationToken)
    {
        await store.CancelAsync(child, cancellationToken);
        signals.Cancel(child);
        signals.Changed(child);
    }

    private static ValueTask LogAsync(RunningExecution held, string text, CancellationToken cancellationToken) =>
        held.WriteAsync(new ExecutionEvent.Log(text, EventLogLevel.Info), cancellationToken);
}
