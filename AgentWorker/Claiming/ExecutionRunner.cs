using System.Diagnostics;
using System.Globalization;
using Microsoft.Extensions.Options;
using OsMEN.AgentWorker.Agents;
using OsMEN.AgentWorker.Metrics;
using OsMEN.AgentWorker.Workflows;
using OsMEN.Executions;
using OsMEN.Llm;
using OsMEN.ServiceDefaults;
using OsMEN.ServiceDefaults.Metrics;

namespace OsMEN.AgentWorker.Claiming;

/// <summary>Runs one claimed execution to the end of its attempt, and has that end recorded.</summary>
internal sealed partial class ExecutionRunner(
    ExecutionRecorder recorder,
    LeaseKeeper keeper,
    ChildExecutions children,
    AgentAssignments assignments,
    AgentRunners agents,
    WorkflowRunner workflows,
    ExecutionMetrics metrics,
    LlmMetrics llm,
    PriceTable prices,
    IOptions<ExecutionOptions> options,
    TimeProvider time,
    ILogger<ExecutionRunner> logger)
{
    private static readonly ActivitySource Source = new($"{ServiceIdentity.Solution}.AgentWorker");
    private static readonly string[] Titles = ["Agent", "Command", "Workflow"];

    /// <summary>Returns when the end is durable, or when the execution is another worker's.</summary>
    public async Task RunAsync(ClaimedExecution claim)
    {
        using var activity = Start(claim.Execution);
        using var scope = logger.BeginScope(new ExecutionScope(claim.Execution));
        using var execution = recorder.Open(claim);
        keeper.Add(execution);
        var started = time.GetTimestamp();
        AttemptEnd? ended = null;
        metrics.Started(claim);
        try
        {
            if (claim.CancelRequested)
                execution.Stop(StopReason.Cancelled);
            if (!claim.Resumed)
                await execution.WriteAsync(new ExecutionEvent.StatusChanged(ExecutionStatus.Running), CancellationToken.None);
            var end = await RunAttemptAsync(execution);
            var recorded = await execution.EndAsync(end);
            if (recorded ? end.Status.IsFinal() && end.Status != ExecutionStatus.Completed : claim.Execution.Kind == ExecutionKind.Workflow)
                await StopChildrenAsync(claim.Execution, recorded);
            ended = recorded ? end : null;
            Tell(activity, execution, end, recorded);
        }
        catch (Exception e)
        {
            activity?.SetTag("error.type", e.GetType().FullName);
            activity?.SetStatus(ActivityStatusCode.Error);
            throw;
        }
        finally
        {
            keeper.Remove(execution);
            if (execution.FirstOutputAt is { } first)
                metrics.Responded(claim.Execution, time.GetElapsedTime(started, first));
            metrics.Ended(claim.Execution, ended, time.GetElapsedTime(started));
        }
    }

    private async Task<AttemptEnd> RunAttemptAsync(RunningExecution execution)
    {
        var asked = execution.Claim.Execution;
        var timeout = TimeSpan.Zero;
        try
        {
            execution.Stopping.ThrowIfCancellationRequested();
            if (asked.Kind == ExecutionKind.Workflow)
                return await workflows.AdvanceAsync(execution);
            var (assignment, problem) = await assignments.FindAsync(asked, execution.Stopping);
            if (assignment is null)
                return Failed(asked, problem!, retry: false);
            var agent = assignment.Agent;
            timeout = asked.Timeout ?? agent.Limits.Timeout;
            await using var timer = time.CreateTimer(static e => ((RunningExecution)e!).Stop(StopReason.TimedOut), execution, timeout, Timeout.InfiniteTimeSpan);
            var outcome = await agents.RunAsync(
                new AgentRun(agent, assignment.Execution, execution, call => Add(execution, agent.Id, call)) { Account = Account(execution.Claim, agent.Id), Held = execution },
                execution.Stopping);
            return outcome.Error is { } error ? Failed(asked, error, outcome.Retryable) : new AttemptEnd(ExecutionStatus.Completed, outcome.Output, RevenueUsd: agent.PriceUsd);
        }
        catch (OperationCanceledException) when (execution.Stopping.IsCancellationRequested)
        {
            return Stopped(execution, timeout);
        }
        catch (Exception e)
        {
            LogFailed(logger, e, asked.Id, asked.Target);
            return Failed(asked, new ExecutionError(e.GetType().Name, e.Message), retry: true);
        }
    }

    // Whoever waited for them is gone. A workflow that was taken over meanwhile may have ended before this worker started its last steps.
    private async Task StopChildrenAsync(Execution asked, bool isOurs)
    {
        try
        {
            if (isOurs || await children.HaveLostAsync(asked.Id, CancellationToken.None))
                await children.CancelAsync(asked.Id, CancellationToken.None);
        }
        catch (Exception e) when (StoreFault.Is(e))
        {
            LogChildren(logger, e, asked.Id);
        }
    }

    private static BudgetSubject Account(ClaimedExecution claim, string agent)
    {
        var asked = claim.Execution;
        return new BudgetSubject
        {
            Agent = agent,
            User = asked.User,
            Key = asked.KeyId,
            Execution = asked.Id,
            Fence = claim.Fence,
            Attempt = asked.Attempt,
            LimitUsd = asked.BudgetUsd,
            SpentBeforeUsd = asked.CostUsd,
        };
    }

    private void Add(RunningExecution execution, string agent, LlmCall call)
    {
        // A program's own calls, of which it told the model and the tokens.
        if (call.CostUsd is null && call.Tokens.Total > 0)
            call = call with { CostUsd = prices.Cost(new ModelName(call.Platform, call.Model), call.Tokens, call.StartedAt) };
        execution.Add(call);
        llm.Record(agent, call);
    }

    private AttemptEnd Failed(Execution asked, ExecutionError error, bool retry) =>
        retry && asked.Attempt < asked.MaxAttempts
            ? new AttemptEnd(ExecutionStatus.Pending, Error: error, RunAt: time.GetUtcNow() + options.Value.DelayAfter(asked.Attempt, Random.Shared.NextDouble()))
            : new AttemptEnd(ExecutionStatus.Failed, Error: error);

    private static AttemptEnd Stopped(RunningExecution execution, TimeSpan timeout) => execution.StopReason switch
    {
        StopReason.Cancelled => new AttemptEnd(ExecutionStatus.Cancelled),
        StopReason.TimedOut => new AttemptEnd(ExecutionStatus.TimedOut, Error: new ExecutionError("Timeout", TimeoutMessage(execution.Claim.Execution, timeout))),

        // Of a lost lease nothing is recorded: the fence refuses it.
        _ => new AttemptEnd(ExecutionStatus.Pending, CountAttempt: false),
    };

    private static string TimeoutMessage(Execution asked, TimeSpan limit) =>
        string.Create(CultureInfo.InvariantCulture, $"Attempt {asked.Attempt} was not done within {limit.TotalSeconds:0.###} s.");

    private static Activity? Start(Execution asked)
    {
        if (!Source.HasListeners())
            return null;
        var sent = ActivityContext.TryParse(asked.TraceParent, null, isRemote: true, out var parsed) ? parsed : default;
        var activity = Source.StartActivity(
            ActivityKind.Consumer, sent, links: sent == default ? null : [new ActivityLink(sent)], name: $"execute_{asked.Kind.ToWire()} {asked.Target}");
        if (activity is not { IsAllDataRequested: true })
            return activity;
        // https://opentelemetry.io/docs/specs/semconv/messaging/messaging-spans/
        activity.SetTag("messaging.system", "osmen");
        activity.SetTag("messaging.operation.name", $"execute_{asked.Kind.ToWire()}");
        activity.SetTag("messaging.operation.type", "process");
        activity.SetTag("messaging.destination.name", "executions");
        activity.SetTag("messaging.message.id", asked.Id.ToString());
        if (asked.Kind == ExecutionKind.Agent)
            activity.SetTag("gen_ai.agent.id", asked.Target);
        activity.SetTag("osmen.execution.id", asked.Id.ToString());
        activity.SetTag("osmen.execution.attempt", asked.Attempt);
        activity.SetTag("request_id", asked.RequestId);
        return activity;
    }

    private void Tell(Activity? activity, RunningExecution execution, AttemptEnd end, bool recorded)
    {
        var asked = execution.Claim.Execution;
        var status = end.Status.ToWire();
        activity?.SetTag("osmen.execution.status", status);
        if (end.Error is { } error)
        {
            activity?.SetTag("error.type", error.Type);
            activity?.SetStatus(ActivityStatusCode.Error, error.Message);
        }

        if (!recorded)
            LogLost(logger, asked.Id, asked.Attempt);
        else if (end.IsPark)
            LogParked(logger, asked.Id, asked.Target, end.RunAt);
        else if (!end.Status.IsFinal())
            LogRetry(logger, asked.Id, asked.Target, asked.Attempt, end.Error?.Type, end.Error?.Message);
        else if (end.Status is ExecutionStatus.Failed or ExecutionStatus.TimedOut)
            LogUnsuccessful(logger, Titles[(int)asked.Kind], asked.Target, asked.Id, asked.User, asked.RequestId, status, asked.Attempt, execution.CostUsd, end.Error?.Type, end.Error?.Message);
        else if (logger.IsEnabled(LogLevel.Information))
            LogCompleted(
                logger,
                Titles[(int)asked.Kind],
                asked.Target,
                asked.Id,
                asked.User,
                asked.RequestId,
                status,
                asked.StartedAt is { } start ? Math.Round((time.GetUtcNow() - start).TotalMilliseconds, 1) : 0,
                execution.Tokens.Input + execution.Tokens.Output,
                execution.CostUsd,
                end.Error?.Type);
    }

    [LoggerMessage(Level = LogLevel.Information, Message =
        "{Kind} execution completed: {Agent} {Execution_Id} of {User_Id} (request {Request_Id}) {Status} after {Duration_Ms} ms, {Tokens_Used} tokens, {Cost} USD {Error_Type}")]
    private static partial void LogCompleted(
        ILogger logger, string kind, string agent, Guid execution_Id, string user_Id, string? request_Id, string status, double duration_Ms, long tokens_Used, decimal cost, string? error_Type);

    [LoggerMessage(Level = LogLevel.Debug, Message = "Workflow {Execution_Id} of {Workflow} waits for its steps, at most until {Until}")]
    private static partial void LogParked(ILogger logger, Guid execution_Id, string workflow, DateTimeOffset? until);

    [LoggerMessage(Level = LogLevel.Warning, Message =
        "{Kind} execution failed: {Agent} {Execution_Id} of {User_Id} (request {Request_Id}) {Status} in attempt {Attempt}, {Cost} USD, {Error_Type}: {Error}")]
    private static partial void LogUnsuccessful(
        ILogger logger, string kind, string agent, Guid execution_Id, string user_Id, string? request_Id, string status, int attempt, decimal cost, string? error_Type, string? error);

    [LoggerMessage(Level = LogLevel.Information, Message = "Execution {Execution_Id} of {Agent} will be retried after attempt {Attempt}: {Error_Type}: {Error}")]
    private static partial void LogRetry(ILogger logger, Guid execution_Id, string agent, int attempt, string? error_Type, string? error);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Execution {Execution_Id} was taken over by another worker during attempt {Attempt}; what it did here is not recorded")]
    private static partial void LogLost(ILogger logger, Guid execution_Id, int attempt);

    [LoggerMessage(Level = LogLevel.Warning, Message = "The children of execution {Execution_Id} could not be cancelled; they end by themselves")]
    private static partial void LogChildren(ILogger logger, Exception e, Guid execution_Id);

    [LoggerMessage(Level = LogLevel.Error, Message = "Execution {Execution_Id} of {Agent} failed")]
    private static partial void LogFailed(ILogger logger, Exception e, Guid execution_Id, string agent);
}
