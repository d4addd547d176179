using OsMEN.Executions.Workflows;
using OsMEN.Gateway.Executions;

namespace OsMEN.Gateway.Workflows;

/// <summary>A step as the API shows it.</summary>
/// <param name="Kind"><c>agent</c>, <c>command</c> or <c>approval</c>.</param>
/// <param name="Status">PENDING, RUNNING, AWAITING_APPROVAL, COMPLETED, FAILED, CANCELLED or SKIPPED.</param>
/// <param name="ExecutionId">What runs it.</param>
/// <param name="CompensationId">What undoes it.</param>
internal sealed record StepView(
    string Id,
    string Kind,
    string? Target,
    IReadOnlyList<string> Needs,
    string Status,
    Guid? ExecutionId,
    DateTimeOffset? StartedAt,
    DateTimeOffset? CompletedAt,
    ErrorView? Error,
    ApprovalView? Approval,
    Guid? CompensationId)
{
    public static StepView Of(StepState state) => new(
        state.Step.Id,
        state.Step.Kind.ToString().ToLowerInvariant(),
        state.Step.Call?.Target,
        state.Step.Needs,
        state.Status.ToWire(),
        state.Execution?.Id,
        state.Execution?.StartedAt ?? state.Approval?.AskedAt,
        state.Status == StepStatus.Skipped ? null : state.EndedAt,
        state.Error is { } error ? new ErrorView(error.Type, error.Message) : null,
        state.Approval is { } approval ? ApprovalView.Of(approval) : null,
        state.Compensation?.Id);
}

/// <summary>A decision that a workflow waits for or has got.</summary>
internal sealed record ApprovalView(
    Guid ExecutionId,
    string Step,
    string Message,
    string Role,
    DateTimeOffset AskedAt,
    DateTimeOffset ExpiresAt,
    bool? Approved,
    string? DecidedBy,
    DateTimeOffset? DecidedAt,
    string? Comment)
{
    public static ApprovalView Of(Approval a) => new(a.Execution, a.Step, a.Message, a.Role, a.AskedAt, a.ExpiresAt, a.Approved, a.DecidedBy, a.DecidedAt, a.Comment);
}
