using OsMEN.Executions.Analytics;
using OsMEN.Executions.Retention;
using OsMEN.Executions.Usage;

namespace OsMEN.Executions;

/// <summary>
/// The truth about executions. Two implementations (PostgreSQL, SQLite) held to one suite of behaviour tests.
/// Every method is one transaction: after an exception nothing of it stands, or all of it does.
/// </summary>
public interface IExecutionStore
{
    /// <summary><c>postgresql</c> or <c>sqlite</c>.</summary>
    string Kind { get; }

    /// <summary>Creates or upgrades the schema under a lock that several starting processes respect.</summary>
    Task MigrateAsync(CancellationToken cancellationToken);

    /// <summary>Writes all, and answers in the order given. A repeated id counts as <see cref="AcceptOutcome.Existing"/>, so a retry after a lost answer is safe.</summary>
    Task<IReadOnlyList<AcceptResult>> AcceptAsync(IReadOnlyList<NewExecution> items, CancellationToken cancellationToken);

    /// <summary>What <see cref="AcceptAsync"/> would answer for something that was accepted before, by its id or its key; null for what is new. Changes nothing.</summary>
    Task<AcceptResult?> FindAcceptedAsync(NewExecution item, CancellationToken cancellationToken);

    /// <summary>Takes up to <paramref name="max"/> due executions for a worker, highest priority first, then oldest due.</summary>
    Task<IReadOnlyList<ClaimedExecution>> ClaimAsync(string worker, int max, TimeSpan lease, CancellationToken cancellationToken);

    /// <summary>Extends the leases of what the worker holds and tells what it has lost or is asked to cancel.</summary>
    Task<HeartbeatResult> HeartbeatAsync(string worker, IReadOnlyCollection<LeaseId> held, TimeSpan lease, CancellationToken cancellationToken);

    /// <summary>Writes events, calls and ends of attempts together. Answers per item whether its lease still stood.</summary>
    Task<IReadOnlyList<bool>> RecordAsync(IReadOnlyList<ExecutionRecord> items, CancellationToken cancellationToken);

    /// <summary>Writes calls that belong to no execution. One that was written before is left as it is.</summary>
    Task RecordCallsAsync(IReadOnlyList<DirectCall> calls, CancellationToken cancellationToken);

    /// <summary>Running executions whose lease has run out, oldest first. Reading changes nothing; see <see cref="LeaseRescuer"/>.</summary>
    Task<IReadOnlyList<HeldExecution>> FindExpiredAsync(int max, CancellationToken cancellationToken);

    /// <summary>Everything that a worker holds according to the store.</summary>
    Task<IReadOnlyList<HeldExecution>> FindHeldAsync(string worker, CancellationToken cancellationToken);

    /// <summary>Cancels at once what is queued; asks the holder of a running one to. Null for an unknown id.</summary>
    Task<ChangeResult?> CancelAsync(Guid id, CancellationToken cancellationToken);

    /// <summary>Queues a failed, cancelled or timed-out execution again, with one more attempt allowed. Null for an unknown id.</summary>
    Task<ChangeResult?> RetryAsync(Guid id, CancellationToken cancellationToken);

    Task<Execution?> GetAsync(Guid id, CancellationToken cancellationToken);

    Task<IReadOnlyList<Execution>> ListAsync(ExecutionQuery query, CancellationToken cancellationToken);

    /// <summary>Frames after <paramref name="after"/>, oldest first, at most about <paramref name="limit"/> (whole chunks are kept together). Null for an unknown id.</summary>
    Task<EventPage?> ReadEventsAsync(Guid id, long after, int limit, CancellationToken cancellationToken);

    /// <summary>An execution's calls of models and of tools, in the order of their start and then of their keys.</summary>
    Task<IReadOnlyList<ExecutionCall>> ReadCallsAsync(ExecutionCallQuery query, CancellationToken cancellationToken);

    Task<QueueDepth> GetDepthAsync(CancellationToken cancellationToken);

    /// <summary>
    /// Rows of a view by its key, each with a value for each column of <see cref="AnalyticsView.Columns"/>. It reads what the view
    /// covers, so it takes a second or more over a million executions; PostgreSQL ends it after 30 s.
    /// </summary>
    Task<IReadOnlyList<object?[]>> ReadViewAsync(AnalyticsQuery query, CancellationToken cancellationToken);

    /// <summary>What the execution's attempts have journaled, turns in order.</summary>
    Task<ToolJournal> ReadJournalAsync(Guid id, CancellationToken cancellationToken);

    /// <summary>Journals an answer that asks for tools, before any of them runs. False when the lease was lost: nothing is written.</summary>
    Task<bool> JournalTurnAsync(LeaseId lease, JournaledTurn turn, CancellationToken cancellationToken);

    /// <summary>
    /// Journals that a call starts (no result) or has ended. Once true for a start, every later holder of the execution finds it.
    /// False when the lease was lost: nothing is written.
    /// </summary>
    Task<bool> JournalCallAsync(LeaseId lease, JournaledCall call, CancellationToken cancellationToken);

    /// <summary>Forgets up to <paramref name="max"/> turns and as many calls from before <paramref name="before"/>, of what is not running or waiting. Answers how many.</summary>
    Task<int> TrimJournalAsync(DateTimeOffset before, int max, CancellationToken cancellationToken);

    /// <summary>Usage by group, in the order of the groups' bytes. It takes as long as a view does, and is ended like one.</summary>
    Task<IReadOnlyList<UsageRow>> ReadUsageAsync(UsageQuery query, CancellationToken cancellationToken);

    /// <summary>
    /// Removes model calls from before <paramref name="keep"/> ago, and the oldest while all take more than <paramref name="maxBytes"/>, but
    /// none of this month; on PostgreSQL whole months, once their last day is that old. Prepares for this month's and the next's. Answers how
    /// many it removed, about: there may be more until that is 0.
    /// </summary>
    Task<long> KeepCallsAsync(DateTimeOffset now, TimeSpan keep, long maxBytes, CancellationToken cancellationToken);

    /// <summary>
    /// Removes executions that ended before <paramref name="before"/>, with their events and journals: of the first <paramref name="max"/>
    /// such after <paramref name="after"/>, those that have no children left, and whose parents are gone or ended before then as well. What
    /// usage needs of them stays.
    /// </summary>
    Task<TrimBatch> TrimExecutionsAsync(Guid after, DateTimeOffset before, int max, CancellationToken cancellationToken);

    /// <summary>
    /// Removes events of executions that ended before <paramref name="before"/>, among the first <paramref name="max"/> chunks after
    /// <paramref name="after"/>. Readers are told of the gap, and how the execution ended.
    /// </summary>
    Task<TrimBatch> TrimEventsAsync(TrimPosition after, DateTimeOffset before, int max, CancellationToken cancellationToken);

    /// <summary>Forgets, for usage, up to <paramref name="max"/> removed executions from before <paramref name="before"/>. Answers how many.</summary>
    Task<int> TrimUsageAsync(DateTimeOffset before, int max, CancellationToken cancellationToken);

    /// <summary>About what executions and events take, without free room: exact to a few percent where it is above the limit.</summary>
    Task<(long Executions, long Events)> EstimateBytesAsync(long executionsLimit, long eventsLimit, CancellationToken cancellationToken);

    /// <summary>What the database holds. Events are looked for from <paramref name="eventsFrom"/> on.</summary>
    Task<IReadOnlyList<StoredData>> MeasureStorageAsync(Guid eventsFrom, CancellationToken cancellationToken);
}
