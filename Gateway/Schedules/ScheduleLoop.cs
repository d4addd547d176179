using OsMEN.Executions;
using OsMEN.Executions.Workflows;
using OsMEN.Gateway.Executions;
using OsMEN.ServiceDefaults;

namespace OsMEN.Gateway.Schedules;

/// <summary>
/// Starts workflows at their times. Every gateway does; the execution's idempotency key lets each time start one. What was missed while
/// no gateway ran is started once, if one of its times is within the schedule's catch-up window; and nothing is started while the last one
/// still runs.
/// </summary>
internal sealed partial class ScheduleLoop(
    WorkflowCatalog catalog, ScheduleTable table, ExecutionAcceptor acceptor, IExecutionStore store, ExecutionSchema schema, RequestMetrics metrics, TimeProvider time,
    ILogger<ScheduleLoop> logger) : StoreLoop(schema, TimeSpan.FromSeconds(1), "Schedules could not be looked at", time, logger)
{
    /// <summary>Looks once.</summary>
    internal Task LookAsync(CancellationToken cancellationToken) => RunOnceAsync(cancellationToken);

    protected override async Task RunOnceAsync(CancellationToken cancellationToken)
    {
        var schedules = Schedule.Of(catalog).ToArray();
        if (schedules.Length == 0)
            return;
        var now = Time.GetUtcNow();
        var stored = (await table.ListAsync(cancellationToken)).ToDictionary(s => s.Id, StringComparer.Ordinal);
        foreach (var schedule in schedules)
        {
            var known = stored.GetValueOrDefault(schedule.Id);
            if (known is null || known.Rule != schedule.Rule)
                await NoteAsync(schedule, known, known?.LastExecution, now, cancellationToken);
            else if (now - known.NextAt > schedule.When.CatchupWindow)
                await LeaveOutAsync(schedule, known, now, cancellationToken);
            else if (known.NextAt <= now)
                await NoteAsync(schedule, known, await StartAsync(schedule, known, now, cancellationToken) ?? known.LastExecution, now, cancellationToken);
        }
    }

    // The first time inside the window is due at the next look: first all gateways agree on it.
    private Task LeaveOutAsync(Schedule schedule, StoredSchedule known, DateTimeOffset now, CancellationToken cancellationToken)
    {
        LogMissed(Logger, schedule.Id, known.NextAt, schedule.When.CatchupWindow);
        return NoteAsync(schedule, known, known.LastExecution, now - schedule.When.CatchupWindow, cancellationToken);
    }

    private async Task NoteAsync(Schedule schedule, StoredSchedule? known, Guid? last, DateTimeOffset after, CancellationToken cancellationToken)
    {
        // The last date of all calendars.
        var next = schedule.When.Next(after) ?? DateTimeOffset.UnixEpoch.AddYears(1000);
        await table.WriteAsync(new StoredSchedule(schedule.Id, schedule.Rule, next, last), known, cancellationToken);
    }

    private async Task<Guid?> StartAsync(Schedule schedule, StoredSchedule known, DateTimeOffset now, CancellationToken cancellationToken)
    {
        if (known.LastExecution is { } last && await store.GetAsync(last, cancellationToken) is { } running && !running.Status.IsFinal())
        {
            LogOverlap(Logger, schedule.Id, last);
            return null;
        }

        var key = schedule.KeyAt(known.NextAt);
        var accepted = await acceptor.AcceptAsync(
            new NewExecution
            {
                Id = OrderedIds.New(now),
                Kind = ExecutionKind.Workflow,
                Target = schedule.Workflow.Id,
                User = schedule.When.User,
                Input = schedule.When.Input ?? schedule.Workflow.Example ?? "{}",
                IdempotencyKey = key,
                RequestHash = Schedule.HashOf(key),
                CreatedAt = now,
                MaxAttempts = WorkflowDefinition.MaxAttempts,
            },
            cancellationToken);
        if (accepted.Outcome == AcceptOutcome.QueueFull)
            throw new InvalidOperationException($"The queue is full: {schedule.Id} is not started yet.");
        if (accepted.Outcome == AcceptOutcome.Created)
        {
            metrics.Accepted(ExecutionKind.Workflow);
            LogStarted(Logger, schedule.Id, accepted.Execution!.Id);
        }

        return accepted.Execution?.Id;
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "Schedule {Schedule} started execution {Execution}")]
    private static partial void LogStarted(ILogger logger, string schedule, Guid execution);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Schedule {Schedule} was due at {Due:u}, longer ago than its catch-up window of {Window}: what is older is left out")]
    private static partial void LogMissed(ILogger logger, string schedule, DateTimeOffset due, TimeSpan window);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Schedule {Schedule} is left out: its last execution {Execution} still runs")]
    private static partial void LogOverlap(ILogger logger, string schedule, Guid execution);
}
