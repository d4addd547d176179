using OsMEN.Executions.Catalog;
using OsMEN.Executions.Catalog.Parameters;
using OsMEN.Executions.Templates;

namespace OsMEN.Executions.Workflows;

/// <summary>A graph of steps, as its YAML file (catalog/workflows) declares it.</summary>
public sealed record WorkflowDefinition : ICatalogDefinition
{
    /// <summary>
    /// Attempts of a workflow where nobody says otherwise. A move is no attempt; only a worker that dies while it holds the workflow counts,
    /// and from one move to the next.
    /// </summary>
    public const int MaxAttempts = 20;

    /// <summary>As for an agent: 1 to 64 of <c>a-z 0-9 _ -</c>. The file's name without its ending, unless the file says otherwise.</summary>
    public required string Id { get; init; }

    /// <summary>What it does, for people; at most 500 characters.</summary>
    public required string Description { get; init; }

    /// <summary>What its input has to be.</summary>
    public required ParameterSchema Parameters { get; init; }

    /// <summary>1 to 100 steps, each after those that it needs.</summary>
    public required IReadOnlyList<WorkflowStep> Steps { get; init; }

    /// <summary>What becomes its output; null is the output of the one step that no other needs, or an object of those of several.</summary>
    public ValueTemplate? Output { get; init; }

    /// <summary>Limit of the whole, approvals included: 1 second to 30 days. Default 24 hours.</summary>
    public TimeSpan Timeout { get; init; } = TimeSpan.FromHours(24);
    public IReadOnlyList<WorkflowSchedule> Schedules { get; init; } = [];

    /// <summary>JSON text of an input that shows what the workflow is for.</summary>
    public string? Example { get; init; }
    public string? Folder { get; init; }

    /// <summary>The definition as JSON, as it was read.</summary>
    public required string Json { get; init; }
}

/// <summary>What a step does.</summary>
public enum StepKind
{
    Agent,
    Command,

    /// <summary>Waits for somebody to approve.</summary>
    Approval,
}

/// <summary>An agent or a command with its input.</summary>
/// <param name="Input">Null is the workflow's own input.</param>
public sealed record StepCall(ExecutionKind Kind, string Target, ValueTemplate? Input);

/// <summary>A step of a workflow.</summary>
public sealed record WorkflowStep
{
    /// <summary>1 to 64 of <c>a-z 0-9 _ -</c>.</summary>
    public required string Id { get; init; }
    public required StepKind Kind { get; init; }

    /// <summary>What runs; null for an approval.</summary>
    public StepCall? Call { get; init; }

    /// <summary>What is asked for; null for any other step.</summary>
    public StepApproval? Approval { get; init; }

    /// <summary>Steps that have to end before this one begins.</summary>
    public IReadOnlyList<string> Needs { get; init; } = [];

    /// <summary>Decides whether the step runs; without one it runs unless a step that it needs was skipped.</summary>
    public string? Condition { get; init; }

    /// <summary>How often it may be tried: 1 to 20; null leaves it to its agent or command.</summary>
    public int? MaxAttempts { get; init; }

    /// <summary>Limit of one attempt: 1 second to 24 hours; null leaves it to its agent or command.</summary>
    public TimeSpan? Timeout { get; init; }

    /// <summary>Whether the workflow goes on when the step fails.</summary>
    public bool ContinueOnFailure { get; init; }

    /// <summary>What undoes the completed step when the workflow fails later; null for nothing.</summary>
    public StepCall? Compensate { get; init; }
}

/// <summary>A decision of a person.</summary>
/// <param name="Message">What is to be decided; a template.</param>
/// <param name="Role">The least role that may decide: <c>user</c>, <c>operator</c> or <c>admin</c>.</param>
/// <param name="Timeout">When it counts as refused if nobody decides: 1 second to 30 days.</param>
public sealed record StepApproval(string Message, string Role, TimeSpan Timeout);

/// <summary>When a workflow starts by itself.</summary>
/// <param name="Cron">Unix cron: minute, hour, day of month, month, day of week.</param>
/// <param name="TimeZone">IANA name.</param>
/// <param name="Input">JSON text; null is the workflow's example.</param>
/// <param name="User">In whose name it runs, and on whose account.</param>
public sealed record WorkflowSchedule(string Cron, string TimeZone, string? Input, string User)
{
    /// <summary>How late a time that was missed may still be started, once a gateway runs again: 10 seconds to 8760 hours. Default 1 hour.</summary>
    public TimeSpan CatchupWindow { get; init; } = TimeSpan.FromHours(1);

    /// <summary>The first time after <paramref name="after"/>; null when there is none.</summary>
    public DateTimeOffset? Next(DateTimeOffset after) => Parse(Cron, TimeZone).GetNextValidTimeAfter(after);

    /// <exception cref="FormatException">The expression is no Unix cron expression.</exception>
    internal static Quartz.CronExpression Parse(string cron, string timeZone) =>
        new(Quartz.CronExpression.Parse(cron, Quartz.CronFormat.Unix).CronExpressionString, TimeZoneInfo.FindSystemTimeZoneById(timeZone));
}
