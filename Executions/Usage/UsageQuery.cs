using OsMEN.Llm;

namespace OsMEN.Executions.Usage;

/// <summary>What usage is summed by.</summary>
public enum UsageGroup
{
    /// <summary>Targets: agents, and commands and workflows that called models themselves.</summary>
    Agent,
    User,

    /// <summary><c>platform/model</c>, as the provider named the model.</summary>
    Model,
    Platform,

    /// <summary>Days of UTC, <c>yyyy-MM-dd</c>.</summary>
    Day,
}

/// <summary>A question for usage: what was asked for, and what was called, from <see cref="Since"/> to before <see cref="Until"/>.</summary>
public sealed record UsageQuery
{
    public required UsageGroup By { get; init; }
    public required DateTimeOffset Since { get; init; }
    public required DateTimeOffset Until { get; init; }

    /// <summary>Only what this user asked for.</summary>
    public string? User { get; init; }

    /// <summary>Only groups after this one, in the order of their bytes.</summary>
    public string? After { get; init; }

    /// <summary>Most rows.</summary>
    public int Limit { get; init; } = 1000;
}

/// <summary>The usage of one group.</summary>
/// <param name="Executions">By agent, user or day: accepted in that time. By model or platform: those that called it.</param>
/// <param name="Tokens">Of the calls in that time, failed and repeated ones too.</param>
/// <param name="CostUsd">Of the calls that have a price.</param>
/// <param name="UnpricedTokens">Input and output of the calls that have none.</param>
/// <param name="EstimatedTokens">Input and output that no provider told.</param>
/// <param name="RevenueUsd">What its completed executions were charged; null by model and platform, and where nothing had a price.</param>
public sealed record UsageRow(
    string Group, long Executions, TokenUsage Tokens, decimal CostUsd, long UnpricedTokens, long EstimatedTokens, decimal? RevenueUsd);
