using OsMEN.Executions;
using OsMEN.Executions.Catalog;
using OsMEN.Llm;

namespace OsMEN.Gateway.Executions;

/// <summary>An execution as the API shows it.</summary>
internal sealed record ExecutionView(
    Guid Id,
    string Kind,
    string Target,
    Guid? ParentId,
    string? Step,
    string User,
    string Status,
    int Priority,
    RawJson Input,
    RawJson? Output,
    ErrorView? Error,
    int Attempt,
    int MaxAttempts,
    DateTimeOffset CreatedAt,
    DateTimeOffset RunAt,
    DateTimeOffset? StartedAt,
    DateTimeOffset? CompletedAt,
    double? DurationMs,
    string? Timeout,
    decimal? BudgetUsd,
    RawJson? Metadata,
    string? Platform,
    string? Model,
    TokensView Tokens,
    decimal CostUsd,
    string? Worker,
    string? TraceId,
    string? RequestId)
{
    public static ExecutionView Of(Execution e) => new(
        e.Id,
        e.Kind.ToWire(),
        e.Target,
        e.ParentId,
        e.Step,
        e.User,
        e.Status.ToWire(),
        e.Priority,
        new RawJson(e.Input),
        RawJson.From(e.Output),
        e.Error is { } error ? new ErrorView(error.Type, error.Message) : null,
        e.Attempt,
        e.MaxAttempts,
        e.CreatedAt,
        e.RunAt,
        e.StartedAt,
        e.CompletedAt,
        e.Duration is { } duration ? Math.Round(duration.TotalMilliseconds, 3) : null,
        e.Timeout is { } timeout ? DurationText.Format(timeout) : null,
        e.BudgetUsd is { } budget ? Dollars(budget) : null,
        RawJson.From(e.Metadata),
        e.Platform,
        e.Model,
        TokensView.Of(e.Tokens),
        Dollars(e.CostUsd),
        e.Worker,
        e.TraceId,
        e.RequestId);

    /// <summary>Without the zeros at the end that a database's scale adds.</summary>
    public static decimal Dollars(decimal value) => value / 1.0000000000000000000000000000m;
}

internal sealed record ErrorView(string Type, string Message);

internal sealed record TokensView(long Input, long Output, long CachedInput, long CacheWrite, long Reasoning)
{
    public static TokensView Of(TokenUsage t) => new(t.Input, t.Output, t.CachedInput, t.CacheWrite, t.Reasoning);
}

/// <summary>One page of a list; the cursor of the next is absent at the end.</summary>
internal sealed record Page<T>(IReadOnlyList<T> Items, string? NextCursor);
