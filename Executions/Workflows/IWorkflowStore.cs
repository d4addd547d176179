namespace OsMEN.Executions.Workflows;

/// <summary>A decision that a workflow waits for, and what it was once it is made.</summary>
/// <param name="Execution">The workflow.</param>
/// <param name="Message">What is to be decided, for people.</param>
/// <param name="Role">The least role that may decide: <c>user</c>, <c>operator</c> or <c>admin</c>.</param>
/// <param name="ExpiresAt">When it counts as refused if nobody decides.</param>
/// <param name="Approved">Null while it is open.</param>
public sealed record Approval(
    Guid Execution,
    string Step,
    string Message,
    string Role,
    DateTimeOffset AskedAt,
    DateTimeOffset ExpiresAt,
    DateTimeOffset? DecidedAt = null,
    bool? Approved = null,
    string? DecidedBy = null,
    string? Comment = null);

/// <summary>
/// What a workflow needs beside its own execution and those of its steps, in the same database. Two implementations, one suite of tests.
/// Every method is one transaction.
/// </summary>
public interface IWorkflowStore
{
    /// <summary>Keeps the definition under which a workflow runs, unless there is one already. Answers the one that stands.</summary>
    Task<string> PinAsync(Guid execution, string definition, CancellationToken cancellationToken);

    /// <summary>The definition under which a workflow runs; null before its first worker had it.</summary>
    Task<string?> FindPinnedAsync(Guid execution, CancellationToken cancellationToken);

    /// <summary>All decisions that a workflow has asked for, oldest first.</summary>
    Task<IReadOnlyList<Approval>> ListApprovalsAsync(Guid execution, CancellationToken cancellationToken);

    /// <summary>Open decisions of workflows that have not ended, oldest first.</summary>
    /// <param name="user">Only of this user's workflows; null for all.</param>
    Task<IReadOnlyList<Approval>> ListOpenApprovalsAsync(string? user, int limit, CancellationToken cancellationToken);

    /// <summary>Asks for a decision. False when it was asked for before, or the lease is lost: nothing is written.</summary>
    Task<bool> AskAsync(LeaseId lease, Approval approval, CancellationToken cancellationToken);

    /// <summary>Decides and wakes the workflow. Null when no such decision is open: it was made before, has expired, or was never asked for.</summary>
    Task<Approval?> DecideAsync(Guid execution, string step, bool approved, string by, string? comment, CancellationToken cancellationToken);

    /// <summary>
    /// Writes what all executions below a workflow have used so far (its steps, the agents that those run, and so on) as its own usage, and
    /// answers its dollars. Writes nothing when the lease is lost. Steps that end after their workflow are added by the store.
    /// </summary>
    Task<decimal> SumAsync(LeaseId lease, CancellationToken cancellationToken);

    /// <summary>
    /// Forgets the pinned definition, and the decisions that did not approve: a retry by hand asks again, by the definition of its day. Of
    /// <paramref name="steps"/> it forgets that they were its steps: they stay as its children, and others are started in their place.
    /// </summary>
    Task ForgetAsync(Guid execution, IReadOnlyCollection<Guid> steps, CancellationToken cancellationToken);

    /// <summary>Wakes workflows that were not told of the end of a step because its teller died in between. Answers how many.</summary>
    Task<int> WakeForgottenAsync(CancellationToken cancellationToken);
}
